"""The two places for vectors: which one a transaction looks at, and emptying the one that is not searched any more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from types import MappingProxyType

from lightrag_integrations.errors import EmbeddingMismatch
from lightrag_integrations.storage.postgres.parts import run, transact
from lightrag_integrations.storage.postgres.pool import Connection, Database
from lightrag_integrations.storage.postgres.reads import INDEXED, index_name
from lightrag_integrations.storage.postgres.schema import Layout
from lightrag_integrations.storage.postgres.sql import TABLES

__all__ = ["FILLING", "TABLE_OF", "empty_other_vectors", "layout_for", "read_meta"]

FILLING = ("filling", "filling_dimension", "filling_done", "filling_of")
"""What `meta` says of vectors being made by another model: which, of what dimension, how many of how many."""
TABLE_OF = MappingProxyType({"chunk": "chunk", "entity": "entity", "fact": "fact", "aside": "aside_fact"})
"""Kinds of rows with vectors, and where they are; `aside`: facts that edits don't show."""
_AT_ONCE = 500
_PASSES = 5


async def read_meta(connection: Connection, layout: Layout) -> dict[str, str]:
    """What is recorded of the index, as this transaction or snapshot sees it."""
    return dict(await run(connection, layout, "meta"))


async def layout_for(connection: Connection, layout: Layout, models: Collection[str]) -> Layout:
    """The layout under which a transaction stores vectors.

    Args:
        connection: In a transaction that holds the lock of the edits or shares it: until it ends, the model stays.
        layout: Schema and statements.
        models: That made the vectors; an empty name stands for one that is not told.

    Raises:
        EmbeddingMismatch: The index holds vectors of another model.
    """
    meta = await read_meta(connection, layout)
    for model in sorted(models):
        if model and meta.get("embedding", model) != model:
            raise EmbeddingMismatch.between(meta["embedding"], model)
    return layout.reading(meta)


async def empty_other_vectors(database: Database) -> None:
    """After a change of the model: drop the first one's vectors, a few at a time, and their indexes.

    Snapshots older than the change keep seeing them.

    Args:
        database: The index.
    """
    async with database.building:
        async with database.snapshot() as (connection, layout):
            meta = await read_meta(connection, layout)
        if "emptying" not in meta:
            return
        layout = layout.reading(meta).turned()
        async with database.connection() as connection:
            for table in INDEXED:
                name = index_name(table, layout)
                await connection.execute(layout.statements.fill(f"DROP INDEX CONCURRENTLY IF EXISTS {{s}}.{name}"))
        for _ in range(_PASSES):
            for table in TABLES:
                await _empty(database, table)
            if await transact(database, _emptied):
                return


async def _empty(database: Database, table: str) -> None:
    after: int | None = -1
    while after is not None:
        after = await transact(database, partial(_empty_some, table=table, after=after))


async def _empty_some(connection: Connection, layout: Layout, *, table: str, after: int) -> int | None:
    """Empty some rows; the last one's id, None when that was all."""
    meta = await read_meta(connection, layout)
    if not _still(meta):
        return None
    rows = await run(connection, layout.reading(meta), f"empty_{table}", after=after, limit=_AT_ONCE)
    return max(row[0] for row in rows) if rows else None


async def _emptied(connection: Connection, layout: Layout) -> bool:
    """True when nothing is left to do."""
    meta = await read_meta(connection, layout)
    if not _still(meta):
        return True
    # Rows that somebody held were passed over.
    if (await run(connection, layout.reading(meta), "count_other"))[0][0]:
        return False
    await run(connection, layout, "forget_meta", keys=["emptying"])
    return True


def _still(meta: Mapping[str, str]) -> bool:
    """Whether the other vectors are those to be dropped, and not another model's that somebody began to make."""
    return "emptying" in meta and "filling" not in meta
