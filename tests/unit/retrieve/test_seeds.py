"""Where a walk starts: chunks, names, facts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightrag_integrations.models import Document
from lightrag_integrations.retrieve.bm25 import read_bm25
from lightrag_integrations.retrieve.seeds import chunk_seeds, fact_seeds, keyword_list, name_seeds, share
from tests.unit.retrieve.making import question, reader

FRAM = reader(
    Document(id="a", title="Fram", text="The Fram was built by Colin Archer. She lies in Oslo."),
    Document(id="b", title="Colin Archer", text="Colin Archer lived in Larvik. Everybody in Larvik knew Archer."),
    Document(id="c", title="Art", text="Art Deco is a style of art."),
    Document(id="d", title="拉尔维克", text="《拉尔维克》是一座城市。"),
)
SCORED = st.lists(
    st.tuples(st.integers(1, 40), st.floats(-1, 30)), unique_by=lambda pair: pair[0], max_size=30
).map(lambda pairs: sorted(pairs, key=lambda pair: -pair[1]))  # fmt: skip


async def names(asked: str) -> dict[str, float]:
    found = await name_seeds(question(asked), FRAM)
    rows = await FRAM.entities(list(found))
    return {rows[entity].key: weight for entity, weight in found.items()}


@given(keyword=SCORED, vector=SCORED)
def test_the_chunk_prior_is_a_sharpened_mean_split_by_what_made_it(
    keyword: list[tuple[int, float]], vector: list[tuple[int, float]]
) -> None:
    seeds = chunk_seeds(keyword, vector)
    lists = [dict(scored) for scored in (keyword, vector) if scored and scored[0][1] > 0]
    for chunk in {chunk for scores in lists for chunk in scores}:
        levels = [max(scores.get(chunk, 0.0), 0.0) / max(scores.values()) for scores in lists]
        mass = seeds.keyword.get(chunk, 0.0) + seeds.vector.get(chunk, 0.0)
        assert mass == pytest.approx((sum(levels) / len(lists)) ** 8, abs=1e-8)
    assert all(0 <= value <= 1 for value in (*seeds.keyword.values(), *seeds.vector.values()))


async def test_names_weigh_less_the_more_chunks_hold_them() -> None:
    found = await names("Did Colin Archer build the Fram?")
    assert found == {"colin archer": pytest.approx(1 / math.sqrt(2)), "fram": pytest.approx(1.0)}


async def test_a_longer_name_leaves_nothing_for_a_shorter_one_in_it() -> None:
    assert set(await names("What is Art Deco?")) == {"art deco"}
    assert set(await names("What is Art Deco, and what is art?")) == {"art deco", "art"}


async def test_a_part_of_a_word_is_no_name() -> None:
    assert set(await names("Is Art Deco for a party?")) == {"art deco"}
    assert set(await names("Is there a framework?")) == set()


async def test_names_between_characters_without_spaces() -> None:
    assert set(await names("谁在Larvik住过？")) == {"larvik"}
    assert set(await names("我住在拉尔维克吗？")) == {"拉尔维克"}


async def test_the_facts_of_the_best_statements_give_their_ends() -> None:
    asked = question("Who knew him in Larvik?")
    bm25 = await read_bm25(FRAM, asked.terms)
    listed = await keyword_list(bm25, bm25.scores(power=2), FRAM, 50)
    ends, facts = await fact_seeds(asked, FRAM, bm25, listed)
    rows = await FRAM.facts(facts)
    assert {rows[fact].view.description for fact in facts} == {
        "Colin Archer lived in Larvik.", "Everybody in Larvik knew Archer.",
    }  # fmt: skip
    assert set(ends) == {end for fact in facts for end in (rows[fact].source, rows[fact].target)}


async def test_without_a_word_in_common_there_is_no_fact() -> None:
    asked = question("qwertz")
    bm25 = await read_bm25(FRAM, asked.terms)
    assert await fact_seeds(asked, FRAM, bm25, await keyword_list(bm25, bm25.scores(), FRAM, 50)) == ({}, ())


async def test_equal_scores_are_listed_in_the_order_of_documents_and_cut_there() -> None:
    many = reader(*(Document(id=f"d{n:03}", text=f"Pilots {n}.") for n in range(60, 0, -1)))
    bm25 = await read_bm25(many, question("pilots").terms)
    listed = await keyword_list(bm25, bm25.scores(), many, 7)
    rows = await many.chunks([chunk for chunk, _ in listed])
    assert [rows[chunk].document_id for chunk, _ in listed] == [f"d{n:03}" for n in range(1, 8)]


@given(st.dictionaries(st.integers(), st.floats(0, 1e6)))
def test_shares_sum_to_one(values: dict[int, float]) -> None:
    shared = share(values)
    assert not shared or sum(shared.values()) == pytest.approx(1.0)
    assert bool(shared) == (sum(values.values()) > 0)
