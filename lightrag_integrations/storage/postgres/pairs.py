"""Which entities are joined by relations, and what they are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lightrag_integrations.storage.postgres.reads import Reads
from lightrag_integrations.storage.postgres.wire import int4_array

__all__ = ["PairReads"]


class PairReads(Reads):
    """Pairs of entities."""

    async def heaviest_pairs(self, entities: Sequence[int], limit: int) -> Sequence[tuple[int, int]]:
        """See `whole.WholeReader.heaviest_pairs`."""
        rows = await self._seen("heaviest_pairs", entities=int4_array(entities), limit=limit)
        return [(entity, other) for entity, other in rows]

    async def pairs_among(self, entities: Sequence[int]) -> Sequence[tuple[int, int]]:
        """See `whole.WholeReader.pairs_among`."""
        return [(low, high) for low, high in await self._rows("pairs_among", entities=int4_array(entities))]

    async def shown_names(self, entities: Sequence[int]) -> Mapping[int, str]:
        """See `whole.WholeReader.shown_names`."""
        return {entity: name for entity, name in await self._seen("shown_names", entities=int4_array(entities))}
