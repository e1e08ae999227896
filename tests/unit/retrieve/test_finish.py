"""From a ranking to exactly k chunks: doubles last, pins within the first five, scores that agree with the order."""

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightrag_integrations.models import Document
from lightrag_integrations.options import QueryOptions, WalkOptions
from lightrag_integrations.retrieve.finish import finish
from lightrag_integrations.retrieve.ranking import Found, Ranking
from lightrag_integrations.rows import ChunkRow
from tests.unit.retrieve.making import question, reader

KINDS = ("red", "green", "blue")
READER = reader(*(Document(id=f"d{n:02}", text=f"A {KINDS[n % 3]} text{n if n >= 9 else ''}.") for n in range(16)))
"""Chunks 1 to 9 hold three texts, thrice each; the other seven are all different."""


def finished(ranking: Ranking, *, guard: int = 2, **options: object) -> list[tuple[ChunkRow, Found]]:
    chosen = QueryOptions(**{"mode": "mix", "walk": WalkOptions(guard=guard), **options})
    return asyncio.run(finish(ranking, question("violet"), READER, chosen))


def ranking(scores: dict[int, float], *pinned: int) -> Ranking:
    return Ranking({chunk: Found({"a": score / 4, "b": score * 3 / 4}) for chunk, score in scores.items()},
                   pinned=pinned)  # fmt: skip


def order(chosen: list[tuple[ChunkRow, Found]]) -> list[int]:
    return [row.id for row, _ in chosen]


@given(
    scores=st.dictionaries(st.integers(1, 16), st.sampled_from([0.1, 0.3, 0.3000001, 1.0, 7.0]) | st.floats(1e-9, 9)),
    guard=st.integers(0, 6),
    pinned=st.lists(st.integers(1, 16), unique=True, max_size=7),
    k=st.integers(1, 20),
    mode=st.sampled_from(["vector", "local", "graph", "mix"]),
)
def test_exactly_k_in_falling_order_with_parts_that_add_up(
    scores: dict[int, float], guard: int, pinned: list[int], k: int, mode: str
) -> None:
    chosen = finished(ranking(scores, *pinned), k=k, mode=mode, guard=guard)
    assert len(chosen) == min(k, 16)
    assert len(set(order(chosen))) == len(chosen)
    assert all(one.score >= other.score for (_, one), (_, other) in itertools.pairwise(chosen))
    for _, found in chosen:
        assert sum(found.parts.values()) == pytest.approx(found.score, abs=1e-9)
        assert all(part >= 0 for part in found.parts.values())


@given(
    scores=st.dictionaries(st.integers(10, 16), st.floats(0.1, 9), min_size=1),
    pinned=st.lists(st.integers(10, 16), unique=True, max_size=7),
    guard=st.integers(0, 7),
)
def test_the_guard_keeps_its_chunks_within_the_first_five(
    scores: dict[int, float], pinned: list[int], guard: int
) -> None:
    plain = order(finished(ranking(scores), k=len(scores)))
    guarded = order(finished(ranking(scores, *pinned), k=len(scores), guard=guard))
    kept = [chunk for chunk in pinned if chunk in scores][: min(guard, 5)]
    assert set(kept) <= set(guarded[:5])
    assert sorted(guarded) == sorted(plain)
    others = [chunk for chunk in plain if chunk not in kept]
    assert [chunk for chunk in guarded if chunk not in kept] == others
    for chunk in kept:  # nobody is moved up who was in time
        if chunk in plain[:5]:
            assert guarded.index(chunk) <= plain.index(chunk)


def test_a_pinned_chunk_is_not_pushed_out_by_another_one() -> None:
    scores = {10 + place: 9.0 - place for place in range(7)}
    assert order(finished(ranking(scores, 14, 16), k=7)) == [10, 11, 12, 14, 16, 13, 15]


def test_doubles_come_last_and_count_where_k_needs_them() -> None:
    chosen = finished(ranking({1: 9.0, 4: 8.0, 2: 7.0, 7: 6.0, 12: 0.5}), k=5)
    assert order(chosen) == [1, 2, 12, 4, 7]
    assert [found.score for _, found in chosen] == [9.0, 7.0, 0.5, 0.5, 0.5]


def test_a_double_gives_its_pin_to_the_next() -> None:
    ranked = ranking({1: 9.0, 4: 8.0, 10: 5.0, 11: 4.0, 12: 3.0, 13: 2.0, 14: 1.0}, 1, 4, 14, 13)
    assert order(finished(ranked, k=7)) == [1, 10, 11, 12, 14, 13, 4]


def test_equal_scores_are_ordered_by_document() -> None:
    assert order(finished(ranking({14: 1.0, 3: 1.0, 11: 1.0}), k=3)) == [3, 11, 14]


def test_fillers_stay_below_negative_scores() -> None:
    scores = [found.score for _, found in finished(ranking({3: 0.5, 10: -0.25}), k=16, mode="vector")]
    assert scores[1] == -0.25
    assert scores == sorted(scores, reverse=True)


def test_keyword_is_not_filled_up() -> None:
    assert order(finished(ranking({3: 2.0}), k=9, mode="keyword")) == [3]


def test_reranking_takes_more_than_k() -> None:
    assert len(finished(ranking({3: 2.0}), k=2, rerank=True, rerank_candidates=7)) == 7
    assert len(finished(ranking({3: 2.0}), k=10**9)) == 16
