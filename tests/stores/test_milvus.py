"""Milvus Lite inside the process, through LlamaIndex's store."""

from pathlib import Path
from typing import Any

from llama_index.vector_stores.milvus import MilvusVectorStore

from tests.stores.contract import DIMENSION, Hands, check_vectors


def test_contract(hands: Hands, tmp_path: Path) -> None:
    def make() -> Any:
        return MilvusVectorStore(uri=str(tmp_path / "chunks.db"), dim=DIMENSION, similarity_metric="COSINE")

    check_vectors(hands, make)
