"""The graph around some nodes: edges, totals and links, each read bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lightrag_integrations.rows import EdgeBatch
from lightrag_integrations.storage.postgres.reads import Reads
from lightrag_integrations.storage.postgres.wire import int4_array

__all__ = ["GraphReads"]


class GraphReads(Reads):
    """Edges between entities and chunks."""

    async def named(self, keys: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        """See `store.Reader.named`."""
        rows = await self._seen("named", keys=list(keys))
        return {key: (entity, mentions) for key, entity, mentions in rows}

    async def edges(self, *, entities: Sequence[int], chunks: Sequence[int], limit: int) -> EdgeBatch:
        """See `store.Reader.edges`."""
        names, passages = int4_array(entities), await self._shown(chunks)
        mentions: dict[tuple[int, int], float] = {}
        facts: dict[int, tuple[int, int, float, int]] = {}
        if len(entities):
            for entity, chunk, is_title in await self._seen("entity_mentions", entities=names, limit=limit):
                mentions[entity, chunk] = 2.0 if is_title else 1.0
            for row in await self._seen("entity_facts", entities=names, limit=limit):
                facts[row[3]] = (row[0], row[1], row[2], row[3])
        if len(chunks):
            for entity, chunk, is_title in await self._rows("chunk_mentions", chunks=passages, limit=limit):
                mentions[entity, chunk] = 2.0 if is_title else 1.0
        return EdgeBatch(
            mentions=[(entity, chunk, weight) for (entity, chunk), weight in mentions.items()],
            facts=list(facts.values()),
            entity_totals=dict(await self._seen("entity_totals", entities=names)) if len(entities) else {},
            chunk_totals=dict(await self._rows("chunk_totals", chunks=passages)) if len(chunks) else {},
        )

    async def title_links(self, chunks: Sequence[int], limit: int) -> Sequence[tuple[int, int, float]]:
        """See `store.Reader.title_links`."""
        rows = await self._seen("title_links", chunks=await self._shown(chunks), limit=limit)
        return [(p, q, 1.0) for p, q in rows]

    async def shared_links(
        self, chunks: Sequence[int], *, max_frequency: int, limit: int
    ) -> Sequence[tuple[int, int, float]]:
        """See `store.Reader.shared_links`; a pair that shares several entities comes once for each."""
        rows = await self._seen("shared_links", chunks=await self._shown(chunks), most=max_frequency, limit=limit)
        return [(p, q, weight) for p, q, weight in rows]

    async def mentions_of_chunks(self, chunks: Sequence[int]) -> Sequence[tuple[int, int, bool]]:
        """See `store.Reader.mentions_of_chunks`."""
        rows = await self._rows("mentions_of_chunks", chunks=await self._shown(chunks))
        return [(chunk, entity, is_title) for chunk, entity, is_title in rows]

    async def mentions_of_entities(self, entities: Sequence[int], limit: int) -> Sequence[tuple[int, int]]:
        """See `store.Reader.mentions_of_entities`."""
        rows = await self._seen("mentions_of_entities", entities=int4_array(entities), limit=limit)
        return [(entity, chunk) for entity, chunk in rows]
