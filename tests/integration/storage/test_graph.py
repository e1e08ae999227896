"""Edges, links, entities and facts of a graph small enough to know by heart."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from lightrag_integrations.contributions import Fact, Mention
from lightrag_integrations.reader import Reader
from lightrag_integrations.store import Store
from tests.integration.storage.making import chunk, document, listed, put


@dataclass
class Graph:
    reader: Reader
    chunk: dict[str, int]
    entity: dict[str, int]

    def chunk_name(self, surrogate: int) -> str:
        return {value: key for key, value in self.chunk.items()}[surrogate]

    def entity_name(self, surrogate: int) -> str:
        return {value: key for key, value in self.entity.items()}[surrogate]


@pytest.fixture
async def graph(store: Store) -> AsyncIterator[Graph]:
    """Two pages about Ada, one each about Bab and Lon; Hub is in all of them, Rare in two."""
    told = Fact("ada", "bab", "Ada met Bab", ("met", "friend"), 2.0, start=3, end=9)
    await put(
        store,
        document(
            "d1",
            chunk("ada1", "x", title="Ada", names=["Ada", "Bab", "Hub", "Rare"], facts=[told, ("Hub", "Ada", 0.5)]),
            chunk("ada2", "x", title="Ada", position=1, names=["Ada", "Lon", "Hub"], facts=[("Lon", "Ada", 3.0)]),
        ),
        document("d0", chunk("bab", "x", title="Bab", names=["Bab", "Ada", "Hub"], facts=[("Bab", "Ada", 2.0)])),
        document("d2", chunk("lon", "x", title="Lon", names=["Lon", "Hub", "Rare"], facts=[("Hub", "Lon", 1.0)])),
    )
    async with store.snapshot() as reader:
        chunks = {row.chunk_id: row.id for row in await reader.all_chunks()}
        entities = {
            key: entity for key, (entity, _) in (await reader.named(["ada", "bab", "lon", "hub", "rare"])).items()
        }
        yield Graph(reader, chunks, entities)


async def test_names_count_their_chunks(graph: Graph) -> None:
    named = await graph.reader.named(["ada", "hub", "nobody", "Ada"])
    assert {key: mentions for key, (_, mentions) in named.items()} == {"ada": 3, "hub": 4}


async def test_edges_are_the_heaviest_and_totals_are_of_all(graph: Graph) -> None:
    entities = [graph.entity["ada"], graph.entity["hub"]]
    whole = await graph.reader.edges(entities=entities, chunks=[graph.chunk["lon"]], limit=10)
    assert {(graph.entity_name(e), graph.chunk_name(c)): w for e, c, w in listed(whole.mentions)} == {
        ("ada", "ada1"): 2.0, ("ada", "ada2"): 2.0, ("ada", "bab"): 1.0,
        ("hub", "ada1"): 1.0, ("hub", "ada2"): 1.0, ("hub", "bab"): 1.0, ("hub", "lon"): 1.0,
        ("lon", "lon"): 2.0, ("rare", "lon"): 1.0,
    }  # fmt: skip
    assert sorted({(graph.entity_name(a), graph.entity_name(b), w) for a, b, w, _ in listed(whole.facts)}) == [
        ("ada", "bab", 2.0), ("bab", "ada", 2.0), ("hub", "ada", 0.5), ("hub", "lon", 1.0), ("lon", "ada", 3.0),
    ]  # fmt: skip
    assert {graph.entity_name(e): total for e, total in whole.entity_totals.items()} == {"ada": 12.5, "hub": 5.5}
    assert whole.chunk_totals == {graph.chunk["lon"]: 4.0}
    few = await graph.reader.edges(entities=[graph.entity["ada"]], chunks=[], limit=2)
    assert {graph.chunk_name(c) for _, c, _ in listed(few.mentions)} == {"ada1", "ada2"}
    assert few.facts.weights.tolist() == [3.0, 2.0]
    assert few.entity_totals == {graph.entity["ada"]: 12.5}


async def test_title_links_lead_to_pages_of_what_is_mentioned(graph: Graph) -> None:
    given = [graph.chunk["ada1"], graph.chunk["bab"], graph.chunk["lon"]]
    links = await graph.reader.links(given, limit=5, shared_by=20)
    assert [(graph.chunk_name(p), graph.chunk_name(q), weight) for p, q, weight in links] == [
        ("ada1", "bab", 1.0), ("bab", "ada1", 1.0), ("bab", "ada2", 1.0),
    ]  # fmt: skip
    assert len(await graph.reader.links(given, limit=1, shared_by=20)) == 2


async def test_chunks_without_a_title_are_linked_by_rare_names_that_are_no_titles(store: Store) -> None:
    names = {"one": ["Ada", "Hub", "Rare"], "two": ["Hub", "Rare"], "three": ["Hub", "Ada"], "four": ["Hub"]}
    await put(store, *(document(name, chunk(name, "x", title="", names=held)) for name, held in names.items()))
    await put(store, document("page", chunk("page", "x", title="Ada", names=["Ada", "Hub"])))
    async with store.snapshot() as reader:
        ids = {row.chunk_id: row.id for row in await reader.all_chunks()}
        names_of = {surrogate: name for name, surrogate in ids.items()}

        async def links(shared_by: int, limit: int = 5) -> list[tuple[str, str, float]]:
            found = await reader.links([ids["two"], ids["one"], ids["page"]], limit=limit, shared_by=shared_by)
            return [(names_of[p], names_of[q], round(weight, 6)) for p, q, weight in found]

        rare = round(2**-0.5, 6)
        assert await links(2) == [("two", "one", rare), ("one", "page", 1.0), ("one", "two", rare)]
        with_ada = [("one", "page", 1.0), ("one", "two", rare), ("one", "three", round(3**-0.5, 6))]
        assert await links(3) == [("two", "one", rare), *with_ada]
        assert await links(3, limit=1) == [("two", "one", rare), *with_ada[:2]]
        hub = round(5**-0.5, 6)
        assert ("two", "four", hub) in await links(5)


async def test_facts_come_heaviest_first_then_in_reading_order(graph: Graph) -> None:
    facts = await graph.reader.facts_of_entities([graph.entity["ada"], graph.entity["rare"]], 3)
    assert [fact.view.description for fact in facts] == ["Lon Ada", "Bab Ada", "Ada met Bab"]
    view = facts[2].view
    assert (view.source, view.target, view.keywords, view.weight) == ("Ada", "Bab", ("met", "friend"), 2.0)
    assert (view.chunk_id, view.document_id, view.start, view.end) == ("ada1", "d1", 3, 9)
    assert (facts[0].view.start, facts[0].view.end) == (100, 101)
    between = await graph.reader.facts_between([(graph.entity["bab"], graph.entity["ada"])], 5)
    assert [fact.view.description for fact in between] == ["Bab Ada", "Ada met Bab"]
    told = await graph.reader.statements([graph.chunk["lon"], graph.chunk["ada1"]], 5)
    assert [one[4] for one in told] == ["Hub Lon", "Ada met Bab", "Hub Ada"]
    stored = await graph.reader.facts([one[0] for one in told])
    assert told == [
        (fact.id, fact.source, fact.target, fact.chunk, fact.view.description)
        for fact in (stored[one[0]] for one in told)
    ]
    assert len(await graph.reader.statements([graph.chunk["ada1"]], 1)) == 1
    assert (await graph.reader.facts([facts[0].id, -1])) == {facts[0].id: facts[0]}


async def test_entities_are_composed_from_their_mentions(store: Store) -> None:
    surfaces = [("d2", "NASA", "agency", "first"), ("d0", "Nasa", "org", ""), ("d1", "NASA", "org", "second"),
                ("d3", "Nasa", "", "first")]  # fmt: skip
    for name, surface, kind, description in surfaces:
        one = chunk(name, "x", names=["Moon"], facts=[])
        mention = Mention("nasa", surface, kind, description)
        facts = [Fact("nasa", "moon"), Fact("moon", "nasa"), Fact("nasa", "nasa")]
        one = replace(one, mentions=[*one.mentions, mention], facts=facts)
        await put(store, document(name, one))
    async with store.snapshot() as reader:
        (entity, _) = (await reader.named(["nasa"]))["nasa"]
        row = (await reader.entities([entity]))[entity]
    assert (row.key, row.name, row.type, row.description) == ("nasa", "NASA", "org", "second\nfirst")
    assert (row.degree, row.mentions, row.document_ids) == (1, 4, ("d0", "d1", "d2", "d3"))


async def test_mentions_are_listed_both_ways(graph: Graph) -> None:
    listed = await graph.reader.mentions_of_chunks([graph.chunk["lon"]])
    assert [(graph.entity_name(e), is_title) for _, e, is_title in listed] == [
        ("hub", False), ("lon", True), ("rare", False),
    ]  # fmt: skip
    placed = await graph.reader.mentions_of_entities([graph.entity["hub"]], 3)
    assert [graph.chunk_name(c) for _, c in placed] == ["bab", "ada1", "ada2"]


async def test_asking_for_nothing_gives_nothing(graph: Graph) -> None:
    empty = await graph.reader.edges(entities=[], chunks=[], limit=3)
    assert (listed(empty.mentions), listed(empty.facts), dict(empty.entity_totals)) == ([], [], {})
    assert await graph.reader.chunks([]) == await graph.reader.entities([]) == await graph.reader.facts([]) == {}
    assert await graph.reader.facts_between([], 3) == await graph.reader.links([], limit=3, shared_by=3) == []
