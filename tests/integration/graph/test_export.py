"""Exports: everything visible and nothing else, the same bytes for the same content, read by others' programs."""

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any

import networkx
import pytest

from lightrag_integrations import (
    Chunk,
    ConnectOptions,
    Document,
    ExtractedEntity,
    ExtractedRelation,
    Extraction,
    InputError,
    LightRAGIndex,
)  # fmt: skip
from tests.integration.handle.conftest import MakeIndex

HIDDEN = "Quagmire"


def told() -> list[Document]:
    """Two tenants that speak of the same two entities; the hidden one says more."""
    shared = ExtractedRelation(source="Ada", target="Bab", keywords=["met"], description="Ada met Bab.", weight=2.5)
    secret = ExtractedRelation(source="Bab", target=HIDDEN, description=f"Bab fears {HIDDEN}.", weight=9)
    odd = ExtractedEntity(name='Ada, "the <first>" & only', type="person", description="a\x0bb é 漢")
    return [
        Document(
            id="open", title="Öffentlich", source="o.txt", metadata={"tenant": "a"},
            chunks=(
                Chunk(
                    id="c1", document_id="open", text="Ada met Bab.",
                    extraction=Extraction(
                        entities=[ExtractedEntity(name="Ada", type="person"), odd], relations=[shared]
                    ),
                ),
                Chunk(id="c2", document_id="open", text="Nothing here.", position=1, extraction=Extraction()),
                Chunk(
                    id="c3", document_id="open", text=f"{HIDDEN} again.", position=2, metadata={"tenant": "b"},
                    extraction=Extraction(entities=[ExtractedEntity(name="Ada", description=HIDDEN)]),
                ),
            ),
        ),
        Document(
            id="closed", title=HIDDEN, source=HIDDEN, metadata={"tenant": "b", "note": HIDDEN},
            chunks=(
                Chunk(
                    id="c4", document_id="closed", text=f"Bab fears {HIDDEN}.",
                    extraction=Extraction(
                        entities=[ExtractedEntity(name="BAB", type=HIDDEN), ExtractedEntity(name="ADA")],
                        relations=[secret, shared],
                    ),
                ),
            ),
        ),
    ]  # fmt: skip


@pytest.fixture
def index(make_index: MakeIndex) -> LightRAGIndex:
    made = make_index()
    made.ingest(told())
    return made


def by_name(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in rows}


def test_json_agrees_with_the_views(index: LightRAGIndex) -> None:
    graph = json.loads(index.graph.export().text)
    assert [row["id"] for row in graph["documents"]] == ["closed", "open"]
    assert [row["id"] for row in graph["chunks"]] == ["c4", "c1", "c2", "c3"]
    for row in graph["entities"]:
        view = index.graph.entity(row["name"])
        assert view is not None and view.model_dump(mode="json") == row
    for row in graph["relations"]:
        view_of = index.graph.relation(row["source"], row["target"])
        assert view_of is not None and view_of.weight == row["weight"]
        assert {fact.chunk_id for fact in view_of.facts} == {fact["chunk_id"] for fact in row["facts"]}
    assert len(graph["entities"]) == index.status().entities
    assert len(graph["relations"]) == index.status().relations


def test_a_filter_shows_only_what_is_visible(index: LightRAGIndex, make_index: MakeIndex) -> None:
    alone = make_index()
    document = told()[0]
    alone.ingest([document.model_copy(update={"chunks": (document.chunks or ())[:2]})])
    visible = {"tenant": "a"}
    for form in ("json", "graphml", "csv"):
        shown = index.graph.export(format=form, filter=visible)
        assert HIDDEN not in shown.text and "BAB" not in shown.text
        assert shown == alone.graph.export(format=form)
    assert HIDDEN in index.graph.export().text


def test_equal_content_gives_equal_bytes(index: LightRAGIndex, make_index: MakeIndex) -> None:
    other = make_index()
    for document in reversed(told()):
        other.ingest([document.model_copy(update={"chunks": (document.chunks or ())[:1]})])
        other.ingest([document])
    for form in ("json", "graphml", "csv"):
        assert index.graph.export(format=form) == other.graph.export(format=form)
        assert asyncio.run(index.graph.aexport(format=form)) == other.graph.export(format=form)


def test_networkx_reads_the_file(index: LightRAGIndex, tmp_path: Path) -> None:
    made = index.graph.export(tmp_path / "g.graphml", format="graphml")
    read = networkx.read_graphml(tmp_path / "g.graphml")
    direct = index.graph.to_networkx()
    assert made.paths == (str(tmp_path / "g.graphml"),)
    assert set(read) == set(direct) and 'Ada, "the <first>" & only' in read
    assert {frozenset(edge) for edge in read.edges} == {frozenset(edge) for edge in direct.edges}
    assert read["Ada"]["BAB"]["weight"] == direct["Ada"]["BAB"]["weight"] == 5.0
    assert read.nodes["Ada"]["mentions"] == 3 and read.nodes["Ada"]["label"] == "Ada"
    assert json.loads(read["Ada"]["BAB"]["chunk_ids"]) == ["c4", "c1"]
    assert [path.name for path in tmp_path.iterdir()] == ["g.graphml"]
    odd = {
        "entity_name": "tab\t\"q\" & 'r' <s>\nt\ru",
        "description": "\ra\r\nb\nc ]]> &amp; \ufffe",
        "entity_type": "&lt;",
    }
    index.graph.load({"entities": [odd]}, document_id="odd")
    index.graph.export(tmp_path / "g.graphml", format="graphml")
    (name,) = set(networkx.read_graphml(tmp_path / "g.graphml")) - set(read)
    assert name == "tab \"q\" & 'r' <s> t u", "white space in names is one space"
    told = networkx.read_graphml(tmp_path / "g.graphml").nodes[name]
    assert (told["description"], told["type"]) == (odd["description"].replace("\ufffe", "\ufffd"), "&lt;")


def test_csv_and_pandas_say_the_same(index: LightRAGIndex, tmp_path: Path) -> None:
    index.graph.export(tmp_path / "csv", format="csv")
    entities, facts = index.graph.to_pandas()
    rows = list(csv.DictReader(io.StringIO((tmp_path / "csv/entities.csv").read_text("utf-8"))))
    assert [row["name"] for row in rows] == list(entities["name"])
    assert [tuple(json.loads(row["document_ids"])) for row in rows] == list(entities["document_ids"])
    lines = list(csv.DictReader(io.StringIO((tmp_path / "csv/relations.csv").read_text("utf-8"))))
    assert [(row["source"], row["chunk_id"], float(row["weight"])) for row in lines] == list(
        zip(facts["source"], facts["chunk_id"], facts["weight"], strict=True)
    )


def test_an_empty_index_and_wrong_arguments(make_index: MakeIndex, tmp_path: Path) -> None:
    index = make_index()
    assert json.loads(index.graph.export().text)["entities"] == []
    assert [len(frame) for frame in index.graph.to_pandas()] == [0, 0]
    with pytest.raises(InputError, match="expected one of json, graphml, csv"):
        index.graph.export(format="xml")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"can't write .*/no/such\.json \(No such"):
        index.graph.export(tmp_path / "no" / "such.json")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="expected a directory"):
        index.graph.export(tmp_path / "file", format="csv")
    for path in (".", "", tmp_path, "a\0b", 5):
        with pytest.raises(InputError, match="expected a file"):
            index.graph.export(path)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="CSV is two files: name a directory"):
        index.graph.export(tmp_path / "graph.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    index.graph.export(tmp_path / "g.graphml")
    assert len(networkx.read_graphml(tmp_path / "g.graphml")) == 0, "the ending tells the format"


def test_any_line_break_stays_in_its_cell(make_index: MakeIndex, tmp_path: Path) -> None:
    index = make_index()
    entities = [{"name": "a\rb", "description": "c\rd"}, {"name": "e", "description": "f\r\ng\nh,\u2028"}]
    index.graph.load(
        {"entities": [{f"entity_{key}" if key == "name" else key: one[key] for key in one} for one in entities]}
    )
    name = "x" * 250 + ".json"
    index.graph.export(tmp_path / "x", format="csv")
    with (tmp_path / "x" / "entities.csv").open(newline="", encoding="utf-8") as file:
        rows = [(row["name"], row["description"]) for row in csv.DictReader(file)]
    assert rows == [("a b", "c\rd"), ("e", "f\r\ng\nh,\u2028")]
    assert index.graph.export(tmp_path / name).paths == (str(tmp_path / name),), "as long as names may be"


def test_more_than_one_batch_of_the_cursor_comes_whole(make_index: MakeIndex) -> None:
    index = make_index()
    count = 1200
    relations = [ExtractedRelation(source="Hub", target=f"N{n:04}") for n in range(count)]
    chunks = [
        Chunk(id=f"c{n:04}", document_id="d", text="x", position=n, extraction=Extraction(relations=[relation]))
        for n, relation in enumerate(relations)
    ]
    index.ingest([Document(id="d", chunks=tuple(chunks), metadata={"a": 1})])
    graph = json.loads(index.graph.export(filter={"a": 1}).text)
    assert [row["id"] for row in graph["chunks"]] == [chunk.id for chunk in chunks]
    assert len(graph["relations"]) == count
    assert by_name(graph["entities"])["Hub"]["degree"] == count


async def test_a_cancelled_export_leaves_nothing(make_index: MakeIndex, dsn: str, tmp_path: Path) -> None:
    index = make_index(database=ConnectOptions(dsn=dsn, pool_max_size=1))
    index.ingest([Document(id="d", text="Ada met Bab. " * 9000)])

    async def cancelled(after: float) -> bool:
        task = asyncio.create_task(index.graph.aexport(tmp_path / "g.json"))
        await asyncio.sleep(after)
        task.cancel()
        return (await asyncio.gather(task, return_exceptions=True))[0].__class__ is asyncio.CancelledError

    assert any([await cancelled(step / 400) for step in range(1, 25)])
    assert {path.name for path in tmp_path.iterdir()} <= {"g.json"}
    # The one connection is free at once.
    assert await asyncio.wait_for(index.graph.aentity("Ada"), 10) is not None
