"""FAISS, through both frameworks' stores."""

from typing import Any

import faiss
from langchain_community.docstore.in_memory import InMemoryDocstore
from langchain_community.vectorstores import FAISS
from llama_index.vector_stores.faiss import FaissMapVectorStore

from lightrag_integrations.langchain import StoredEmbeddings
from tests.stores.contract import DIMENSION, Hands, check_vectors


def test_llama_index(hands: Hands) -> None:
    check_vectors(hands, lambda: FaissMapVectorStore(faiss.IndexIDMap2(faiss.IndexFlatIP(DIMENSION))))


def test_langchain(hands: Hands) -> None:
    def make() -> Any:
        return FAISS(StoredEmbeddings(), faiss.IndexFlatIP(DIMENSION), InMemoryDocstore(), {})

    check_vectors(hands, make)
