"""FAISS, through LangChain's store; LlamaIndex's are refused."""

from typing import Any

import faiss
import pytest
from langchain_community.docstore.in_memory import InMemoryDocstore
from langchain_community.vectorstores import FAISS
from llama_index.vector_stores.faiss import FaissMapVectorStore, FaissVectorStore

from lightrag_integrations import ConfigurationError
from lightrag_integrations.langchain import StoredEmbeddings
from tests.stores.contract import DIMENSION, Hands, check_vectors


def test_contract(hands: Hands) -> None:
    def make() -> Any:
        return FAISS(StoredEmbeddings(), faiss.IndexFlatIP(DIMENSION), InMemoryDocstore(), {})

    check_vectors(hands, make)


def test_stores_that_lose_vectors_are_refused(hands: Hands) -> None:
    for store in (FaissVectorStore(faiss.IndexFlatIP(8)), FaissMapVectorStore(faiss.IndexIDMap2(faiss.IndexFlatIP(8)))):
        with pytest.raises(ConfigurationError, match="use LangChain's FAISS"):
            hands.with_stores(vectors=store).mirror.sync()
