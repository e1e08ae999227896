"""The graph around some nodes: edges, totals and links, each read bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lightrag_integrations.rows import COUNTED, WEIGHED, EdgeBatch, FactEdges, MentionEdges
from lightrag_integrations.storage.postgres.reads import Reads
from lightrag_integrations.storage.postgres.wire import int4_array

if TYPE_CHECKING:
    from lightrag_integrations.rows import Ints

__all__ = ["GraphReads"]


class GraphReads(Reads):
    """Edges between entities and chunks."""

    async def named(self, keys: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        """See `reader.Reader.named`."""
        told = self._told.named
        if told is not None and told[0] == tuple(keys):
            rows = told[1]
        else:
            rows = await self._seen("named", keys=list(keys), counted=COUNTED)
        return {key: (entity, mentions) for key, entity, mentions in rows}

    async def edges(
        self,
        *,
        entities: Sequence[int],
        chunks: Sequence[int],
        limit: int,
        vector: Sequence[float] | None = None,
        measured: Sequence[int] = (),
        known: Sequence[int] | Ints = (),
    ) -> EdgeBatch:
        """See `reader.Reader.edges`."""
        row = await self._columns(
            "edges",
            entities=int4_array(entities),
            chunks=await self._shown(chunks),
            limit=limit,
            weighed=WEIGHED,
            vector=None if vector is None else await self._question(vector),
            measured=await self._shown(measured),
            known=int4_array(known),
        )
        return EdgeBatch(
            mentions=MentionEdges(*row[:3]),
            facts=FactEdges(*row[3:7]),
            entity_totals=dict(zip(row[7].tolist(), row[8].tolist(), strict=True)),
            chunk_totals=dict(zip(row[9].tolist(), row[10].tolist(), strict=True)),
            cosines=dict(zip(row[11].tolist(), row[12].tolist(), strict=True)),
        )

    async def links(self, chunks: Sequence[int], *, limit: int, shared_by: int) -> Sequence[tuple[int, int, float]]:
        """See `reader.Reader.links`."""
        rows = await self._seen("links", chunks=await self._shown(chunks), limit=limit, shared_by=shared_by)
        return [(p, q, weight) for p, q, weight in rows]

    async def mentions_of_chunks(self, chunks: Sequence[int]) -> Sequence[tuple[int, int, bool]]:
        """See `reader.Reader.mentions_of_chunks`."""
        rows = await self._rows("mentions_of_chunks", chunks=await self._shown(chunks))
        return [(chunk, entity, is_title) for chunk, entity, is_title in rows]

    async def mentions_of_entities(self, entities: Sequence[int], limit: int) -> Sequence[tuple[int, int]]:
        """See `reader.Reader.mentions_of_entities`."""
        rows = await self._seen("mentions_of_entities", entities=int4_array(entities), limit=limit)
        return [(entity, chunk) for entity, chunk in rows]
