"""Storing documents: all rows, vectors and postings of a batch in one transaction.

The order in which rows are locked is the same everywhere, so writers can't deadlock: pending rows, documents, chunks,
entities, relations, each in the order of their keys. Entities and relations are inserted once and never changed but
for an entity's vector; everything else is append-only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from lightrag_integrations.contributions import PreparedDocument
from lightrag_integrations.errors import InputError
from lightrag_integrations.storage.postgres.bodies import Bodies
from lightrag_integrations.storage.postgres.edits import apply_to_new, share_edits
from lightrag_integrations.storage.postgres.filled import layout_for
from lightrag_integrations.storage.postgres.identities import hold_relations
from lightrag_integrations.storage.postgres.parts import StorePart, columns, run
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.removal import remove_chunks
from lightrag_integrations.storage.postgres.rows import (
    Batch,
    Placed,
    Row,
    chunk_rows,
    entity_keys,
    fact_rows,
    mention_rows,
    note_rows,
    pair_code,
    pair_ends,
    pairs,
    posting_rows,
    tie_of,
    validate,
    vector,
)
from lightrag_integrations.storage.postgres.schema import Layout
from lightrag_integrations.storage.postgres.wire import copy_data, halfvec_array, json_text, text_array
from lightrag_integrations.text.postings import invert_terms, pack_ints

__all__ = ["WritePart", "add_segment", "copy_in", "store_documents"]


class WritePart(StorePart):
    """`commit` of the store."""

    async def commit(self, documents: Sequence[PreparedDocument], *, owner: str) -> frozenset[str]:
        """See `store.Store.commit`."""
        validate(documents)
        stored, removed = await self._transact(partial(_commit, documents=documents, owner=owner), _either)
        self._changed(removed=removed)
        return stored


async def _commit(
    connection: Connection, layout: Layout, *, documents: Sequence[PreparedDocument], owner: str
) -> tuple[frozenset[str], bool]:
    """Store those that are still the owner's; their ids, and whether older chunks made room for them."""
    await share_edits(connection, layout)
    ids = [document.document.id for document in documents]
    layout = await layout_for(connection, layout, {document.model for document in documents})
    owned = dict(await run(connection, layout, "own_pending", ids=ids, owner=owner))
    writer = _Writer(connection, layout)
    await writer.store([_wanted(one, owned[one.document.id]) for one in documents if one.document.id in owned])
    await run(connection, layout, "remove_pending", ids=list(owned))
    return frozenset(owned), writer.removed


async def store_documents(connection: Connection, layout: Layout, documents: Sequence[PreparedDocument]) -> bool:
    """Store documents that nothing is pending of for this caller; whether older chunks made room for them.

    Args:
        connection: In a transaction that shares the lock of the edits.
        layout: From `layout_for`.
        documents: Checked by `validate`.
    """
    writer = _Writer(connection, layout)
    await writer.store(documents)
    return writer.removed


def _either(first: tuple[frozenset[str], bool], second: tuple[frozenset[str], bool]) -> tuple[frozenset[str], bool]:
    """What the first try stored, if it stands, the second finds no longer pending."""
    return first[0] | second[0], first[1] or second[1]


def _wanted(document: PreparedDocument, chunk_ids: Sequence[str] | None) -> PreparedDocument:
    """The document without chunks that were deleted while it was in work."""
    wanted = None if chunk_ids is None else frozenset(chunk_ids)
    if wanted is None or wanted.issuperset(chunk.chunk.id for chunk in document.chunks):
        return document
    kept = [chunk for chunk in document.chunks if chunk.chunk.id in wanted]
    # Without a hash the same input is stored anew instead of being taken for unchanged.
    return replace(document, chunks=kept, content_hash="")


class _Writer:
    def __init__(self, connection: Connection, layout: Layout) -> None:
        self._connection = connection
        self._layout = layout
        self.removed = False
        """Chunks made room for new ones, and may have been the last to tell of something."""

    async def _run(self, name: str, **params: Any) -> list[tuple[Any, ...]]:
        return await run(self._connection, self._layout, name, **params)

    async def store(self, documents: Sequence[PreparedDocument]) -> None:
        if not documents:
            return
        dimension = await self._dimension()
        surrogates = await self._documents(documents)
        await self._clear(documents, surrogates)
        placed = await self._place(documents, surrogates)
        if placed:
            async with Bodies() as bodies:
                await self._derived(documents, placed, dimension, bodies=bodies)

    async def _derived(
        self, documents: Sequence[PreparedDocument], placed: Sequence[Placed], dimension: int | None, *, bodies: Bodies
    ) -> None:
        """Write what the chunks say; rows are put together while the server is at work on others."""
        chunks = bodies.put(lambda: chunk_rows(Batch(placed, {}, {}, dimension)))
        segment = await self._segment(placed)
        postings = bodies.put(lambda: _postings(segment, placed))
        await self._copy("copy_chunks", chunks)
        entities, roots = await self._entities(documents, dimension)
        mentions = bodies.put(lambda: mention_rows(Batch(placed, entities, {}, dimension)))
        wanted = pairs(placed, entities)
        # The relations that edits make of these, too, so that all are locked in one order.
        shown = {pair_code(roots.get(a, a), roots.get(b, b)) for a, b in map(pair_ends, wanted)} if roots else set()
        relations = await hold_relations(self._connection, self._layout, sorted(wanted | shown))
        facts = bodies.put(lambda: fact_rows(Batch(placed, entities, relations, dimension)))
        await self._copy("copy_postings", postings)
        await self._copy("copy_mentions", mentions)
        await self._copy("copy_facts", facts)
        if any(one.prepared.notes for one in placed):
            await self._copy("copy_notes", bodies.put(lambda: note_rows(Batch(placed, {}, {}, dimension))))
        if await apply_to_new(self._connection, self._layout, [one.id for one in placed]):
            self.removed = True

    async def _dimension(self) -> int | None:
        meta = dict(await self._run("meta"))
        return int(meta["dimension"]) if "dimension" in meta else None

    async def _documents(self, documents: Sequence[PreparedDocument]) -> dict[str, int]:
        """Write the documents' own rows; caller's id to surrogate id."""
        bare = [one.document.id for one in documents if not one.replace and not one.document.text]
        kept = dict(await self._run("texts", ids=bare)) if bare else {}
        rows = [
            (d.id, d.title, d.source, json_text(d.metadata), kept.get(d.id, d.text), one.content_hash)
            for one in documents
            for d in (one.document,)
        ]
        ids, titles, sources, metadata, contents, hashes = columns(rows, 6)
        found = await self._run(
            "upsert_documents",
            ids=ids, titles=titles, sources=sources, metadata=metadata, contents=contents, hashes=hashes,
        )  # fmt: skip
        return dict(found)

    async def _clear(self, documents: Sequence[PreparedDocument], surrogates: Mapping[str, int]) -> None:
        """Remove what the new chunks replace; refuse chunk ids that belong to other documents."""
        whole = [surrogates[one.document.id] for one in documents if one.replace]
        gone = dict(await self._run("chunks_of_documents", documents=whole)) if whole else {}
        home = {chunk.chunk.id: one.document.id for one in documents for chunk in one.chunks}
        foreign = []
        for surrogate, length, _, document_id, chunk_id in await self._run("chunks_by_id", ids=list(home)):
            if home[chunk_id] == document_id:
                gone[surrogate] = length
            elif surrogate not in gone:
                foreign.append(
                    f"chunk id {chunk_id!r} of document {home[chunk_id]!r} belongs to document {document_id!r}"
                )
        if foreign:
            raise InputError(f"can't store: {'; '.join(foreign)}; use other ids or delete those chunks", tuple(foreign))
        self.removed = bool(gone)
        await remove_chunks(self._connection, self._layout, gone, replaced=list(home))

    async def _place(self, documents: Sequence[PreparedDocument], surrogates: Mapping[str, int]) -> list[Placed]:
        chunks = [(surrogates[one.document.id], chunk) for one in documents for chunk in one.chunks]
        sequence = f'"{self._layout.schema}".chunk_id_seq'
        ids = await self._run("next_ids", sequence=sequence, count=len(chunks)) if chunks else []
        return [
            Placed(surrogate, document, tie_of(chunk.chunk.id), chunk)
            for (surrogate,), (document, chunk) in zip(ids, chunks, strict=True)
        ]

    async def _entities(
        self, documents: Sequence[PreparedDocument], dimension: int | None
    ) -> tuple[dict[str, int], dict[int, int]]:
        """Insert new entities, lock all against the sweep, give a vector to those without.

        Returns:
            Surrogate ids by key, and by surrogate id that of the entity which edits show in its place.
        """
        given = {key: values for one in documents for key, values in one.entity_embeddings.items()}
        keys = entity_keys(documents)
        roots = dict(await self._run("roots", keys=text_array(keys)))
        missing, found, bare = sorted({*keys, *roots.values()}), {}, []
        # A sweep may remove an entity between our look and our lock: then it is inserted again.
        while missing:
            for key, surrogate, no_vector in await self._run("lock_entities", keys=text_array(missing)):
                found[key] = surrogate
                if no_vector and key in given:
                    bare.append((surrogate, key))
            missing = [key for key in missing if key not in found]
            if missing:
                vectors = [vector(given.get(key), dimension) for key in missing]
                await self._run("insert_entities", keys=text_array(missing), embeddings=self._vectors(vectors))
        await self._embed_entities([(surrogate, vector(given[key], dimension)) for surrogate, key in bare])
        return found, {found[key]: found[root] for key, root in roots.items()}

    async def _embed_entities(self, vectors: Sequence[tuple[int, Any]]) -> None:
        ids, embeddings = columns([pair for pair in vectors if pair[1] is not None], 2)
        if ids:
            await self._run("lock_bare_entities", ids=ids)
            await self._run("embed_entities", ids=ids, embeddings=self._vectors(embeddings))

    def _vectors(self, vectors: Sequence[Any]) -> Any:
        return halfvec_array(vectors, self._layout.halfvec_oid)

    async def _segment(self, placed: Sequence[Placed]) -> int:
        ids, lengths = [one.id for one in placed], [one.prepared.length for one in placed]
        return await add_segment(self._connection, self._layout, ids=ids, lengths=lengths, sign=1, level=0)

    async def _copy(self, name: str, data: Awaitable[bytes]) -> None:
        await _send(self._connection, self._layout.statements[name], await data)


def _postings(segment: int, placed: Sequence[Placed]) -> Iterator[Row]:
    chunks = [one.prepared for one in placed]
    return posting_rows(
        segment,
        invert_terms([one.id for one in placed], [one.terms for one in chunks], [one.length for one in chunks]),
    )


async def copy_in(connection: Connection, statement: bytes, rows: Callable[[], Iterable[Row]]) -> None:
    """COPY rows; they are put together beside the event loop.

    Args:
        connection: In a transaction.
        statement: COPY … FROM STDIN (FORMAT binary).
        rows: Makes the rows.
    """
    await _send(connection, statement, await asyncio.to_thread(lambda: copy_data(rows())))


async def _send(connection: Connection, statement: bytes, data: bytes) -> None:
    async with connection.cursor().copy(statement) as copy:
        await copy.write(data)


async def add_segment(
    connection: Connection, layout: Layout, *, ids: Sequence[int], lengths: Sequence[int], sign: int, level: int
) -> int:
    """Record which chunks came or went; the segment's id."""
    rows = await run(
        connection, layout, "add_segment",
        sign=sign, level=level, count=len(ids), total=sum(lengths), chunks=pack_ints(ids), lengths=pack_ints(lengths),
    )  # fmt: skip
    return int(rows[0][0])
