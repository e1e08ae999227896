"""LangChain's tables: a row is a document of one chunk, as our LangChain vector store keeps one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lightrag_integrations.errors import InputError
from lightrag_integrations.migrate.names import storable
from lightrag_integrations.migrate.sources import LangChainCollection, LangChainTable
from lightrag_integrations.migrate.tables import SOURCES, Tables, first_text, floats, object_of
from lightrag_integrations.models import Chunk, Document

__all__ = ["collection_rows", "table_rows"]


def table_rows(source: LangChainTable, tables: Tables, *, vectors: bool) -> Iterator[Document | None]:
    """Rows of a `PGVectorStore`, ordered by id; None for one without text.

    Raises:
        InputError: There is no such table, or it lacks a column.
    """
    held = tables.columns(source.table, source.schema_name)
    wanted = (source.id_column, source.content_column, source.embedding_column)
    missing = [name for name in wanted if name not in held]
    if missing:
        told = f"it has {', '.join(held)}" if held else "there is no such table"
        raise InputError(f"table {source.table!r:.80} lacks the column {missing[0]!r}; {told}")
    names = {
        "table": (source.schema_name, source.table), "id": (source.id_column,), "content": (source.content_column,),
        "embedding": (source.embedding_column,),
    }  # fmt: skip
    query = (
        "SELECT {id}::text, {content}, to_jsonb(t) - %s::text[], CASE WHEN %s THEN {embedding}::text END "
        "FROM {table} t ORDER BY 1"
    )
    for row_id, text, columns, vector in tables.rows(query, [list(wanted), vectors], names):
        given = columns.pop(source.metadata_json_column, None)
        metadata = {**columns, **object_of(given)}
        yield _document(row_id, text, metadata, vector)


def collection_rows(source: LangChainCollection, tables: Tables, *, vectors: bool) -> Iterator[Document | None]:
    """Rows of a `PGVector` collection, ordered by id; None for one without text.

    Raises:
        InputError: There is no such collection.
    """
    names: dict[str, tuple[str, ...]] = {
        "collections": (source.schema_name, "langchain_pg_collection"),
        "rows": (source.schema_name, "langchain_pg_embedding"),
    }
    if not tables.columns("langchain_pg_collection", source.schema_name):
        raise InputError(f"{tables.where} has no table langchain_pg_collection in schema {source.schema_name!r:.80}")
    held = [str(row[0]) for row in tables.rows("SELECT name FROM {collections} ORDER BY 1", (), names)]
    if source.collection not in held:
        told = f"it has {', '.join(map(repr, held[:8]))}" if held else "it has none"
        raise InputError(f"{tables.where} has no collection {source.collection!r:.80}; {told}")
    # Older versions call an id uuid, and the id given by the caller custom_id.
    columns = tables.columns("langchain_pg_embedding", source.schema_name)
    names["id"] = ("id",) if "id" in columns else ("uuid",)
    query = (
        "SELECT e.{id}::text, e.document, e.cmetadata, CASE WHEN %s THEN e.embedding::text END FROM {rows} e "
        "JOIN {collections} c ON c.uuid = e.collection_id WHERE c.name = %s ORDER BY 1"
    )
    for row_id, text, metadata, vector in tables.rows(query, [vectors, source.collection], names):
        yield _document(row_id, text, object_of(metadata), vector)


def _document(row_id: str | None, text: object, metadata: Mapping[str, Any], vector: str | None) -> Document | None:
    if row_id is None:
        raise InputError(
            "a row has no id, so that nobody could find it again; expected one in each; nothing was written"
        )
    told = storable(text)
    if not told.strip():
        return None
    title, source = first_text(metadata, "title"), first_text(metadata, *SOURCES)
    kept = dict(metadata)
    chunk = Chunk(
        id=row_id, document_id=row_id, text=told, end=len(told), title=title, metadata=kept,
        embedding=floats(vector) or None,
    )  # fmt: skip
    return Document(id=row_id, text=told, title=title, source=source, metadata=kept, chunks=(chunk,))
