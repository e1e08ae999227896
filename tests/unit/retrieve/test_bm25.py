"""BM25 over postings against rank-bm25, and the cut of its list."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rank_bm25 import BM25Okapi

from lightrag_integrations.retrieve.bm25 import Bm25, best, read_bm25
from lightrag_integrations.rows import Posting

WORDS = st.integers(0, 12)
CORPUS = st.lists(st.lists(WORDS, max_size=20), min_size=1, max_size=15).filter(lambda corpus: any(corpus))


class Reference(BM25Okapi):
    """Stock Okapi but for the idf, which can be zero or negative there."""

    def _calc_idf(self, nd: Mapping[int, int]) -> None:
        self.idf = {term: math.log1p((self.corpus_size - df + 0.5) / (df + 0.5)) for term, df in nd.items()}


def read(corpus: Sequence[Sequence[int]], terms: Sequence[int], *, spread: int = 1) -> Bm25:
    """As `read_bm25` reads it; chunk ids lie `spread` apart."""
    held: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for place, words in enumerate(corpus):
        for term, count in Counter(words).items():
            held[term].append((place * spread + 7, count, len(words)))
    postings = [
        Posting(term, *(np.array(column, np.int64) for column in zip(*held[term], strict=True)))
        for term in dict.fromkeys(terms)
        if term in held
    ]
    total = sum(map(len, corpus))
    return Bm25(postings, chunks=len(corpus), total_length=total, counts=Counter(terms))


@given(corpus=CORPUS, asked=st.lists(WORDS, max_size=8), spread=st.sampled_from([1, 3, 1000]))
def test_the_same_scores_as_rank_bm25(corpus: list[list[int]], asked: list[int], spread: int) -> None:
    expected = Reference(corpus).get_scores(asked)
    bm25 = read(corpus, asked, spread=spread)
    scores = dict(zip(bm25.ids.tolist(), bm25.scores().tolist(), strict=True))
    assert list(scores) == sorted(scores)
    for place, score in enumerate(expected):
        assert scores.get(place * spread + 7, 0.0) == pytest.approx(score, abs=1e-9)


@given(corpus=CORPUS, asked=st.lists(WORDS, max_size=8))
def test_which_words_a_chunk_holds(corpus: list[list[int]], asked: list[int]) -> None:
    held = read(corpus, asked).holding(range(7, 7 + len(corpus)))
    assert held == {place + 7: frozenset(words) & frozenset(asked) for place, words in enumerate(corpus)}


@given(
    scores=st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0]), max_size=30),
    limit=st.integers(0, 40),
    ties=st.integers(0, 9),
)
def test_the_best_and_what_ties_with_the_last(scores: list[float], limit: int, ties: int) -> None:
    found = best(np.arange(len(scores)), np.array(scores), limit, ties=ties)
    expected = sorted(((chunk, score) for chunk, score in enumerate(scores) if score > 0), key=lambda p: (-p[1], p[0]))
    last = expected[limit - 1][1] if 0 < limit <= len(expected) else None
    extra = [pair for pair in expected[limit:] if pair[1] == last][:ties]
    assert found == expected[:limit] + extra


def test_nothing_to_find() -> None:
    bm25 = Bm25([], chunks=0, total_length=0)
    assert best(bm25.ids, bm25.scores(), 5) == []
    assert bm25.holding([3]) == {3: frozenset()}


FREQUENCIES = {1: 6000, 2: 30}


class Large:
    """A reader of an index of these frequencies."""

    async def corpus(self) -> tuple[int, int]:
        return 20000, 100000

    async def postings(self, terms: Sequence[int], *, most: int | None = None) -> list[Posting]:
        kept = [term for term in terms if most is None or FREQUENCIES[term] <= most]
        lists = [np.arange(FREQUENCIES[term]) for term in kept]
        return [Posting(term, ids, np.ones_like(ids), np.ones_like(ids)) for term, ids in zip(kept, lists, strict=True)]


async def test_common_terms_of_a_large_index_are_left_out_unless_the_question_has_no_others() -> None:
    reader: Any = Large()
    assert set((await read_bm25(reader, {1: 1, 2: 1})).idf) == {1, 2}
    assert set((await read_bm25(reader, {1: 1, 2: 1}, common=False)).idf) == {2}
    assert set((await read_bm25(reader, {1: 1}, common=False)).idf) == {1}
