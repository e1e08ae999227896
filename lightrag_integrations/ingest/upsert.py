"""Upsert: chunks given for documents that keep their other chunks.

Writing a document down as pending replaces what was pending of it, which here would lose another caller's chunks. So
a call waits until nobody works on its documents, takes unfinished chunks over, and writes a document down only where
nothing is pending of it but what it took over: where another call was quicker it plans that document again later.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import partial

from lightrag_integrations.contributions import PendingDocument, StoredChunk, StoredDocument
from lightrag_integrations.ingest.call import Call, Job
from lightrag_integrations.ingest.check import same_json
from lightrag_integrations.ingest.fit import Fit, fit_of
from lightrag_integrations.ingest.identity import document_hash, ready_made, same_upsert, upsert_hash
from lightrag_integrations.ingest.lease import Leases
from lightrag_integrations.ingest.manner import manner_of
from lightrag_integrations.ingest.split import chunks_of, prepare_chunk
from lightrag_integrations.models import Chunk, Document
from lightrag_integrations.options import IngestOptions

__all__ = ["Hashes", "changed_chunks", "is_upsert", "plan_upserts"]

_LOOK_AGAIN_S = 0.1
Hashes = Mapping[str, StoredChunk]


def is_upsert(document: Document, options: IngestOptions) -> bool:
    """Only given chunks can be added to others; a text stands for its whole document."""
    return options.on_existing == "upsert_chunks" and document.chunks is not None


def given_hash(document: Document, call: Call) -> str:
    """The hash that is stored with a document when this is all that is given of it."""
    if not is_upsert(document, call.options):
        return document_hash(document, call.fingerprint)
    return upsert_hash(_completed([document], call)[0], call.fingerprint)


async def plan_upserts(documents: Sequence[Document], call: Call, leases: Leases) -> tuple[list[Job], int]:
    """What has to be worked on: the new and the changed chunks, with what others left unfinished.

    Args:
        documents: With chunks. Nothing may be leased by this call yet: two calls must not wait for each other.
        call: The call.
        leases: Told what is held.

    Returns:
        The jobs, and the number of documents of which nothing changed.
    """
    if not documents:
        return [], 0
    ids = [document.id for document in documents]
    titles, unfinished = await _unfinished(ids, call, leases)
    fit = await fit_of(call.tools, asking=False) if unfinished else None
    stored = await call.tools.store.stored(ids)
    hashes = await call.tools.store.chunk_hashes(ids)
    jobs = []
    completed = await call.tools.run_cpu(partial(_completed, documents, call))
    for given, document in zip(documents, completed, strict=True):
        known, left = stored.get(document.id), unfinished.get(document.id)
        # What was left takes the place of what is stored: a chunk that is equal to the stored one is new to it.
        base = known if left is None else None
        old = hashes.get(document.id, {})
        changed = changed_chunks(given, document, base, hashes=old, fingerprint=call.fingerprint)
        same = known is not None and left is None and not changed and _same_labels(document, known)
        if same and titles.get(document.id) == document.title and await _same_text(document, call):
            continue
        pending = _pending(document.model_copy(update={"chunks": tuple(changed)}), left, call, fit)
        jobs.append(Job(pending, stored=known is not None, onto="nothing" if left is None else "own"))
    return jobs, len(documents) - len(jobs)


async def _unfinished(
    document_ids: Sequence[str], call: Call, leases: Leases
) -> tuple[dict[str, str], dict[str, PendingDocument]]:
    """Wait until nobody works on the documents, then claim what is pending of them; titles, and what was claimed."""
    store = call.tools.store
    while True:
        statuses = await store.statuses(status=None, document_ids=document_ids, limit=None)
        if all(status.status != "processing" for status in statuses):
            break
        await asyncio.sleep(_LOOK_AGAIN_S)
    titles = {status.id: status.title for status in statuses}
    left = [status.id for status in statuses if status.status != "processed"]
    if not left:
        return titles, {}
    leases.hold(left)
    claimed = await store.claim(left, owner=call.owner, lease_s=call.options.lease_s, limit=len(left))
    leases.got((pending.document.id for pending in claimed), left)
    return titles, {pending.document.id: pending for pending in claimed}


def _completed(documents: Sequence[Document], call: Call) -> list[Document]:
    """The documents, their chunks with title, place, span and token count."""
    return [
        document.model_copy(update={"chunks": tuple(chunks_of(document, call.tools.tokenizer, call.options))})
        for document in documents
    ]


def changed_chunks(
    given: Document, document: Document, known: StoredDocument | None, *, hashes: Hashes, fingerprint: str
) -> list[Chunk]:
    """The chunks that are not stored as they are.

    Args:
        given: As the caller gave it.
        document: The same with its chunks as they would be stored.
        known: The stored document.
        hashes: Of its chunks, from `Store.chunk_hashes`.
        fingerprint: See `identity.options_fingerprint`.
    """
    chunks = list(document.chunks or ())
    if known is None:
        return chunks
    moved = _moved(given, document, hashes)
    same_options, same_given = same_upsert(known.content_hash, upsert_hash(document, fingerprint))
    return [
        chunk
        for chunk in chunks
        if not same_options
        or (not same_given and ready_made(chunk))
        or chunk.id in moved
        or not _same_chunk(chunk, document, hashes)
    ]


def _same_chunk(chunk: Chunk, document: Document, hashes: Hashes) -> bool:
    known = hashes.get(chunk.id)
    prepared = prepare_chunk(chunk, document)
    same = known is not None and prepared.content_hash == known.content_hash
    return same and known is not None and same_json(prepared.chunk.metadata, json.loads(known.metadata))


def _moved(given: Document, completed: Document, hashes: Hashes) -> set[str]:
    """Chunks of which the caller says another place or size than is stored; what is left out stays as it is.

    Args:
        given: As the caller gave it.
        completed: The same, chunks completed.
        hashes: What is stored.
    """
    moved = set()
    for said, chunk in zip(given.chunks or (), completed.chunks or (), strict=True):
        known = hashes.get(chunk.id)
        placed = said.end > said.start or bool(given.text)
        if known is not None and (
            ("position" in said.model_fields_set and chunk.position != known.position)
            or (placed and (chunk.start, chunk.end) != (known.start, known.end))
            or (said.token_count > 0 and said.token_count != known.token_count)
        ):
            moved.add(chunk.id)
    return moved


def _pending(document: Document, left: PendingDocument | None, call: Call, fit: Fit | None) -> PendingDocument:
    """The document with the chunks an earlier call left unfinished under its own."""
    attempts, replace = 0, False
    if left is not None:
        attempts, replace = left.attempts, left.replace
        kept = _fitting(chunks_of(left.document, call.tools.tokenizer, call.options), document, fit)
        earlier = {chunk.id: chunk for chunk in kept}
        earlier.update((chunk.id, chunk) for chunk in document.chunks or ())
        text = document.text or left.document.text
        document = document.model_copy(update={"chunks": tuple(earlier.values()), "text": text})
    return PendingDocument(
        document,
        upsert_hash(document, call.fingerprint),
        replace=replace,
        attempts=attempts,
        options=manner_of(call.options),
    )


def _fitting(earlier: Sequence[Chunk], document: Document, fit: Fit | None) -> list[Chunk]:
    """What was left unfinished, without vectors that can't be stored beside those given now: it would fail for ever.

    Args:
        earlier: The chunks that were left.
        document: With the chunks given now; those of the same text stand for earlier ones with such vectors, as
            another attempt gives them other ids.
        fit: What vectors must be like, where it is known.
    """
    given = {len(chunk.embedding) for chunk in document.chunks or () if chunk.embedding}
    lengths = {fit.dimension} if fit is not None else given
    texts = {chunk.text for chunk in document.chunks or ()}
    kept = []
    for chunk in earlier:
        if not lengths or not chunk.embedding or len(chunk.embedding) in lengths:
            kept.append(chunk)
        elif chunk.text not in texts:
            kept.append(chunk.model_copy(update={"embedding": None}))
    return kept


async def _same_text(document: Document, call: Call) -> bool:
    """A text that is not given stays as it is."""
    return not document.text or await call.tools.store.document_text(document.id) == document.text


def _same_labels(document: Document, known: StoredDocument) -> bool:
    return known.source == document.source and same_json(document.metadata, dict(known.metadata))
