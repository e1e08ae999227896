"""The index's one vector space: which model and dimension, which vectors are there already."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import psycopg

from lightrag_integrations.errors import ConfigurationError, EmbeddingMismatch, StorageError
from lightrag_integrations.storage.postgres.parts import StorePart, Work, run, transact
from lightrag_integrations.storage.postgres.pool import Connection, Database
from lightrag_integrations.storage.postgres.schema import Layout
from lightrag_integrations.storage.postgres.wire import read_halfvec, signed_hash

T = TypeVar("T")

__all__ = ["MAX_INDEXED", "VectorPart", "check_dimension", "giving_way"]

MAX_COLUMN = 16000
_LOCK_TRIES = 400
_LOCK_PAUSE_S = 0.05
_BUSY = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
MAX_INDEXED = 4000
"""pgvector's largest half vector in an HNSW index."""


class VectorPart(StorePart):
    """Checks the embedding model and finds known vectors."""

    async def check_embedding(self, fingerprint: str, dimension: int) -> None:
        """See `store.Store.check_embedding`."""
        check_dimension(dimension)
        if not _known(await self.settings(), fingerprint, dimension):
            await giving_way(self._database, partial(_settle, fingerprint=fingerprint, dimension=dimension))
        if dimension > MAX_INDEXED:
            self._warn(
                f"embedding dimension {dimension} is above {MAX_INDEXED}, the most that pgvector can index: "
                "every vector search reads all vectors"
            )

    async def record_settings(self, settings: Mapping[str, str]) -> None:
        """See `store.Store.record_settings`."""
        await self._alone("add_meta", keys=list(settings), values=list(settings.values()))

    async def settings(self) -> Mapping[str, str]:
        """See `store.Store.settings`."""
        return dict(await self._alone("meta"))

    async def known_vectors(
        self, document_ids: Sequence[str], *, model: str | None = None
    ) -> Mapping[str, Sequence[float]]:
        """See `store.Store.known_vectors`."""
        rows = await self._read(partial(_known_vectors, ids=list(document_ids), model=model))
        return {digest: read_halfvec(data) for digest, data in rows}

    async def embedded_entities(self, keys: Sequence[str]) -> frozenset[str]:
        """See `store.Store.embedded_entities`."""
        return frozenset(row[0] for row in await self._read(partial(_embedded_entities, keys=list(keys))))


def check_dimension(dimension: int) -> None:
    """Refuse what a column can't hold.

    Raises:
        ConfigurationError: The dimension is too large.
    """
    if not 1 <= dimension <= MAX_COLUMN:
        raise ConfigurationError(f"embedding dimension {dimension}: expected 1 to {MAX_COLUMN}")


async def giving_way(database: Database, work: Work[T]) -> T:
    """Do work that locks whole tables for a moment, as soon as nobody is in the way.

    Args:
        database: The index.
        work: Everything that happens in the transaction, and nothing that can't be done twice.

    Raises:
        StorageError: The server failed, or somebody was in the way all the time.
    """

    async def locked(connection: Connection, layout: Layout) -> T:
        # Shorter than the server looks for deadlocks: we give way to readers and writers, never they to us.
        await connection.execute("SELECT set_config('lock_timeout', '50ms', true)")
        await run(connection, layout, "lock_index", key=signed_hash(layout.schema, "embedding"))
        return await work(connection, layout)

    for _ in range(_LOCK_TRIES):
        try:
            return await transact(database, locked)
        except StorageError as error:
            if not isinstance(error.__cause__, _BUSY):
                raise
        await asyncio.sleep(_LOCK_PAUSE_S)
    return await transact(database, locked)


async def _settle(connection: Connection, layout: Layout, *, fingerprint: str, dimension: int) -> None:
    if not _known(await _meta(connection, layout), fingerprint, dimension):
        await _type_columns(connection, layout, fingerprint, dimension)


async def _known_vectors(
    connection: Connection, layout: Layout, *, ids: Sequence[str], model: str | None
) -> list[tuple[Any, ...]]:
    meta = await _meta(connection, layout)
    if model not in (None, meta.get("embedding")):
        return []
    layout = layout.reading(meta)
    rows = await run(connection, layout, "known_fact_vectors", ids=ids)
    return rows + await run(connection, layout, "known_chunk_vectors", ids=ids)


async def _embedded_entities(connection: Connection, layout: Layout, *, keys: Sequence[str]) -> list[tuple[Any, ...]]:
    layout = layout.reading(await _meta(connection, layout))
    return await run(connection, layout, "embedded_entities", keys=keys)


async def _meta(connection: Connection, layout: Layout) -> dict[str, str]:
    return dict(await run(connection, layout, "meta"))


def _known(meta: Mapping[str, str], fingerprint: str, dimension: int) -> bool:
    """True when this model is recorded, False when none is."""
    if "embedding" not in meta:
        return False
    if (meta["embedding"], meta["dimension"]) != (fingerprint, str(dimension)):
        raise EmbeddingMismatch.between(meta["embedding"], fingerprint, (meta["dimension"], dimension))
    return True


async def _type_columns(connection: Connection, layout: Layout, fingerprint: str, dimension: int) -> None:
    # Replacing the still empty columns rewrites nothing, so snapshots older than this keep seeing their rows; changing
    # the column's type would rewrite the tables and show them empty to such snapshots.
    for table in ("chunk", "entity", "fact"):
        statement = (
            f"ALTER TABLE {{s}}.{table} DROP COLUMN embedding, ADD COLUMN embedding {{v}}.halfvec({int(dimension)})"
        )
        await connection.execute(layout.statements.fill(statement))
    values: list[Any] = [fingerprint, str(dimension)]
    await run(connection, layout, "add_meta", keys=["embedding", "dimension"], values=values)
