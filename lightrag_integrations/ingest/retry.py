"""Retry: pending documents that failed or were left behind are claimed and worked on again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from lightrag_integrations.ingest.call import Call, Job
from lightrag_integrations.ingest.lease import Leases

__all__ = ["claimed_jobs"]

_CLAIM = 64


async def claimed_jobs(document_ids: Sequence[str] | None, call: Call, leases: Leases) -> AsyncIterator[Job]:
    """Claim the documents a batch at a time, each at most once in this call, even if it fails again.

    Args:
        document_ids: Only these; None: all.
        call: The call.
        leases: Told what is held.
    """
    waiting = await _unfinished(document_ids, call)
    for start in range(0, len(waiting), _CLAIM):
        batch = waiting[start : start + _CLAIM]
        leases.hold(batch)
        claimed = await call.tools.store.claim(batch, owner=call.owner, lease_s=call.options.lease_s, limit=len(batch))
        leases.got((pending.document.id for pending in claimed), batch)
        call.tally.busy(len(batch) - len(claimed))
        call.tally.given([pending.document.id for pending in claimed])
        call.tally.accepted(len(claimed))
        for pending in claimed:
            yield Job(pending, stored=True)


async def _unfinished(document_ids: Sequence[str] | None, call: Call) -> list[str]:
    store = call.tools.store
    failed = await store.statuses(status="failed", document_ids=document_ids, limit=None)
    left = await store.statuses(status="pending", document_ids=document_ids, limit=None)
    call.tally.busy(len(await store.statuses(status="processing", document_ids=document_ids, limit=None)))
    return sorted(status.id for status in (*failed, *left))
