"""Vector search: exact while it is cheap or must be, through an HNSW index otherwise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from psycopg import AsyncCursor

from lightrag_integrations.rows import Statement
from lightrag_integrations.storage.postgres.parts import Tuning
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.reads import Reads
from lightrag_integrations.storage.postgres.wire import Raw

__all__ = ["NearestReads", "widened"]

_MOST_CANDIDATES = 1000
"""pgvector's largest hnsw.ef_search."""
_LEAST, _GROWTH, _ENOUGH = 100, 0.8, 400
"""With as many candidates a larger index finds fewer of the nearest: 100 found .956 of the nearest 20 of 20,000
synthetic chunks, and .845 of 100,000; of these, 253 found .95."""
_PLURAL = MappingProxyType({"chunk": "chunks", "entity": "entities", "fact": "facts"})


class NearestReads(Reads):
    """The vectors nearest to a question's."""

    async def nearest_chunks(self, vector: Sequence[float], limit: int) -> Sequence[tuple[int, float]]:
        """See `reader.Reader.nearest_chunks`."""
        return [(chunk, score) for chunk, score in await self._nearest("chunk", vector, limit)]

    async def nearest_entities(self, vector: Sequence[float], limit: int) -> Sequence[tuple[int, float]]:
        """See `reader.Reader.nearest_entities`."""
        return [(entity, score) for entity, score in await self._nearest("entity", vector, limit)]

    async def nearest_facts(self, vector: Sequence[float], limit: int) -> Sequence[tuple[Statement, float]]:
        """See `reader.Reader.nearest_facts`."""
        return [(Statement(*fact), score) for *fact, score in await self._nearest("fact", vector, limit)]

    async def similarities(self, vector: Sequence[float], chunks: Sequence[int]) -> Mapping[int, float]:
        """See `reader.Reader.similarities`."""
        packed = await self._question(vector)
        if packed is None:
            return {}
        return dict(await self._rows("similarities", vector=packed, chunks=await self._shown(chunks)))

    async def _nearest(self, table: str, vector: Sequence[float], limit: int) -> list[tuple[Any, ...]]:
        packed = await self._question(vector)
        if packed is None or limit < 1:
            return []
        key = (table, packed, limit)
        if (begun := self._told.near_begun.pop(key, None)) is not None:
            self._told.near[key] = await begun
            await self._begin_next()
        told = self._told.near.get(key, ())
        if len(told) >= limit:
            return list(told)
        candidates = await self._candidates(table, limit)
        if candidates:
            rows = await self._through_index(table, candidates, packed, limit)
            if len(rows) >= limit:
                return rows
        await self._use_any_plan()
        # Too few came through filter and deletions, or there is no index: look at every visible vector.
        return await self._seen(f"exact_{_PLURAL[table]}", vector=packed, limit=limit)

    async def _begin_next(self) -> None:
        """Have the next of the nearest looked for, one after the other: what else is asked meanwhile goes between."""
        if self._told.near_next:
            table, packed, limit = key = self._told.near_next.popleft()
            candidates = await self._candidates(table, limit)
            if candidates and candidates == self._steered:  # planned for just that
                self._told.near_begun[key] = await self.begin(self._through_index(table, candidates, packed, limit))

    async def _through_index(self, table: str, candidates: int, packed: Raw, limit: int) -> list[tuple[Any, ...]]:
        """Rows of a statement that goes through a vector index."""
        name = f"indexed_{_PLURAL[table]}"
        told = {"candidates": candidates, "vector": packed, "limit": limit, **self._sight(name)}
        if self._steered == candidates:
            return await self._rows(name, **told)
        async with self._turns as connection, connection.pipeline():
            await self._send(connection, "use_index", candidates=str(candidates))
            found = await self._send(connection, name, **told)
            await self._send(connection, "use_any_plan")
        self._steered = 0
        return await found.fetchall()

    async def _send(self, connection: Connection, name: str, **params: Any) -> AsyncCursor[tuple[Any, ...]]:
        """Run a statement inside a pipeline; its rows are there when the pipeline has ended."""
        return await connection.execute(self._layout.statements[name], params, binary=True)

    async def _use_any_plan(self) -> None:
        if self._steered:
            self._steered = 0
            await self._rows("use_any_plan")

    async def _candidates(self, table: str, limit: int) -> int:
        """How many vectors to take from the index before the filter; 0: don't use it."""
        visible = await self._visible_ids()
        if visible is not None and len(visible) <= self._tuning.exact_rows:
            return 0
        overview = await self._overview()
        if not overview.indexed(table):
            return 0
        # Widened by the share of chunks that the filter leaves; what it still lacks, the exact search finds.
        share = 1.0
        if visible is not None:
            share = max(len(visible), 1) / max(overview.chunks, 1)
        return widened(limit / share, overview.chunks, self._tuning)


def widened(limit: float, chunks: int, tuning: Tuning) -> int:
    """Candidates of a search.

    Args:
        limit: For so many.
        chunks: In an index of so many.
        tuning: The least number of candidates.

    Returns:
        Their number; 0: more than an index gives.
    """
    least = tuning.ef_search or round(min(max(_LEAST, _GROWTH * math.sqrt(chunks)), _ENOUGH))
    wanted = max(least, round(2 * limit))
    return wanted if wanted <= _MOST_CANDIDATES else 0
