"""Milvus Lite inside the process, through both frameworks' stores."""

from pathlib import Path
from typing import Any

from langchain_milvus import Milvus
from llama_index.vector_stores.milvus import MilvusVectorStore

from lightrag_integrations.langchain import StoredEmbeddings
from tests.stores.contract import DIMENSION, Hands, check_vectors


def test_llama_index(hands: Hands, tmp_path: Path) -> None:
    def make() -> Any:
        return MilvusVectorStore(uri=str(tmp_path / "chunks.db"), dim=DIMENSION, similarity_metric="COSINE")

    check_vectors(hands, make)


def test_langchain(hands: Hands, tmp_path: Path) -> None:
    def make() -> Any:
        return Milvus(StoredEmbeddings(), connection_args={"uri": str(tmp_path / "chunks.db")}, auto_id=False)

    check_vectors(hands, make)
