"""Mirrors of things that stand alone: chunks with their vectors, documents."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from lightrag_integrations.mirror.tools import Counts, Mirror, Part, Read, chunk_items, parts, under_way, vector_id
from lightrag_integrations.mirrored import (
    ChunkItem,
    Compared,
    DocumentItem,
    DocumentTarget,
    MirrorKind,
    Recorded,
    VectorTarget,
)
from lightrag_integrations.models import HIDDEN_KEY
from lightrag_integrations.reader import Reader

__all__ = ["sync_documents", "sync_vectors"]

_CHUNKS = 200
_DOCUMENTS = 20
"""Documents may be long."""


async def sync_vectors(mirror: Mirror[VectorTarget]) -> Counts:
    """Bring the vectors up to date.

    Args:
        mirror: The store that keeps them.

    Raises:
        MirrorError: The store failed; what was done before it did stays.
    """

    async def read(reader: Reader, states: Sequence[Compared]) -> Sequence[ChunkItem]:
        return await chunk_items(reader, states, {state.key: vector_id(mirror.index, state.key) for state in states})

    return await _sync(mirror, "chunk", _CHUNKS, read)


async def sync_documents(mirror: Mirror[DocumentTarget]) -> Counts:
    """Bring the documents up to date.

    Args:
        mirror: The store that keeps them.

    Raises:
        MirrorError: The store failed; what was done before it did stays.
    """
    return await _sync(mirror, "document", _DOCUMENTS, _documents)


async def _documents(reader: Reader, states: Sequence[Compared]) -> Sequence[DocumentItem]:
    hashes = {state.key: state.present or "" for state in states}
    return [
        DocumentItem(
            id=document_id,
            title=title,
            source=source,
            text=text,
            metadata={key: value for key, value in metadata.items() if key != HIDDEN_KEY},
            hash=hashes[document_id],
        )
        for document_id, title, source, metadata, text in await reader.mirror_documents([*hashes])
    ]


async def _sync(mirror: Mirror[Any], kind: MirrorKind, size: int, read: Read[Any]) -> Counts:
    counts = Counts()
    async for part in parts(mirror, kind, size, read):
        await _bring(mirror, kind, part)
        counts.removed += len(part.gone)
        counts.put += len(part.items)
        counts.unchanged += sum(state.same for state in part.states)
    return counts


async def _bring(mirror: Mirror[Any], kind: MirrorKind, part: Part[Any]) -> None:
    """Take out what is gone or not as it should be, as not every store replaces what is there; then put the rest."""
    keys = [item.chunk_id if kind == "chunk" else item.id for item in part.items]
    models = {state.key: state.first for state in part.states}
    rows = [
        Recorded(key=key, stored=item.id, hash=item.hash, label=models[key])
        for key, item in zip(keys, part.items, strict=True)
    ]
    out = [state.stored for state in (*part.gone, *part.changed) if state.past is not None]
    known = frozenset(out)
    async with under_way(mirror, kind, rows):
        # Left by an index of this name that was dropped.
        held = await _held(mirror, [row.stored for row in rows if row.stored not in known])
        if out or held:
            await mirror.run(partial(mirror.target.remove, [*out, *held]))
        await mirror.store.forget_mirrored(mirror.name, kind, [(state.key, "") for state in part.gone])
        if part.items:
            await mirror.run(partial(mirror.target.put, part.items))


async def _held(mirror: Mirror[Any], ids: Sequence[str]) -> list[str]:
    """Those that are in the store, as far as it can tell."""
    held = await mirror.run(partial(mirror.target.held, ids)) if ids else None
    return [] if held is None else [*held]
