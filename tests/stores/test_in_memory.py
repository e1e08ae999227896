"""The contract, kept by the stores that come with the frameworks' cores."""

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.stores import InMemoryByteStore, InMemoryStore
from langchain_core.vectorstores import InMemoryVectorStore
from llama_index.core.graph_stores import SimplePropertyGraphStore
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.storage.kvstore import SimpleKVStore
from llama_index.core.vector_stores import SimpleVectorStore

from lightrag_integrations.langchain import StoredEmbeddings
from lightrag_integrations.llama_index.graph_mirror import LlamaGraph
from tests.stores.contract import Hands, check_documents, check_graph, check_vectors


@pytest.mark.parametrize("make", [SimpleVectorStore, lambda: InMemoryVectorStore(StoredEmbeddings())])
def test_vectors(hands: Hands, make: Callable[[], Any]) -> None:
    check_vectors(hands, make)


@pytest.mark.parametrize("make", [InMemoryStore, InMemoryByteStore, SimpleKVStore, SimpleDocumentStore])
def test_documents(hands: Hands, make: Callable[[], Any]) -> None:
    check_documents(hands, make)


def test_graph(hands: Hands) -> None:
    check_graph(hands, SimplePropertyGraphStore)


def test_graph_that_can_take_out_no_single_relation(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LlamaGraph, "unrelate", lambda self, pairs: False)
    check_graph(hands, SimplePropertyGraphStore)
