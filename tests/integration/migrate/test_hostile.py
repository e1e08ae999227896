"""What no LightRAG writes: values of another kind are left out or refused, and no error of Python's comes out."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lightrag_integrations import InputError, LightRAGDirectory
from lightrag_integrations.migrate.directory import fill_from_directory
from lightrag_integrations.migrate.settle import settle
from lightrag_integrations.migrate.spool import Spool

GRAPH = '<graphml><graph><node id="A"/></graph></graphml>'
CHUNKS = "kv_store_text_chunks"
ANSWERS = "kv_store_llm_response_cache"
TOLD = {"cache_type": "extract", "chunk_id": "c", "return": "{" + "[" * 50_000}


def laid_out(home: Path, files: Mapping[str, Any], graph: str = GRAPH) -> int:
    """How many chunks were read of a directory with these files."""
    for name, content in {CHUNKS: {"c": {"content": "A is.", "full_doc_id": "d"}}, **files}.items():
        (home / f"{name}.json").write_text(json.dumps(content), "utf-8")
    (home / "graph_chunk_entity_relation.graphml").write_text(graph, "utf-8")
    with Spool() as spool:
        fill_from_directory(LightRAGDirectory(path=home), spool, vectors=True)
        settle(spool)
        return spool.count("SELECT count(*) FROM chunk WHERE taken")


@pytest.mark.parametrize(
    "files",
    [
        {CHUNKS: {"c": {"content": "A", "llm_cache_list": 5}}},
        {CHUNKS: {"c": {"content": "A", "llm_cache_list": ["\ud800", 5]}}},
        {ANSWERS: {"\ud800": {**TOLD, "create_time": 10**400}}},
        {"kv_store_doc_status": {"d": {"status": "processed", "error_msg": 5}, "e": {"status": "\ud800"}}},
        {"kv_store_entity_chunks": {"A": {"chunk_ids": 5}, "\ud800": {"chunk_ids": ["c"]}}},
    ],
)
def test_odd_values_are_passed_over(tmp_path: Path, files: Mapping[str, Any]) -> None:
    assert laid_out(tmp_path, files) == 1


@pytest.mark.parametrize(
    ("files", "graph"),
    [
        ({"vdb_chunks": {"embedding_dim": 2, "data": [{"__id__": "c", "vector": "é"}]}}, GRAPH),
        ({"vdb_chunks": {"embedding_dim": 2, "data": [{"__id__": "c"}], "matrix": "é"}}, GRAPH),
        ({}, '<?xml version="1.0" encoding="none"?>' + GRAPH),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, files: Mapping[str, Any], graph: str) -> None:
    with pytest.raises(InputError, match="nothing was written"):
        laid_out(tmp_path, files, graph)


def test_a_node_outside_the_graph_is_none(tmp_path: Path) -> None:
    assert laid_out(tmp_path, {}, '<graphml><node id="A"/></graphml>') == 1
