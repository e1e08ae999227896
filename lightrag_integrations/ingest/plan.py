"""Plan: compare the input with what is stored; write down as pending what has to be worked on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
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


async def accepted_jobs(documents: Sequence[Document], call: Call, leases: Leases) -> tuple[list[Job], list[Document]]:
    """The documents that have to be worked on, written down as pending and leased by this call.

    Unchanged ones cost nothing more than a look; where only source or metadata differ, only these are written.

    Args:
        documents: Checked documents.
        call: The call.
        leases: Told what is held.

    Returns:
        The jobs, and the documents to be planned again when these are done: another call was quicker with chunks of
        them, and its chunks are to be kept.
    """
    await _prepare_index(call)
    given = {document.id: document for document in documents}
    upserts = [document for document in documents if is_upsert(document, call.options)]
    jobs, unchanged = await plan_upserts(upserts, call)
    call.tally.unchanged(unchanged)
    documents = [document for document in documents if not is_upsert(document, call.options)]
    for start in range(0, len(documents), _LOOK_UP):
        part = documents[start : start + _LOOK_UP]
        pending = await call.tools.run_cpu(partial(_pending, part, call))
        jobs.extend(await _changed(pending, call))
    accepted: set[str] = set()
    for onto in get_args(Onto):
        for batch in _batches([job for job in jobs if job.onto == onto]):
            accepted |= await _accept([job.pending for job in batch], onto, call, leases)
    again = [given[job.document.id] for job in jobs if job.document.id not in accepted]
    return [job for job in jobs if job.document.id in accepted], again


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


async def _accept(batch: Sequence[PendingDocument], onto: Onto, call: Call, leases: Leases) -> frozenset[str]:
    store, lease_s = call.tools.store, call.options.lease_s
    accepted = await store.accept(batch, owner=call.owner, lease_s=lease_s, onto=onto)
    leases.hold(accepted)
    call.tally.accepted(len(accepted))
    return accepted


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
