"""Accepted input: written before any model call, leased to its worker by the server's clock."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lightrag_integrations.contributions import PendingDocument
from lightrag_integrations.models import Chunk, Document
from lightrag_integrations.storage.postgres.parts import StorePart, columns, dead_owners, run
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.schema import Layout
from lightrag_integrations.storage.postgres.wire import json_text
from lightrag_integrations.store import Onto

__all__ = ["PendingPart"]


class PendingPart(StorePart):
    """Accepting, leasing, claiming and failing documents."""

    async def accept(
        self, documents: Sequence[PendingDocument], *, owner: str, lease_s: float, onto: Onto = "any"
    ) -> frozenset[str]:
        """See `store.Store.accept`."""
        if not documents:
            return frozenset()
        ids, titles, sources, metadata, contents, chunks, chunk_ids, hashes, replaces, attempts, options = columns(
            [_row(one) for one in {one.document.id: one for one in documents}.values()], 11
        )
        rows = await self._alone(
            "accept",
            ids=ids, titles=titles, sources=sources, metadata=metadata, contents=contents, chunks=chunks,
            chunk_ids=chunk_ids, hashes=hashes, replaces=replaces, attempts=attempts, options=options,
            owner=owner, lease_s=lease_s, onto=onto,
        )  # fmt: skip
        return frozenset(row[0] for row in rows)

    async def extend_lease(self, document_ids: Sequence[str], *, owner: str, lease_s: float) -> None:
        """See `store.Store.extend_lease`."""
        await self._alone("extend_lease", ids=list(document_ids), owner=owner, lease_s=lease_s)

    async def claim(
        self, document_ids: Sequence[str] | None, *, owner: str, lease_s: float, limit: int
    ) -> Sequence[PendingDocument]:
        """See `store.Store.claim`."""
        ids = None if document_ids is None else list(document_ids)

        async def take(connection: Connection, layout: Layout) -> list[tuple[Any, ...]]:
            dead = await dead_owners(connection, layout, ids)
            return await run(connection, layout, "claim", ids=ids, owner=owner, lease_s=lease_s, limit=limit, dead=dead)

        rows = await self._transact(take, _either)
        return [_document(row) for row in sorted(rows)]

    async def fail(self, errors: Mapping[str, str], *, owner: str) -> None:
        """See `store.Store.fail`."""
        # A reason may quote what was refused for not being storable.
        reasons = [reason.replace("\x00", "").encode(errors="replace").decode() for reason in errors.values()]
        await self._alone("fail", ids=list(errors), errors=reasons, owner=owner)


def _either(first: list[tuple[Any, ...]], second: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """What the first try claimed, if it stands, is not free for the second."""
    return list({row[0]: row for row in (*first, *second)}.values())


def _row(pending: PendingDocument) -> tuple[Any, ...]:
    document = pending.document
    chunks = chunk_ids = None
    if document.chunks is not None:
        chunks = json_text([chunk.model_dump(mode="json") for chunk in document.chunks])
        chunk_ids = json_text([chunk.id for chunk in document.chunks])
    return (
        document.id, document.title, document.source, json_text(document.metadata), document.text, chunks, chunk_ids,
        pending.content_hash, pending.replace, pending.attempts, pending.options,
    )  # fmt: skip


def _document(row: Sequence[Any]) -> PendingDocument:
    document_id, title, source, metadata, text, chunks, content_hash, replaces, attempts, error, wanted, options = row
    given = None
    if chunks is not None:
        given = tuple(Chunk.model_validate(one) for one in json.loads(chunks) if one["id"] in wanted)
    document = Document(id=document_id, title=title, source=source, metadata=metadata, text=text, chunks=given)
    return PendingDocument(
        document=document,
        content_hash=content_hash,
        replace=replaces,
        attempts=attempts,
        error=error,
        options=options,
    )
