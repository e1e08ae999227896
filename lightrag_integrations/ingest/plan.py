"""Plan: compare the input with what is stored; write down as pending what has to be worked on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import get_args

from lightrag_integrations.contributions import PendingDocument, StoredDocument
from lightrag_integrations.errors import EmbeddingMismatch
from lightrag_integrations.ingest.call import Call, Job
from lightrag_integrations.ingest.check import same_json
from lightrag_integrations.ingest.identity import document_hash
from lightrag_integrations.ingest.lease import Leases
from lightrag_integrations.ingest.manner import manner_of
from lightrag_integrations.ingest.upsert import given_hash, is_upsert, plan_upserts
from lightrag_integrations.models import Document
from lightrag_integrations.store import Onto
from lightrag_integrations.text.chunk import CHUNKER

__all__ = ["accepted_jobs", "given_before"]

_LOOK_UP = 1000
_ACCEPT_DOCUMENTS = 256
_ACCEPT_CHARACTERS = 4_000_000


async def accepted_jobs(
    documents: Sequence[Document], call: Call, leases: Leases, *, again: list[Document]
) -> AsyncIterator[Job]:
    """The documents that have to be worked on, written down as pending and leased by this call.

    Unchanged ones cost nothing more than a look; where only source or metadata differ, only these are written. The
    first few come alone: on them work can begin.

    Args:
        documents: Checked documents.
        call: The call.
        leases: Told what is held.
        again: Gets the documents to be planned again when these are done: another call was quicker with chunks of
            them, and its chunks are to be kept.
    """
    await _prepare_index(call)
    upserts = {document.id: document for document in documents if is_upsert(document, call.options)}
    # Nothing may be leased yet when they are planned.
    jobs, unchanged = await plan_upserts([*upserts.values()], call, leases)
    call.tally.unchanged(unchanged)
    for batch in chain.from_iterable(_batches([job for job in jobs if job.onto == onto]) for onto in get_args(Onto)):
        accepted = await _accepted(batch, call, leases)
        held = {job.document.id for job in accepted}
        again.extend(upserts[job.document.id] for job in batch if job.document.id not in held)
        for job in accepted:
            yield job
    for part in _portions([one for one in documents if one.id not in upserts], first=call.tools.concurrency):
        pending = await call.tools.run_cpu(partial(_pending, part, call))
        for batch in _batches(await _changed(pending, call)):
            for job in await _accepted(batch, call, leases):
                yield job


async def given_before(documents: Sequence[Document], call: Call) -> frozenset[str]:
    """Which documents were stored from just what is given now.

    Args:
        documents: Checked documents.
        call: The call.
    """
    stored = await call.tools.store.stored([document.id for document in documents])

    def compare() -> frozenset[str]:
        hashes = ((one.id, given_hash(one, call) if one.id in stored else "") for one in documents)
        return frozenset(name for name, made in hashes if made and stored[name].content_hash == made)

    return await call.tools.run_cpu(compare)


async def _accepted(batch: Sequence[Job], call: Call, leases: Leases) -> list[Job]:
    """Those of a batch, all onto the same, that could be written down."""
    store, lease_s = call.tools.store, call.options.lease_s
    pending = [job.pending for job in batch]
    wanted = [job.document.id for job in batch]
    leases.hold(wanted)
    accepted = await store.accept(pending, owner=call.owner, lease_s=lease_s, onto=batch[0].onto)
    leases.got(accepted, wanted)
    call.tally.accepted(len(accepted))
    return [job for job in batch if job.document.id in accepted]


async def _prepare_index(call: Call) -> None:
    """Find out before anything is paid or written that the index holds vectors of another model; record what is new."""
    store, fingerprint = call.tools.store, call.tools.embedder.fingerprint
    recorded = await store.settings()
    if recorded.get("embedding", fingerprint) != fingerprint:
        raise EmbeddingMismatch.between(recorded["embedding"], fingerprint)
    settings = {"tokenizer": call.tools.tokenizer.fingerprint, "chunker": CHUNKER}
    if settings.keys() - recorded.keys():
        await store.record_settings(settings)


def _pending(documents: Sequence[Document], call: Call) -> list[PendingDocument]:
    manner = manner_of(call.options)
    return [
        PendingDocument(document, document_hash(document, call.fingerprint), options=manner) for document in documents
    ]


async def _changed(pending: Sequence[PendingDocument], call: Call) -> list[Job]:
    """Those with new content; the metadata of the others is brought up to date."""
    store = call.tools.store
    stored = await store.stored([item.document.id for item in pending])
    same = [item for item in pending if _known(stored, item)]
    # An older input that is still pending or failed would come back at a retry: it has to be replaced.
    unfinished = await _unfinished([item.document.id for item in same], call)
    settled = {item.document.id for item in same} - unfinished
    touched = [item for item in same if item.document.id in settled and not _same_labels(item.document, stored)]
    if touched:
        await store.update_metadata(touched)
    call.tally.unchanged(len(settled))
    return [Job(item, item.document.id in stored) for item in pending if item.document.id not in settled]


async def _unfinished(document_ids: Sequence[str], call: Call) -> set[str]:
    if not document_ids:
        return set()
    statuses = await call.tools.store.statuses(status=None, document_ids=document_ids, limit=None)
    return {status.id for status in statuses if status.status != "processed"}


def _known(stored: Mapping[str, StoredDocument], item: PendingDocument) -> bool:
    known = stored.get(item.document.id)
    return known is not None and known.content_hash == item.content_hash


def _same_labels(document: Document, stored: Mapping[str, StoredDocument]) -> bool:
    known = stored[document.id]
    return known.source == document.source and same_json(document.metadata, dict(known.metadata))


def _portions(documents: Sequence[Document], *, first: int) -> Iterator[Sequence[Document]]:
    if documents:
        yield documents[:first]
    for start in range(first, len(documents), _LOOK_UP):
        yield documents[start : start + _LOOK_UP]


def _batches(jobs: Sequence[Job]) -> Iterator[list[Job]]:
    """Batches of limited number and size, in order."""
    batch: list[Job] = []
    size = 0
    for job in jobs:
        if batch and (len(batch) >= _ACCEPT_DOCUMENTS or size + job.size > _ACCEPT_CHARACTERS):
            yield batch
            batch, size = [], 0
        batch.append(job)
        size += job.size
    if batch:
        yield batch
