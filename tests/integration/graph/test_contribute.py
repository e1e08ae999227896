"""What is added to stored chunks: in one transaction, merged with what they tell, gone with them."""

import asyncio
import json
from typing import Any

import psycopg
import pytest

from lightrag_integrations import (
    Chunk,
    ChunkEntity,
    ChunkGraph,
    ChunkLink,
    ChunkRelation,
    Document,
    InputError,
    LightRAGIndex,
    TripleView,
)
from tests.integration.handle.conftest import MakeIndex

FRAM = Document(id="fram", text="The Fram was designed by Colin Archer in Larvik.")
ADDED = ChunkGraph(
    entities=[ChunkEntity(name="Colin Archer", type="person", description="A shipbuilder.", properties={"born": 1832})],
    relations=[
        ChunkRelation(
            source="Colin Archer", target="Fram", label="DESIGNED", keywords=["designed"],
            description="Colin Archer designed the Fram.", properties={"year": 1892},
        ),
    ],
    links=[ChunkLink(source="fram#0", target="fram", label="SOURCE", properties={"n": 1})],
)  # fmt: skip


def designed(index: LightRAGIndex) -> list[TripleView]:
    return index.graph.triples(["Colin Archer"], labels=["DESIGNED"])


def test_a_stored_chunk_tells_more_and_withdraws_it_when_it_goes(make_index: MakeIndex) -> None:
    index = make_index()
    index.ingest([FRAM])
    before = index.dump()
    assert index.graph.contribute({"fram#0": ADDED}) == 1
    told = index.dump()
    assert index.graph.contribute({"fram#0": ADDED}) == 0, "what is there is not written again"
    assert index.ingest([FRAM]).unchanged == 1 and index.dump() == told, "an unchanged document keeps what was added"
    (archer,) = index.graph.nodes(["colin archer"])
    assert (archer.type, archer.description, archer.properties) == ("person", "A shipbuilder.", {"born": 1832})
    (triple,) = designed(index)
    assert (triple.properties, triple.chunk_ids) == ({"year": 1892}, ("fram#0",))
    assert [link.label for link in index.graph.triples(["fram#0"])] == ["SOURCE"]
    assert index.graph.relation("Colin Archer", "Fram").weight == 2  # type: ignore[union-attr]
    assert index.verify() == []

    more = ChunkGraph(
        entities=[
            ChunkEntity(name="Colin  Archer", type="x", description="Of Larvik.", properties={"born": 1, "a": [1]})
        ],
        relations=[ADDED.relations[0].model_copy(update={"properties": {"place": "Larvik"}})],
    )
    assert index.graph.contribute({"fram#0": more}) == 1
    (archer,) = index.graph.nodes(["Colin Archer"])
    assert (archer.type, archer.description) == ("person", "A shipbuilder.\nOf Larvik.")
    assert archer.properties == {"born": 1, "a": [1]}, "what was noted last goes before"
    assert designed(index)[0].properties == {"year": 1892, "place": "Larvik"}

    assert index.graph.withdraw(triples=[("Colin Archer", "DESIGNED", "Fram"), ("fram#0", "SOURCE", "fram")]) == 1
    assert designed(index) == index.graph.triples(["fram#0"]) == []
    index.ingest([FRAM.model_copy(update={"text": FRAM.text + " Yes."})])
    assert index.graph.nodes(["Colin Archer"])[0].properties is None
    index.ingest([FRAM])
    assert index.dump() == before, "nothing of it is left"
    index.documents.delete(["fram"])
    assert index.graph.nodes() == [] and index.verify() == []


def test_what_a_chunk_tells_before_it_is_there_waits_for_it(make_index: MakeIndex) -> None:
    index = make_index()
    early = {
        "late": ADDED,
        "": ChunkGraph(
            entities=[ChunkEntity(name="Nansen", properties={"k": 1}), ChunkEntity(name="Nansen", properties={"l": 2})]
        ),
    }
    assert index.graph.contribute(early) == 4
    (nansen,) = index.graph.nodes(["Nansen"])
    assert (nansen.properties, nansen.chunk_ids) == ({"k": 1, "l": 2}, ())
    assert designed(index)[0].properties == {"year": 1892}
    chunk = Chunk(id="late", document_id="doc", text="Archer designed her.", metadata={"m": 1})
    made = Document(id="doc", chunks=(chunk,))
    assert index.graph.contribute({}, documents=[made]) == 1
    assert designed(index)[0].chunk_ids == ("late",)
    assert [one.id for one in index.documents.list() if not one.id.startswith("by-hand:entity:")] == ["doc"]
    assert index.graph.entity("Colin Archer").document_ids == ("doc",)  # type: ignore[union-attr]
    changed = made.model_copy(update={"chunks": (chunk.model_copy(update={"text": "Another text."}),)})
    assert index.graph.contribute({}, documents=[changed]) == 1, "a chunk with another text goes on telling"
    assert designed(index)[0].chunk_ids == ("late",) and index.graph.contribute({}, documents=[changed]) == 0
    assert index.retrieve("another", mode="keyword", k=1).hits[0].chunk_id == "late"
    assert index.graph.withdraw(["Nansen"]) == 1 and index.graph.nodes(["Nansen"]) == []
    assert index.verify() == []


async def test_nothing_is_lost_when_many_add_to_one_chunk(make_index: MakeIndex) -> None:
    index, other = make_index("many"), make_index("many")
    await index.aingest([FRAM])
    names = [f"Sailor {number}" for number in range(8)]

    async def add(handle: LightRAGIndex, name: str) -> None:
        graph = ChunkGraph(entities=[ChunkEntity(name=name, properties={"name": name})])
        await handle.graph.acontribute({"fram#0": graph, "": graph, "unknown": graph})

    await asyncio.gather(*(add((index, other)[place % 2], name) for place, name in enumerate(names)))
    nodes = await index.graph.anodes(names)
    assert [(node.properties, node.chunk_ids) for node in nodes] == [({"name": name}, ("fram#0",)) for name in names]
    assert await index.averify() == []


def test_edits_hold_for_what_is_added_and_unmerge_brings_it_back(make_index: MakeIndex) -> None:
    index = make_index()
    index.ingest([FRAM])
    index.graph.merge("Archer", into="Colin Archer")
    index.graph.hide(relations=[("Colin Archer", "Fram")])
    graph = ChunkGraph(entities=[ChunkEntity(name="Archer", description="Same.", properties={"alias": True})])
    index.graph.contribute({"fram#0": graph})
    index.graph.contribute({"fram#0": ADDED})
    (archer,) = index.graph.nodes(["Archer"])
    assert archer.name == "Colin Archer" and archer.properties == {"alias": True, "born": 1832}
    assert index.graph.nodes(noting={"alias": True}) == [archer] and designed(index) == []
    index.graph.unmerge("Archer")
    index.graph.unhide(relations=[("Colin Archer", "Fram")])
    assert index.graph.nodes(["Archer"])[0].properties == {"alias": True} and len(designed(index)) == 1
    copy = make_index()
    copy.ingest([FRAM])
    copy.graph.contribute({"fram#0": ADDED})
    copy.graph.contribute({"fram#0": graph})
    assert copy.dump() == index.dump(), "the order does not matter"
    again = make_index()
    again.graph.load(json.loads(index.graph.export().text))
    assert again.graph.export().text == index.graph.export().text, "notes go out and come in"


@pytest.mark.parametrize(
    "graph",
    [
        {"entities": [{"name": "X", "properties": {"when": {1, 2}}}]},
        {"relations": [{"source": "X", "target": "the x"}]},
        {"entities": [{"name": "X", "embedding": [1.0, 2.0]}]},
        {"links": [{"source": "a\0", "target": "b", "label": "L"}]},
        {"links": [{"source": "a", "target": "", "label": "L"}]},
    ],
)
def test_what_is_bad_is_refused_whole(make_index: MakeIndex, graph: dict[str, Any]) -> None:
    index = make_index()
    index.ingest([FRAM])
    index.embed(["x"])
    before = index.dump()
    with pytest.raises(InputError):
        index.graph.contribute({"": ADDED, "fram#0": ChunkGraph.model_validate(graph)})
    assert index.dump() == before


def test_notes_that_lost_what_they_are_about_are_told_and_removed(make_index: MakeIndex, dsn: str) -> None:
    index = make_index()
    index.ingest([FRAM])
    index.graph.contribute({"fram#0": ADDED})
    before = index.dump()
    with psycopg.connect(dsn, autocommit=True) as connection:
        schema = index.status().schema_name
        connection.execute(
            f"INSERT INTO {schema}.note SELECT chunk, 77, source, target, label, properties FROM {schema}.note "
            f"UNION ALL SELECT chunk, NULL, 'nobody', '', '', '{{}}' FROM {schema}.note"
        )
    (problem,) = index.verify()
    assert problem.startswith("notes of chunks, mentions or facts that are gone: 1 (fram#0)")
    assert "chunks with notes of what is gone, removed: 1 (fram#0)" in index.repair().mended
    assert index.verify() == [] and index.dump() == before


def test_what_is_asked_for_holds_together(make_index: MakeIndex) -> None:
    index = make_index()
    index.ingest([FRAM, Document(id="other", text="Roald Amundsen sailed.")])
    index.graph.contribute({"fram#0": ADDED})
    assert [node.name for node in index.graph.nodes(["Fram", "Colin Archer"], noting={"born": 1832})] == [
        "Colin Archer"
    ]
    assert index.graph.nodes(["Colin Archer"], chunk_ids=["other#0"]) == []
    assert [one.label for one in index.graph.triples(["Fram"], noting={"year": 1892})] == ["DESIGNED"]
    assert index.graph.triples(["Fram"], noting={"year": 1}) == []
    assert index.graph.triples(labels=["DESIGNED"], noting={"year": 1}) == []


def test_what_is_hidden_can_be_withdrawn(make_index: MakeIndex) -> None:
    index = make_index()
    index.ingest([FRAM])
    index.graph.contribute({"fram#0": ADDED})
    index.graph.hide("Colin Archer")
    assert index.graph.withdraw(triples=[("Colin Archer", "DESIGNED", "Fram")]) == 1
    assert index.graph.withdraw(["Colin Archer"]) == 1
    index.graph.unhide("Colin Archer")
    assert index.graph.nodes(["Colin Archer"]) == [] and index.verify() == []
