"""The index's one vector space: which model and dimension, which vectors are there already."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import psycopg

from lightrag_integrations.errors import ConfigurationError, SchemaError, StorageError
from lightrag_integrations.storage.postgres.parts import StorePart, run
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.schema import Layout
from lightrag_integrations.storage.postgres.wire import read_halfvec, signed_hash

__all__ = ["MAX_INDEXED", "VectorPart"]

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
        if not 1 <= dimension <= MAX_COLUMN:
            raise ConfigurationError(f"embedding dimension {dimension}: expected 1 to {MAX_COLUMN}")
        for last in (*[False] * _LOCK_TRIES, True):
            try:
                await self._settle(fingerprint, dimension)
                break
            except StorageError as error:
                if last or not isinstance(error.__cause__, _BUSY):
                    raise
                await asyncio.sleep(_LOCK_PAUSE_S)
        if dimension > MAX_INDEXED:
            self._warn(
                f"embedding dimension {dimension} is above {MAX_INDEXED}, the most that pgvector can index: "
                "every vector search reads all vectors"
            )

    async def _settle(self, fingerprint: str, dimension: int) -> None:
        async def settle(connection: Connection, layout: Layout) -> None:
            if _known(await _meta(connection, layout), fingerprint, dimension):
                return
            # Shorter than the server looks for deadlocks: we give way to readers and writers, never they to us.
            await connection.execute("SELECT set_config('lock_timeout', '50ms', true)")
            await run(connection, layout, "lock_index", key=signed_hash(layout.schema, "embedding"))
            if not _known(await _meta(connection, layout), fingerprint, dimension):
                await _type_columns(connection, layout, fingerprint, dimension)

        await self._transact(settle)

    async def record_settings(self, settings: Mapping[str, str]) -> None:
        """See `store.Store.record_settings`."""
        await self._alone("add_meta", keys=list(settings), values=list(settings.values()))

    async def settings(self) -> Mapping[str, str]:
        """See `store.Store.settings`."""
        return dict(await self._alone("meta"))

    async def known_vectors(self, document_ids: Sequence[str]) -> Mapping[str, Sequence[float]]:
        """See `store.Store.known_vectors`."""
        rows = await self._read(partial(_known_vectors, ids=list(document_ids)))
        return {digest: read_halfvec(data) for digest, data in rows}

    async def embedded_entities(self, keys: Sequence[str]) -> frozenset[str]:
        """See `store.Store.embedded_entities`."""
        return frozenset(row[0] for row in await self._alone("embedded_entities", keys=list(keys)))


async def _known_vectors(connection: Connection, layout: Layout, *, ids: Sequence[str]) -> list[tuple[Any, ...]]:
    rows = await run(connection, layout, "known_fact_vectors", ids=ids)
    return rows + await run(connection, layout, "known_chunk_vectors", ids=ids)


async def _meta(connection: Connection, layout: Layout) -> dict[str, str]:
    return dict(await run(connection, layout, "meta"))


def _known(meta: Mapping[str, str], fingerprint: str, dimension: int) -> bool:
    """True when this model is recorded, False when none is."""
    if "embedding" not in meta:
        return False
    if (meta["embedding"], meta["dimension"]) != (fingerprint, str(dimension)):
        raise SchemaError(
            f"the index holds vectors of {meta['embedding']!r} (dimension {meta['dimension']}), this handle embeds "
            f"with {fingerprint!r} (dimension {dimension}); use the first model, or another index name, or "
            "drop the index and ingest again"
        )
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
