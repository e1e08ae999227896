"""Qdrant inside the process, in memory and on disk, through both frameworks' stores."""

from pathlib import Path
from typing import Any

from langchain_qdrant import QdrantVectorStore as LangChainQdrant
from llama_index.vector_stores.qdrant import QdrantVectorStore
from qdrant_client import QdrantClient
from qdrant_client.models import Distance, VectorParams

from lightrag_integrations.langchain import StoredEmbeddings
from tests.stores.contract import DIMENSION, Hands, check_vectors


def test_llama_index(hands: Hands, tmp_path: Path) -> None:
    client = QdrantClient(path=str(tmp_path / "qdrant"), force_disable_check_same_thread=True)
    check_vectors(hands, lambda: QdrantVectorStore("chunks", client=client))
    client.close()


def test_langchain(hands: Hands) -> None:
    client = QdrantClient(":memory:")

    def make() -> Any:
        client.create_collection("chunks", VectorParams(size=DIMENSION, distance=Distance.COSINE))
        return LangChainQdrant(client, "chunks", StoredEmbeddings(), validate_collection_config=False)

    check_vectors(hands, make)
    client.close()
