"""Chunks as they are returned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lightrag_integrations.rows import ChunkRow
from lightrag_integrations.storage.postgres.reads import Reads
from lightrag_integrations.storage.postgres.wire import read_halfvec

__all__ = ["ChunkReads"]


class ChunkReads(Reads):
    """Texts and spans."""

    async def chunks(self, ids: Sequence[int]) -> Mapping[int, ChunkRow]:
        """See `reader.Reader.chunks`."""
        if self._told.chunks.keys() >= set(ids):
            return {one: _chunk(self._told.chunks[one]) for one in ids}
        rows = await self._rows("chunks", chunks=await self._shown(ids))
        return {row[0]: _chunk(row) for row in rows}

    async def places(self, ids: Sequence[int]) -> Mapping[int, tuple[str, int, str]]:
        """See `reader.Reader.places`."""
        return {row[0]: row[1:] for row in await self._rows("places", chunks=await self._shown(ids))}

    async def find_chunks(self, chunk_ids: Sequence[str]) -> Sequence[ChunkRow]:
        """See `reader.Reader.find_chunks`."""
        found = {row[1]: _chunk(row) for row in await self._seen("find_chunks", ids=list(chunk_ids))}
        return [found[chunk_id] for chunk_id in dict.fromkeys(chunk_ids) if chunk_id in found]

    async def all_chunks(self, limit: int | None = None) -> Sequence[ChunkRow]:
        """See `reader.Reader.all_chunks`."""
        return [_chunk(row) for row in await self._seen("all_chunks", limit=limit)]

    async def vectors(self, chunk_ids: Sequence[str]) -> Mapping[str, Sequence[float]]:
        """See `reader.Reader.vectors`."""
        await self._overview()  # says which vectors are searched
        rows = await self._seen("vectors", ids=list(chunk_ids))
        return {chunk_id: read_halfvec(data) for chunk_id, data in rows}


def _chunk(row: Sequence[Any]) -> ChunkRow:
    surrogate, chunk_id, document_id, title, text, source, position, start, end, metadata, content_hash = row
    return ChunkRow(
        id=surrogate, chunk_id=chunk_id, document_id=document_id, title=title, text=text, source=source,
        position=position, start=start, end=end, metadata=metadata, content_hash=content_hash,
    )  # fmt: skip
