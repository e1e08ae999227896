"""Chunks written again with other contributions: read, changed and stored in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from lightrag_integrations.contributions import Fact, Mention, PreparedChunk, PreparedDocument
from lightrag_integrations.models import Chunk, Document
from lightrag_integrations.notes import Note
from lightrag_integrations.rework import Change, Reworked, Vectors
from lightrag_integrations.storage.postgres.edits import share_edits
from lightrag_integrations.storage.postgres.filled import layout_for
from lightrag_integrations.storage.postgres.parts import StorePart, run
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.reads import recorded_dimension
from lightrag_integrations.storage.postgres.removal import delete_stored_chunks
from lightrag_integrations.storage.postgres.rows import validate, vector
from lightrag_integrations.storage.postgres.schema import Layout
from lightrag_integrations.storage.postgres.wire import halfvec_array, int4_array, read_halfvec
from lightrag_integrations.storage.postgres.write import store_documents
from lightrag_integrations.text.terms import term_hashes

__all__ = ["ReworkPart"]

Row = tuple[Any, ...]


class ReworkPart(StorePart):
    """`rework` of the store."""

    async def rework(
        self,
        chunk_ids: Sequence[str],
        change: Change,
        *,
        homes: Sequence[str] = (),
        vectors: Vectors | None = None,
        model: str = "",
    ) -> Reworked:
        """See `store.Store.rework`."""
        ids, documents = sorted(set(chunk_ids)), sorted(set(homes))
        work = partial(_rework, chunk_ids=ids, change=change, homes=documents, vectors=vectors or {}, model=model)
        done = await self._transact(work, _both)
        if done.documents or done.gone:
            self._changed(removed=True)
        return done


def _both(first: Reworked, second: Reworked) -> Reworked:
    """What the first try changed, if it stands, the second finds as it should be."""
    return second if second.documents or second.gone else first


async def _rework(
    connection: Connection,
    layout: Layout,
    *,
    chunk_ids: list[str],
    change: Change,
    homes: list[str],
    vectors: Vectors,
    model: str,
) -> Reworked:
    await share_edits(connection, layout)
    layout = await layout_for(connection, layout, {model})
    await run(connection, layout, "lock_pending_of_chunks", ids=chunk_ids)
    owners = [row[0] for row in await run(connection, layout, "documents_of_chunks", ids=chunk_ids)]
    if homes:
        await run(connection, layout, "lock_chunk_homes", ids=homes)
    locked = await run(connection, layout, "lock_documents", ids=sorted({*owners, *homes}))
    stored = await _stored(connection, layout, chunk_ids)
    done = change(stored)
    validate(done.documents)
    if done.gone:
        await delete_stored_chunks(connection, layout, ids=list(done.gone))
    await store_documents(connection, layout, done.documents)
    if vectors and not done.missing:
        await _set_vectors(connection, layout, vectors)
    ids = int4_array([row[0] for row in locked])
    empty = int4_array([row[0] for row in await run(connection, layout, "empty_documents", documents=ids)])
    await run(connection, layout, "remove_documents", documents=empty)
    return done


async def _set_vectors(connection: Connection, layout: Layout, vectors: Vectors) -> None:
    dimension = recorded_dimension(dict(await run(connection, layout, "meta")))
    keys = sorted(vectors)
    packed = [vector(vectors[key], dimension) for key in keys]
    embeddings = halfvec_array(packed, layout.halfvec_oid)
    await run(connection, layout, "set_entity_vectors", keys=keys, embeddings=embeddings)


async def _stored(connection: Connection, layout: Layout, chunk_ids: Sequence[str]) -> dict[str, PreparedDocument]:
    """Chunks as they were said, each with its document, by chunk id."""
    rows = await run(connection, layout, "whole_chunk_rows", ids=list(chunk_ids))
    chunks = int4_array([row[0] for row in rows])
    told: dict[str, dict[int, list[Row]]] = {}
    for kind in ("mentions", "facts", "notes"):
        told[kind] = {}
        for chunk, *rest in await run(connection, layout, f"whole_chunk_{kind}", chunks=chunks):
            told[kind].setdefault(chunk, []).append(tuple(rest))
    made = await asyncio.to_thread(lambda: [_document(row, told) for row in rows])
    return {document.chunks[0].chunk.id: document for document in made}


def _document(row: Row, told: Mapping[str, Mapping[int, Sequence[Row]]]) -> PreparedDocument:
    surrogate, document_id, title, source, metadata, content_hash, *own = row
    chunk = _chunk(document_id, own)
    facts = told["facts"].get(surrogate, ())
    # Ordinals are places: after a repair they may have gaps.
    places = {fact[-1]: place for place, fact in enumerate(facts)}
    notes = [Note(*note) for note in told["notes"].get(surrogate, ())]
    kept = [
        note if note.ordinal is None else replace(note, ordinal=places[note.ordinal])
        for note in notes
        if note.ordinal is None or note.ordinal in places
    ]
    chunk = replace(
        chunk,
        mentions=tuple(Mention(*mention) for mention in told["mentions"].get(surrogate, ())),
        facts=tuple(_fact(fact) for fact in facts),
        notes=tuple(kept),
    )
    document = Document(id=document_id, title=title, source=source, metadata=metadata)
    return PreparedDocument(document=document, content_hash=content_hash, chunks=[chunk], replace=False)


def _chunk(document_id: str, row: Sequence[Any]) -> PreparedChunk:
    chunk_id, position, start, end, tokens, length, title, text, content_hash, metadata, embedding = row
    chunk = Chunk(
        id=chunk_id, document_id=document_id, position=position, start=start, end=end, token_count=tokens, title=title,
        text=text, metadata=metadata,
    )  # fmt: skip
    values = None if embedding is None else read_halfvec(embedding)
    terms = term_hashes(chunk.content)
    return PreparedChunk(chunk, content_hash, terms, length, embedding=values)


def _fact(row: Row) -> Fact:
    source, target, description, keywords, weight, start, end, cooccurrence, embedding, _ = row
    values = None if embedding is None else read_halfvec(embedding)
    return Fact(
        source, target, description, tuple(keywords), weight, start=start, end=end, cooccurrence=cooccurrence,
        embedding=values,
    )  # fmt: skip
