"""Reading what is stored of documents, and changing their metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from lightrag_integrations.contributions import PendingDocument, StoredChunk, StoredDocument
from lightrag_integrations.models import Document
from lightrag_integrations.reports import DocumentState, DocumentStatus
from lightrag_integrations.storage.postgres.parts import StorePart, columns, dead_owners, run
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.schema import Layout
from lightrag_integrations.storage.postgres.wire import json_text

__all__ = ["DocumentPart", "canonical"]


class DocumentPart(StorePart):
    """Documents as they are stored."""

    async def stored(self, document_ids: Sequence[str]) -> Mapping[str, StoredDocument]:
        """See `store.Store.stored`."""
        rows = await self._alone("stored", ids=list(document_ids))
        return {row[0]: StoredDocument(id=row[0], content_hash=row[1], source=row[2], metadata=row[3]) for row in rows}

    async def chunk_hashes(self, document_ids: Sequence[str]) -> Mapping[str, Mapping[str, StoredChunk]]:
        """See `store.Store.chunk_hashes`."""
        found: dict[str, dict[str, StoredChunk]] = {}
        for document_id, chunk_id, content_hash, metadata, *place in await self._alone(
            "chunk_hashes", ids=list(document_ids)
        ):
            found.setdefault(document_id, {})[chunk_id] = StoredChunk(content_hash, canonical(metadata), *place)
        return found

    async def document_text(self, document_id: str) -> str | None:
        """See `store.Store.document_text`."""
        rows = await self._alone("document_text", id=document_id)
        return rows[0][0] if rows else None

    async def statuses(
        self, *, status: DocumentState | None, document_ids: Sequence[str] | None, limit: int | None
    ) -> Sequence[DocumentStatus]:
        """See `store.Store.statuses`."""
        ids = None if document_ids is None else list(document_ids)

        async def look(connection: Connection, layout: Layout) -> list[tuple[Any, ...]]:
            dead = await dead_owners(connection, layout, ids)
            return await run(connection, layout, "statuses", ids=ids, status=status, limit=limit, dead=dead)

        rows = await self._transact(look)
        names = ("id", "status", "title", "source", "chunks", "error", "attempts", "metadata")
        return [DocumentStatus(**dict(zip(names, row, strict=True))) for row in rows]

    async def update_metadata(self, documents: Sequence[PendingDocument]) -> None:
        """See `store.Store.update_metadata`.

        A chunk keeps what it had of its own: what the caller gave with it, or else what was not the document's.
        """
        given = {one.document.id: one.document for one in documents}
        await self._transact(partial(_relabel, given=given))


async def _relabel(connection: Connection, layout: Layout, *, given: Mapping[str, Document]) -> None:
    """Write source and metadata of documents and their chunks."""
    await run(connection, layout, "lock_documents", ids=list(given))
    chunks = []
    for row in await run(connection, layout, "metadata_of_documents", ids=list(given)):
        document_id, old, surrogate, chunk_id, effective = row
        document = given[document_id]
        if surrogate is not None:
            own = {one.id: one.metadata for one in document.chunks or ()}.get(chunk_id)
            own = _own(effective, old) if own is None else own
            chunks.append((surrogate, json_text({**document.metadata, **own})))
    ids, metadata = columns(chunks, 2)
    await run(connection, layout, "update_chunks_metadata", ids=ids, metadata=metadata)
    ids, sources, metadata = columns([(one.id, one.source, json_text(one.metadata)) for one in given.values()], 3)
    await run(connection, layout, "update_documents_metadata", ids=ids, sources=sources, metadata=metadata)


def canonical(metadata: Mapping[str, Any]) -> str:
    """Metadata as canonical JSON: keys sorted, no spaces, characters as they are."""
    return json_text(metadata, canonical=True)


def _own(effective: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in effective.items() if key not in document or document[key] != value}
