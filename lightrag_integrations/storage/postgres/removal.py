"""Deleting documents and chunks, exactly: every contribution goes, in one transaction, and no model is called.

Entities and relations that nothing tells of any more go too, but for those that a writer is about to use: upkeep sweeps
them when it is quiet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from lightrag_integrations.storage.postgres.edits import share_edits
from lightrag_integrations.storage.postgres.parts import StorePart, run
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.schema import Layout
from lightrag_integrations.storage.postgres.wire import int4_array
from lightrag_integrations.text.postings import pack_ints

__all__ = ["RemovalPart", "delete_stored_chunks", "remove_chunks"]


class RemovalPart(StorePart):
    """`delete` and `delete_chunks` of the store."""

    async def delete(self, document_ids: Sequence[str]) -> int:
        """See `store.Store.delete`."""
        count = await self._transact(partial(_delete, ids=list(document_ids)), max)
        self._changed(removed=True)
        return count

    async def delete_chunks(self, chunk_ids: Sequence[str]) -> int:
        """See `store.Store.delete_chunks`."""
        count = await self._transact(partial(_delete_chunks, ids=list(chunk_ids)), max)
        self._changed(removed=True)
        return count


async def _delete(connection: Connection, layout: Layout, *, ids: Sequence[str]) -> int:
    """Remove documents, stored and pending; how many there were."""
    await share_edits(connection, layout)
    waiting = await run(connection, layout, "lock_pending", ids=ids)
    await run(connection, layout, "remove_pending", ids=ids)
    found = await run(connection, layout, "lock_documents", ids=ids)
    documents = int4_array([row[0] for row in found])
    chunks = dict(await run(connection, layout, "chunks_of_documents", documents=documents))
    await _remove_wholly(connection, layout, chunks)
    await run(connection, layout, "remove_documents", documents=documents)
    return len({row[0] for row in waiting} | {row[1] for row in found})


async def _delete_chunks(connection: Connection, layout: Layout, *, ids: Sequence[str]) -> int:
    """Remove chunks, stored and pending; how many there were."""
    await share_edits(connection, layout)
    return await delete_stored_chunks(connection, layout, ids=ids)


async def delete_stored_chunks(connection: Connection, layout: Layout, *, ids: Sequence[str]) -> int:
    """Like `store.Store.delete_chunks`.

    Args:
        connection: In a transaction that shares the lock of the edits.
        layout: Schema and statements.
        ids: Callers' ids.
    """
    withdrawn = await _withdraw(connection, layout, ids)
    owners = [row[0] for row in await run(connection, layout, "documents_of_chunks", ids=ids)]
    await run(connection, layout, "lock_documents", ids=owners)
    found = await run(connection, layout, "chunks_by_id", ids=ids)
    await _remove_wholly(connection, layout, {row[0]: row[1] for row in found})
    documents = int4_array(sorted({row[2] for row in found}))
    empty = int4_array([row[0] for row in await run(connection, layout, "empty_documents", documents=documents)])
    await run(connection, layout, "remove_documents", documents=empty)
    await run(connection, layout, "mark_incomplete", documents=documents)
    return len({row[4] for row in found} | withdrawn)


async def _withdraw(connection: Connection, layout: Layout, chunk_ids: Sequence[str]) -> set[str]:
    """Take chunks out of what is pending, so that no retry brings them back; those that were there."""
    waiting = await run(connection, layout, "lock_pending_of_chunks", ids=chunk_ids)
    gone = frozenset(chunk_ids)
    empty = [document_id for document_id, chunks in waiting if gone.issuperset(chunks)]
    await run(connection, layout, "remove_pending", ids=empty)
    await run(connection, layout, "withdraw_chunks", ids=[row[0] for row in waiting], chunks=chunk_ids)
    return {chunk for _, chunks in waiting for chunk in chunks} & gone


async def _remove_wholly(connection: Connection, layout: Layout, lengths: Mapping[int, int]) -> None:
    """Remove chunks, and the identities that only they told of."""
    chunks = int4_array(sorted(lengths))
    told = [await run(connection, layout, f"{kind}_of_chunks", chunks=chunks) for kind in ("relations", "entities")]
    await remove_chunks(connection, layout, lengths)
    for kind, rows in zip(("relations", "entities"), told, strict=True):
        among = int4_array([row[0] for row in rows])
        # Locked and looked at again by the next statement, as in the sweep of all.
        idle = await run(connection, layout, f"idle_{kind}_among", ids=among)
        await run(connection, layout, f"sweep_{kind}", ids=int4_array([row[0] for row in idle]))


async def remove_chunks(
    connection: Connection, layout: Layout, lengths: Mapping[int, int], *, replaced: Sequence[str] = ()
) -> None:
    """Remove chunks with their mentions, facts and records, and subtract them from the postings.

    Args:
        connection: In a transaction that holds the locks of the chunks' documents.
        layout: Schema and statements.
        lengths: Length in terms by surrogate chunk id.
        replaced: Callers' ids of chunks that are about to be written: their records stay.
    """
    if not lengths:
        return
    ids = sorted(lengths)
    await run(connection, layout, "remove_records_of_chunks", chunks=int4_array(ids), kept=list(replaced))
    await run(connection, layout, "remove_chunks", chunks=int4_array(ids))
    packed, sizes = pack_ints(ids), [lengths[one] for one in ids]
    await run(
        connection, layout, "add_segment",
        sign=-1, level=0, count=len(ids), total=sum(sizes), chunks=packed, lengths=pack_ints(sizes),
    )  # fmt: skip
