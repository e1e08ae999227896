"""LlamaIndex' tables: a row is a chunk of its reference document, as our LlamaIndex vector store keeps a node."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from lightrag_integrations.errors import InputError
from lightrag_integrations.migrate.names import storable
from lightrag_integrations.migrate.sources import LlamaIndexTable
from lightrag_integrations.migrate.tables import SOURCES, Tables, first_text, floats, object_of
from lightrag_integrations.models import HIDDEN_KEY, Chunk, Document

__all__ = ["embedded_text", "node_rows"]

_STORES_OWN = frozenset({"_node_content", "_node_type", "document_id", "doc_id", "ref_doc_id"})
_KEPT_ELSEWHERE = frozenset({"id_", "embedding", "metadata", "text", "text_resource", "class_name"})
_FIELD = re.compile(r"\{(\w+)\}")
_DEFAULTS = MappingProxyType(
    {
        "mimetype": "text/plain",
        "metadata_template": "{key}: {value}",
        "metadata_seperator": "\n",
        "metadata_separator": "\n",
        "text_template": "{metadata_str}\n\n{content}",
    }
)
_SOURCE_RELATION = "1"
_NODE = "COALESCE(node_id, id::text)"
# The store writes 'None' for a node that belongs to no document; our own makes it a document by itself.
_DOCUMENT = (
    "COALESCE(NULLIF(metadata_::jsonb ->> 'ref_doc_id', 'None'), NULLIF(metadata_::jsonb ->> 'document_id', 'None'), "
    + _NODE + ")"
)  # fmt: skip


def node_rows(source: LlamaIndexTable, tables: Tables, *, vectors: bool) -> Iterator[Document | None]:
    """Documents of a `PGVectorStore`, each with its nodes, ordered by id; None for a node without text.

    Raises:
        InputError: There is no such table.
    """
    table = f"data_{source.table}"
    held = tables.columns(table, source.schema_name)
    if not {"node_id", "text", "metadata_", "embedding"} <= set(held):
        told = f"it has {', '.join(held)}" if held else "there is no such table"
        raise InputError(f"{table!r:.80} is no table of LlamaIndex' PGVectorStore; {told}")
    query = (
        "SELECT " + _DOCUMENT + ", " + _NODE + ", text, metadata_::jsonb, CASE WHEN %s THEN embedding::text END "
        "FROM {table} ORDER BY 1, id"
    )  # fmt: skip
    names = {"table": (source.schema_name, table)}
    chunks: dict[str, Chunk] = {}
    held_id = ""
    for document_id, node_id, text, metadata, vector in tables.rows(query, [vectors], names):
        told = storable(text)
        if chunks and document_id != held_id:
            yield _document([*chunks.values()])
            chunks = {}
        held_id = document_id
        if not told.strip():
            yield None
            continue
        # The store adds a row each time: of those of one node the last counts.
        chunks[node_id] = _chunk(
            document_id, node_id, told, metadata=object_of(metadata), embedding=floats(vector), place=len(chunks)
        )
    if chunks:
        yield _document([*chunks.values()])


def embedded_text(chunk: Chunk) -> str:
    """What LlamaIndex embedded of a node: its metadata, where they are not kept from that, and its text."""
    hidden = chunk.metadata.get(HIDDEN_KEY, {})
    excluded = {HIDDEN_KEY, *hidden.get("excluded_embed_metadata_keys", ())}
    lines = [
        _filled(hidden, "metadata_template", key=key, value=value)
        for key, value in chunk.metadata.items()
        if key not in excluded
    ]
    if not lines:
        return chunk.text
    return _filled(hidden, "text_template", metadata_str="\n".join(lines), content=chunk.text)


def _filled(hidden: Mapping[str, Any], name: str, **values: object) -> str:
    """A template with its values; it comes from outside, so nothing else in it is looked at."""
    parts = _FIELD.split(str(hidden.get(name, _DEFAULTS[name])))
    return "".join(str(values.get(part, "")) if place % 2 else part for place, part in enumerate(parts))


def _chunk(
    document_id: str, node_id: str, text: str, *, metadata: Mapping[str, Any], embedding: tuple[float, ...], place: int
) -> Chunk:
    node = object_of(metadata.get("_node_content"))
    own = {key: value for key, value in metadata.items() if key not in _STORES_OWN}
    kept = {key: value for key, value in node.items() if key not in _KEPT_ELSEWHERE and _said(key, value)}
    rebuilding = {"class_name": metadata.get("_node_type") or node.get("class_name") or "TextNode", **kept}
    start, end = _place(node, "start_char_idx"), _place(node, "end_char_idx")
    return Chunk(
        id=node_id, document_id=document_id, text=text, position=place if start is None else start,
        start=start or 0, end=(start or 0) + len(text) if end is None else end,
        title=first_text(own, "title"), metadata={**own, HIDDEN_KEY: rebuilding}, embedding=embedding or None,
    )  # fmt: skip


def _place(node: Mapping[str, Any], name: str) -> int | None:
    """A place in the text; some splitters say -1 for one that they did not find."""
    place = node.get(name)
    return place if isinstance(place, int) and place >= 0 else None


def _said(key: str, value: object) -> bool:
    return value not in (None, "", [], {}) and _DEFAULTS.get(key) != value


def _document(chunks: list[Chunk]) -> Document:
    metadata = chunks[0].metadata
    title, source = first_text(metadata, "title"), first_text(metadata, *SOURCES)
    return Document(id=chunks[0].document_id, title=title, source=source, chunks=tuple(chunks))
