"""How near the names of entities are to each other in meaning."""

from __future__ import annotations

from collections.abc import Sequence

from lightrag_integrations.storage.postgres.parts import columns
from lightrag_integrations.storage.postgres.reads import Reads
from lightrag_integrations.storage.postgres.wire import int4_array

__all__ = ["SimilarReads"]

_EXACT = 2000
"""Up to so many entities each is compared with all; from there on only through a vector index."""
_BATCH = 500


class SimilarReads(Reads):
    """Entities compared by the vectors of their names."""

    async def near_entities(self, entities: Sequence[int], limit: int) -> Sequence[tuple[int, int, float]]:
        """See `whole.WholeReader.near_entities`."""
        overview = await self._overview()
        exact = len(entities) <= _EXACT
        if not exact and not overview.indexed("entity"):
            return []
        among = int4_array(entities) if exact else None
        found: list[tuple[int, int, float]] = []
        for start in range(0, len(entities), _BATCH):
            part = int4_array(entities[start : start + _BATCH])
            if exact:
                rows = await self._rows("near_among", entities=part, among=among, limit=limit)
            else:
                rows = await self._rows("near_entities", entities=part, limit=limit + 1)
            found += [(first, second, cosine) for first, second, cosine in rows]
        return found

    async def entity_cosines(self, pairs: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int, float]]:
        """See `whole.WholeReader.entity_cosines`."""
        await self._overview()  # says which vectors are searched
        firsts, seconds = columns(pairs, 2)
        rows = await self._rows("entity_cosines", firsts=int4_array(firsts), seconds=int4_array(seconds))
        return [(first, second, cosine) for first, second, cosine in rows]
