"""Prepared graphs: our own export goes round, LightRAG's custom KG keeps its names and weights."""

import json
from pathlib import Path
from typing import Any

import pytest

from lightrag_integrations import Document, InputError, OpenAIChatModel
from tests.doubles.openai_server import OpenAIServer
from tests.integration.graph.test_export import told
from tests.integration.handle.conftest import MakeIndex

KG: dict[str, Any] = {
    "chunks": [
        {"content": "Ada met Bab in Lon.", "source_id": "s1", "file_path": "a.txt"},
        {"content": "Second part.", "source_id": "s1", "file_path": "a.txt", "chunk_order_index": 1},
    ],
    "entities": [
        {"entity_name": "Ada", "entity_type": "person", "description": "A mathematician", "source_id": "s1"},
        {"entity_name": "Eve", "entity_type": "person", "description": "Known to nobody", "source_id": "UNKNOWN"},
    ],
    "relationships": [
        {"src_id": "Ada", "tgt_id": "Bab", "description": "met", "keywords": "met, friend", "weight": 5000.25,
         "source_id": "s1"},
        {"src_id": "Eve", "tgt_id": "Ada", "description": "", "keywords": "knows", "weight": 0.5},
    ],
}  # fmt: skip


def test_an_export_goes_round(
    make_index: MakeIndex, documents: list[Document], openai_server: OpenAIServer, tmp_path: Path
) -> None:
    first = make_index()
    first.ingest([*documents, *told()])
    first.graph.add(entities=[{"name": "Ada", "description": "Added by hand"}])
    first.graph.export(tmp_path / "graph.json")
    # Another extractor and other limits: what is given is taken as it stands.
    chat = OpenAIChatModel("double", base_url=openai_server.base_url, api_key="none")
    second = make_index(llm=chat)
    report = second.graph.load(tmp_path / "graph.json")
    assert (report.failed, report.model_calls) == (0, 0)
    assert second.graph.export().text == (tmp_path / "graph.json").read_text("utf-8")
    assert second.verify() == []
    assert second.graph.load(json.loads((tmp_path / "graph.json").read_text())).documents == 0
    assert openai_server.requests == []

    def contributions(dump: str) -> list[str]:
        return [line for line in dump.splitlines() if not line.startswith(('{"content_hash', '{"document'))]

    kept = [line for line in contributions(first.dump()) if '"content_hash"' not in line]
    assert kept == [line for line in contributions(second.dump()) if '"content_hash"' not in line]
    assert any('"mention"' in line for line in kept) and any('"fact"' in line for line in kept)


def test_a_custom_kg_keeps_names_weights_and_sources(make_index: MakeIndex) -> None:
    index = make_index()
    report = index.graph.load(KG)
    assert sorted(report.document_ids) == ["custom-kg", "s1"]
    graph = json.loads(index.graph.export().text)
    assert [row["name"] for row in graph["entities"]] == ["Ada", "Bab", "Eve"], "no lexical names beside them"
    ada = index.graph.entity("Ada")
    assert ada is not None and (ada.type, ada.description) == ("person", "A mathematician")
    met = index.graph.relation("Ada", "Bab")
    assert met is not None and (met.weight, met.keywords) == (5000.25, ("met", "friend"))
    assert (met.facts[0].document_id, met.facts[0].start, met.facts[0].end) == ("s1", 0, 19)
    assert index.documents.chunks(["s1#1"])[0].text == "Second part."
    known = index.graph.relation("Eve", "Ada")
    assert known is not None and known.facts[0].document_id == "custom-kg"
    hits = index.retrieve("Who met Bab?", k=1).hits
    assert hits[0].source == "a.txt"
    assert index.graph.load(KG).documents == 0
    index.documents.delete(["s1", "custom-kg"])
    assert json.loads(index.graph.export().text)["entities"] == []
    assert index.verify() == []


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        ({}, "expected a JSON export"),
        ({"format": "other"}, "format: got 'other'"),
        ({"entities": [{"name": "x"}]}, "entities.0.entity_name"),
        ({"entities": [{"entity_name": "!!"}]}, "expected a letter or digit"),
        ({"relationships": [{"src_id": "A", "tgt_id": "a"}]}, "with itself"),
        ({"relationships": [{"src_id": "A", "tgt_id": "B", "weight": -1}]}, "above 0"),
        ("nowhere.json", "can't read nowhere.json"),
        ("no\0where", "can't read"),
        (["entities"], "expected a dictionary or the path"),
    ],
)
def test_a_wrong_graph_is_refused_whole(make_index: MakeIndex, graph: Any, message: str) -> None:
    index = make_index()
    with pytest.raises(InputError, match=message):
        index.graph.load(graph)
    assert index.status().documents == 0


def test_what_is_wrong_is_named_by_its_place_and_depth_is_no_crash(make_index: MakeIndex, tmp_path: Path) -> None:
    index = make_index()
    fact = {"source": "A", "target": "B", "chunk_id": "c", "start": 2**31}
    graph = {
        "format": "lightrag-integrations graph 1",
        "documents": [{"id": "d"}],
        "chunks": [{"id": "c", "document_id": "d", "text": "x"}],
        "relations": [{"facts": [fact]}],
    }
    with pytest.raises(InputError, match=r"relations\.0\.facts\.0\.start: "):
        index.graph.load(graph)
    (tmp_path / "deep.json").write_text('{"entities": ' + "[" * 100_000)
    with pytest.raises(InputError, match="holds no JSON that can be read"):
        index.graph.load(tmp_path / "deep.json")
    (tmp_path / "marked.json").write_text(json.dumps(KG), encoding="utf-8-sig")
    assert index.graph.load(tmp_path / "marked.json").documents == 2
