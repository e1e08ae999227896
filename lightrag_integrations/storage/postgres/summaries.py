"""Summaries of entities: what they are made from, keeping them, removing stale ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from lightrag_integrations.storage.postgres.parts import StorePart, run, transact
from lightrag_integrations.storage.postgres.pool import Connection, Database
from lightrag_integrations.storage.postgres.schema import Layout
from lightrag_integrations.storage.postgres.wire import int4_array
from lightrag_integrations.summaries import TOLD, Limits, Told

__all__ = ["SummaryPart", "sweep_summaries"]

_AT_ONCE = 500


class SummaryPart(StorePart):
    """`summaries.SummaryStore`."""

    async def touched_entities(self, document_ids: Sequence[str]) -> Sequence[int]:
        """See `summaries.SummaryStore.touched_entities`."""
        return [row[0] for row in await self._alone("touched_entities", ids=list(document_ids))]

    async def much_told_entities(self, limits: Limits) -> Sequence[int]:
        """See `summaries.SummaryStore.much_told_entities`."""
        rows = await self._alone("much_told_entities", descriptions=limits.descriptions, octets=limits.octets)
        return [row[0] for row in rows]

    async def told(self, entities: Sequence[int], limits: Limits) -> Sequence[Told]:
        """See `summaries.SummaryStore.told`."""
        rows = await self._alone(
            "told",
            entities=int4_array(entities), read=TOLD, descriptions=limits.descriptions, octets=limits.octets,
        )  # fmt: skip
        return [Told(entity, name, tuple(descriptions), digest) for entity, name, descriptions, digest in rows]

    async def keep_summary(self, told: Told, text: str, *, model: str) -> None:
        """See `summaries.SummaryStore.keep_summary`."""
        rows = await self._alone(
            "keep_summary",
            entity=told.entity, hash=told.hash, content=text, model=model, contributions=len(told.descriptions),
        )  # fmt: skip
        if rows and rows[0][0]:
            self._changed(removed=True)


async def sweep_summaries(database: Database) -> None:
    """Remove summaries that are not made from what is told of their entity now.

    Args:
        database: The index.
    """
    after: int | None = 0
    while after is not None:
        after = await transact(database, partial(_sweep, after=after))


async def _sweep(connection: Connection, layout: Layout, *, after: int) -> int | None:
    """Look at some; where to go on, None at the end."""
    kept = await run(connection, layout, "kept_summaries", after=after, limit=_AT_ONCE)
    entities = sorted({entity for entity, _ in kept})
    # Cut in the middle of an entity, it comes again.
    more = len(kept) == _AT_ONCE and len(entities) > 1
    seen = entities[:-1] if more else entities
    everything = {"visible": None, "flags": None, "read": TOLD}
    rows = await run(connection, layout, "summaries", entities=int4_array(seen), **everything)
    stale = sorted({(entity, bytes(digest)) for entity, digest in kept if entity in frozenset(seen)}
                   - {(entity, bytes(digest)) for entity, digest, _ in rows})  # fmt: skip
    if stale:
        await run(
            connection, layout, "drop_summaries",
            entities=int4_array([entity for entity, _ in stale]), hashes=[digest for _, digest in stale],
        )  # fmt: skip
    return seen[-1] if more else None
