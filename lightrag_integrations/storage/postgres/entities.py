"""Entities as their visible mentions describe them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lightrag_integrations.rows import WEIGHED, EntityRow
from lightrag_integrations.storage.postgres.reads import Reads
from lightrag_integrations.storage.postgres.wire import int4_array
from lightrag_integrations.summaries import TOLD

__all__ = ["EntityReads", "composed", "is_summarised"]


class EntityReads(Reads):
    """Names, types and descriptions, composed at reading."""

    async def entities(self, ids: Sequence[int], *, sources: int | None = None) -> Mapping[int, EntityRow]:
        """See `reader.Reader.entities`."""
        begun = self._told.entities_begun.pop((frozenset(ids), sources), None)
        if begun is not None:
            return await begun
        return await self._composed(await self._entity_rows(ids, sources))

    async def expect_entities(self, ids: Sequence[int], *, sources: int | None = None) -> None:
        """See `reader.Reader.expect_entities`."""
        if self._told.ahead and len(ids):
            reading = self._read_ahead(ids, sources)
            self._told.entities_begun[frozenset(ids), sources] = await self.begin(reading)

    async def _read_ahead(self, ids: Sequence[int], sources: int | None) -> Mapping[int, EntityRow]:
        rows = await self._entity_rows(ids, sources)
        await asyncio.sleep(0)  # whose turn it is sends first
        return await self._composed(rows)

    async def _entity_rows(self, ids: Sequence[int], sources: int | None) -> list[tuple[Any, ...]]:
        counted = None if sources is None else WEIGHED
        return await self._seen("entities", entities=int4_array(ids), sources=sources, counted=counted)

    async def _composed(self, rows: Sequence[tuple[Any, ...]]) -> Mapping[int, EntityRow]:
        found: dict[int, list[tuple[Any, ...]]] = {}
        for row in rows:
            found.setdefault(row[0], []).append(row)
        summaries = await self._summaries([entity for entity, rows in found.items() if is_summarised(rows)])
        return {entity: composed(rows, summaries.get(entity, "")) for entity, rows in found.items()}

    async def _summaries(self, entities: Sequence[int]) -> Mapping[int, str]:
        """The summaries that are made from exactly what is visible of these entities."""
        if not entities:
            return {}
        rows = await self._seen("summaries", entities=int4_array(entities), read=TOLD)
        return {entity: text for entity, _, text in rows}


def is_summarised(rows: Sequence[tuple[Any, ...]]) -> bool:
    """Whether there is a summary of an entity, which may or may not fit what is visible.

    Args:
        rows: As for `composed`.
    """
    return bool(rows[0][4])


def composed(rows: Sequence[tuple[Any, ...]], summary: str = "") -> EntityRow:
    """One entity.

    Args:
        rows: Its mentions, in (document id, position) order.
        summary: In place of their descriptions.
    """
    entity, key, mentions, degree = rows[0][:4]
    _, _, _, _, _, surfaces, types, descriptions, documents, edited = zip(*rows, strict=True)
    merged = {name for names in edited for name in names or ()}
    own = [surface for surface, names in zip(surfaces, edited, strict=True) if surface not in (names or ())]
    name = _commonest(own or surfaces)
    return EntityRow(
        id=entity, key=key, name=name, type=_commonest(kind for kind in types if kind),
        description=summary or "\n".join(dict.fromkeys(filter(None, descriptions))), summarised=bool(summary),
        degree=degree, mentions=mentions, document_ids=tuple(dict.fromkeys(documents)),
        aliases=tuple(sorted(merged - {name})), edited=any(names is not None for names in edited),
    )  # fmt: skip


def _commonest(values: Iterable[str]) -> str:
    """Ties by code point; empty when there are none."""
    counts = Counter(values)
    return min(counts, key=lambda value: (-counts[value], value), default="")
