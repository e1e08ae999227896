"""Facts as they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lightrag_integrations.models import FactView
from lightrag_integrations.rows import SOURCES, FactRow, Statement
from lightrag_integrations.storage.postgres.parts import columns
from lightrag_integrations.storage.postgres.reads import Reads
from lightrag_integrations.storage.postgres.wire import int4_array, int8_array

__all__ = ["FactReads"]


class FactReads(Reads):
    """Facts by id, entity, chunk or pair."""

    async def facts(self, ids: Sequence[int]) -> Mapping[int, FactRow]:
        """See `reader.Reader.facts`."""
        return (await self.facts_and_names(ids, ()))[0]

    async def facts_and_names(
        self, ids: Sequence[int], entities: Sequence[int]
    ) -> tuple[Mapping[int, FactRow], Mapping[int, str]]:
        """See `reader.Reader.facts_and_names`."""
        if not len(ids) and not len(entities):
            return {}, {}
        rows = await self._seen("facts", facts=int8_array(ids), entities=int4_array(entities), sources=SOURCES)
        names = {row[1]: row[-2] for row in rows if row[0] is None}
        return {row[0]: _fact(row) for row in rows if row[0] is not None}, names

    async def facts_of_entities(self, entities: Sequence[int], limit: int) -> Sequence[FactRow]:
        """See `reader.Reader.facts_of_entities`."""
        return await self._in_order("facts_of_entities", entities=int4_array(entities), limit=limit)

    async def statements(self, chunks: Sequence[int], limit: int) -> Sequence[Statement]:
        """See `reader.Reader.statements`."""
        rows = await self._rows("statements", chunks=await self._shown(chunks), limit=limit)
        return [Statement(*row) for row in rows]

    async def facts_between(self, pairs: Sequence[tuple[int, int]], limit: int) -> Sequence[FactRow]:
        """See `reader.Reader.facts_between`."""
        lows, highs = columns([(min(pair), max(pair)) for pair in pairs], 2)
        return await self._in_order("facts_between", lows=int4_array(lows), highs=int4_array(highs), limit=limit)

    async def _in_order(self, name: str, **params: object) -> list[FactRow]:
        ids = [row[0] for row in await self._seen(name, **params)]
        found = await self.facts(list(dict.fromkeys(ids)))
        return [found[one] for one in dict.fromkeys(ids)]


def _fact(row: Sequence[Any]) -> FactRow:
    surrogate, source, target, chunk, weight, description, keywords, chunk_id, document_id, start, end, *names = row
    view = FactView(
        source=names[0], target=names[1], description=description, keywords=tuple(keywords),
        weight=weight, chunk_id=chunk_id, document_id=document_id, start=start, end=end,
    )  # fmt: skip
    return FactRow(surrogate, source, target, chunk, weight, view)
