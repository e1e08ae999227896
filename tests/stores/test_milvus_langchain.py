"""Milvus Lite inside the process, through LangChain's store."""

from pathlib import Path
from typing import Any

from langchain_milvus import Milvus

from lightrag_integrations.langchain import StoredEmbeddings
from tests.stores.contract import Hands, check_vectors


def test_contract(hands: Hands, tmp_path: Path) -> None:
    def make() -> Any:
        return Milvus(StoredEmbeddings(), connection_args={"uri": str(tmp_path / "chunks.db")}, auto_id=False)

    check_vectors(hands, make)
