"""The parts of a walk: seeds, bounded edges, steps that lose nothing but what was not read, shares that add up."""

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from lightrag_integrations.models import Document
from lightrag_integrations.options import QueryOptions, WalkOptions
from lightrag_integrations.retrieve.bm25 import read_bm25
from lightrag_integrations.retrieve.neighbourhood import Neighbourhood, Node, explore, propagate, vector_of
from lightrag_integrations.retrieve.reached import Reached
from lightrag_integrations.retrieve.relevance import Relevance
from lightrag_integrations.retrieve.seeds import chunk_seeds, fact_seeds, name_seeds
from lightrag_integrations.retrieve.walk import rank_by_walk
from tests.unit.retrieve.making import question, reader

READER = reader(
    Document(id="d1", title="Fram", text="The Fram was designed by Colin Archer. Roald Amundsen sailed in the Fram."),
    Document(id="d2", title="Colin Archer", text="Colin Archer came from Larvik. Larvik lies in Norway."),
    Document(id="d3", title="New York", text="York House stands in New York, far from Larvik and from Norway."),
    Document(id="d4", title="York", text="York lies in England, as Norway House does."),
    Document(id="d5", title="前进号", text="前进号由《科林·阿彻》设计。"),
)
MASSES = st.lists(st.floats(0, 1), min_size=8, max_size=8)


def named(text: str) -> set[str]:
    found = asyncio.run(name_seeds(question(text), READER))
    rows = asyncio.run(READER.entities(list(found)))
    return {row.key for row in rows.values()}


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Who built Colin Archer's Fram?", {"colin archer", "fram"}),
        ("Is New York larger?", {"new york"}),
        ("Is New York larger than York?", {"new york", "york"}),
        ("Is New York in Yorkshire?", {"new york"}),
        ("who sailed in the FRAM", {"fram"}),
        ("Framing and programs", set()),
        ("前进号在哪里？", {"前进号"}),
    ],
)
def test_the_longest_names_of_a_question(text: str, keys: set[str]) -> None:
    assert named(text) == keys


def test_rare_names_weigh_more() -> None:
    found = asyncio.run(name_seeds(question("Fram and Larvik"), READER))
    keys = {key: entity for key, (entity, _) in asyncio.run(READER.named(["fram", "larvik"])).items()}
    assert found == {keys["fram"]: 1.0, keys["larvik"]: pytest.approx(2**-0.5)}


def test_facts_of_one_statement_stand_together() -> None:
    async def seeds() -> tuple[dict[int, float], tuple[int, ...]]:
        asked = question("What stands in New York far from Norway?")
        bm25 = await read_bm25(READER, asked.terms)
        listed = list(zip(bm25.ids.tolist(), bm25.scores().tolist(), strict=True))
        return await fact_seeds(asked, READER, bm25, listed)

    ends, facts = asyncio.run(seeds())
    told = asyncio.run(READER.facts(facts))
    statements = list(dict.fromkeys(fact.view.description for fact in told.values()))
    assert len(statements) == 2
    assert statements[0].startswith("York House stands")
    assert len(facts) > 2  # every pair of its names is a fact
    assert set(ends) == {end for fact in told.values() for end in (fact.source, fact.target)}


def test_the_prior_is_sharp_and_split_by_what_made_it() -> None:
    seeds = chunk_seeds([(1, 4.0), (2, 2.0)], [(2, 0.9), (3, 0.45)])
    total = {chunk: seeds.keyword.get(chunk, 0.0) + seeds.vector.get(chunk, 0.0) for chunk in (1, 2, 3)}
    assert total == {1: pytest.approx(0.5**8), 2: pytest.approx(0.75**8), 3: pytest.approx(0.25**8)}
    assert seeds.vector[2] == pytest.approx(2 * seeds.keyword[2])
    alone = chunk_seeds([(1, 4.0), (2, 2.0)], [])
    assert (alone.keyword, alone.vector) == ({1: 1.0, 2: pytest.approx(0.5**8)}, {})


def grown(**options: int) -> Neighbourhood:
    restart: dict[Node, float] = {("chunk", 1): 0.5, ("entity", 1): 0.5}
    hood = Neighbourhood(restart)
    relevance = Relevance(np.array([1, 2]), np.array([2.0, 1.0]))
    walk = WalkOptions(**options)
    asyncio.run(explore(hood, restart, READER, relevance=relevance, options=walk, vector=None))
    return hood


@pytest.mark.parametrize(("rounds", "nodes", "edges"), [(1, 1, 1), (2, 3, 2), (3, 100, 30)])
def test_steps_lose_only_what_was_not_read(rounds: int, nodes: int, edges: int) -> None:
    hood = grown(rounds=rounds, nodes_per_round=nodes, edges_per_node=edges)
    sums = hood.transition(Relevance(np.array([1]), np.array([1.0]))).sum(axis=0)
    assert (sums > 0).all()
    assert (sums <= 1 + 1e-12).all()
    if edges == 30:
        assert sums == pytest.approx(1.0)
    assert hood.edges <= rounds * nodes * 2 * edges


@given(one=MASSES, other=MASSES, damping=st.floats(0.05, 0.95), steps=st.integers(0, 25))
def test_the_walk_is_linear_in_its_start(one: list[float], other: list[float], damping: float, steps: int) -> None:
    hood = grown()
    transition = hood.transition(Relevance(np.array([1]), np.array([1.0])))
    start = np.zeros((len(hood.ids), 2))
    start[:8] = np.column_stack([one, other])
    apart = propagate(transition, start, damping=damping, steps=steps)
    together = propagate(transition, start.sum(axis=1, keepdims=True), damping=damping, steps=steps)
    assert apart.sum(axis=1) == pytest.approx(together[:, 0])
    assert together.sum() == pytest.approx(start.sum())


def test_a_vector_over_the_nodes() -> None:
    assert vector_of({("entity", 5): 0.5}, Neighbourhood([("chunk", 5), ("entity", 5)])).tolist() == [0.0, 0.5]


@pytest.mark.parametrize("mode", ["graph", "mix"])
def test_chunks_start_a_walk_in_mix_only(mode: str) -> None:
    asked = question("Who designed the Fram of Roald Amundsen?")
    ranking = asyncio.run(rank_by_walk(asked, READER, QueryOptions(mode=mode)))
    signals = {signal for found in ranking.chunks.values() for signal in found.parts}
    assert ("keyword" in signals) is (mode == "mix")
    assert {"name", "fact"} <= signals
    assert bool(ranking.pinned) is (mode == "mix")


def test_without_names_and_facts_chunks_start_even_graph() -> None:
    ranking = asyncio.run(rank_by_walk(question("stands far"), READER, QueryOptions(mode="graph")))
    assert ranking.chunks
    nothing = asyncio.run(rank_by_walk(question("qwertz"), READER, QueryOptions(mode="graph")))
    assert not nothing.chunks


def test_a_chunk_that_only_the_bridge_found_names_the_entities_beside_it() -> None:
    ids, is_chunk = np.array([7, 3, 9]), np.array([False, True, True])
    transition = csr_array((np.array([1.0, 1.0]), (np.array([1, 2]), np.array([0, 0]))), shape=(3, 3))
    mass = np.array([[0.5, 0, 0, 0], [0.25, 0, 0, 0], [0.0, 0, 0, 0]])  # a walk too short to come to chunk 9
    reached = Reached(ids, is_chunk, transition, mass, mass)
    found = reached.found({9: (0.1, 3), 4: (0.05, 3)}, wanted=5, pinned=[])
    assert {chunk: (item.entities, dict(item.parts)) for chunk, item in found.items()} == {
        3: ((7,), {"keyword": 0.5}),
        9: ((7,), {"bridge": 0.1}),
        4: ((), {"bridge": 0.05}),
    }
    assert reached.scores == reached.best(5) == {3: 0.5}
