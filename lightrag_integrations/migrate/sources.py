"""Where an import reads from. Plain settings: nothing is opened here, and no secret is shown."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from lightrag_integrations.models import Frozen

__all__ = ["ImportSource", "LangChainCollection", "LangChainTable", "LightRAGDirectory", "LightRAGWorkspace",
           "LlamaIndexTable"]  # fmt: skip


class LightRAGDirectory(Frozen):
    """A working directory of LightRAG with its default stores: JSON, NanoVectorDB, NetworkX."""

    path: Path
    workspace: str = ""
    """Its `workspace`, a directory below the working directory; empty: none."""


class LightRAGWorkspace(Frozen):
    """A workspace of LightRAG's PostgreSQL stores."""

    dsn: SecretStr
    workspace: str = "default"
    graphml: Path | None = None
    """The graph's file where the graph is kept by NetworkX beside PostgreSQL. None: the graph's tables, or where there
    are none (Neo4j, AGE, …) what the tables of vectors say of it."""


class LangChainTable(Frozen):
    """A table of langchain-postgres' `PGVectorStore`."""

    dsn: SecretStr
    table: str
    schema_name: str = "public"
    id_column: str = "langchain_id"
    content_column: str = "content"
    embedding_column: str = "embedding"
    metadata_json_column: str = "langchain_metadata"
    """All columns beside these four are metadata, too."""


class LangChainCollection(Frozen):
    """A collection of langchain-postgres' older `PGVector`."""

    dsn: SecretStr
    collection: str
    schema_name: str = "public"


class LlamaIndexTable(Frozen):
    """A table of llama-index-vector-stores-postgres' `PGVectorStore`."""

    dsn: SecretStr
    table: str
    """The name given to the store; the table's own has `data_` before it."""
    schema_name: str = "public"


ImportSource = LightRAGDirectory | LightRAGWorkspace | LangChainTable | LangChainCollection | LlamaIndexTable
