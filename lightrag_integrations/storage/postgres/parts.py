"""What every part of the store shares."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeVar

import psycopg

from lightrag_integrations.errors import ConnectionLost, StorageError
from lightrag_integrations.storage.owners import is_dead
from lightrag_integrations.storage.postgres.pool import Connection, Database
from lightrag_integrations.storage.postgres.presence import PATIENCE_S
from lightrag_integrations.storage.postgres.schema import Layout

__all__ = ["StorePart", "Tuning", "Work", "columns", "dead_owners", "run", "transact"]

T = TypeVar("T")
Work = Callable[[Connection, Layout], Awaitable[T]]
_LOST_RACES = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
_TRIES = 8
_CRASHES = 3
"""After so many the work may be what the server dies of."""
_PAUSE_S = 0.01


@dataclass(frozen=True, slots=True)
class Tuning:
    """Sizes at which upkeep starts."""

    segments: int = 32
    """More batches of deletions than this are folded into the postings in the background."""
    fan: int = 16
    """So many segments of one size are folded into one of the next, so that a posting is rewritten log n times."""
    hnsw_rows: int = 5000
    """A vector index is built from this many vectors on; below, every search is exact and fast."""
    exact_rows: int = 10000
    """Under a filter that leaves at most so many rows, vectors are searched exactly."""
    ef_search: int | None = None
    """Candidates that a search through a vector index keeps at least; None: see `QueryOptions.ef_search`."""
    idle_s: float = 10.0
    """Upkeep waits until no document was stored for so long, so that it doesn't slow a bulk load."""


class StorePart:
    """One part of the store's methods, on a shared database."""

    def __init__(self, database: Database, tuning: Tuning) -> None:
        """Keep the database.

        Args:
            database: Connections and schema.
            tuning: Sizes at which upkeep starts.
        """
        self._database = database
        self._tuning = tuning

    async def _alone(self, name: str, **params: Any) -> list[tuple[Any, ...]]:
        """Run one statement in a transaction of its own."""
        return await self._transact(lambda connection, layout: run(connection, layout, name, **params))

    async def _transact(self, work: Work[T], merge: Callable[[T, T], T] | None = None) -> T:
        """See `transact`."""
        return await transact(self._database, work, merge)

    async def _read(self, work: Work[T]) -> T:
        """Read in a snapshot; begun again when the server went away meanwhile."""
        try:
            return await self._in_snapshot(work)
        except ConnectionLost:
            return await self._in_snapshot(work)

    async def _in_snapshot(self, work: Work[T]) -> T:
        async with self._database.snapshot() as (connection, layout):
            return await work(connection, layout)

    def _changed(self, *, removed: bool = False) -> None:
        """Called after every change of the content; the store starts its upkeep here.

        Args:
            removed: Something may have been left that nothing tells of any more.
        """

    def _warn(self, message: str) -> None:
        """Tell the user, once for each message; the store says how."""


async def transact(database: Database, work: Work[T], merge: Callable[[T, T], T] | None = None) -> T:
    """Do work in a transaction; one that was broken off for another's sake, or by a crash, is begun again.

    All that writes goes through here. Our own order of locks leaves room for lost races only beside a sweep, but others
    may lock rows of an index, too: a backup, a console, an administrator's script.

    Args:
        database: The index.
        work: Everything that happens in the transaction, and nothing that can't be done twice.
        merge: When the server went before it could say whether a transaction stands, the work is done once more; this
            makes one result of two of which the first may stand. Without it the last one counts.

    Returns:
        What the work returned.

    Raises:
        StorageError: The server failed, stayed away, or broke off every try.
    """
    unsure: list[T] = []
    for attempt in range(1, _TRIES + 1):
        made: list[T] = []
        try:
            done = await _once(database, work, made)
        except StorageError as error:
            if attempt == _TRIES:
                raise
            await _before_another(database, error, attempt)
            unsure += made if isinstance(error, ConnectionLost) else []
        else:
            return done if merge is None else reduce(merge, [*unsure, done])
    raise StorageError("no try was made")  # unreachable


async def _before_another(database: Database, error: StorageError, attempt: int) -> None:
    """Wait until another try is worth it; raise the error when none is."""
    if isinstance(error.__cause__, _LOST_RACES):
        # Those that met once should not meet again.
        await asyncio.sleep(random.uniform(0, _PAUSE_S * 2**attempt))
    elif isinstance(error, ConnectionLost) and attempt < _CRASHES:
        await database.presence.back(PATIENCE_S)
    else:
        raise error


async def _once(database: Database, work: Work[T], made: list[T]) -> T:
    async with database.transaction() as (connection, layout):
        made.append(await work(connection, layout))
    return made[0]


async def run(connection: Connection, layout: Layout, name: str, **params: Any) -> list[tuple[Any, ...]]:
    """Run a named statement; its rows, sent in binary, if it has any."""
    cursor = await connection.execute(layout.statements[name], params, binary=True)
    result = cursor.pgresult  # asked for its columns, a cursor makes an object of each
    assert result is not None
    return await cursor.fetchall() if result.nfields else []


async def dead_owners(connection: Connection, layout: Layout, document_ids: Sequence[str] | None) -> list[str]:
    """Owners of leases whose processes are provably gone.

    Args:
        connection: A connection.
        layout: The index.
        document_ids: Of these documents; None: of all.
    """
    ids = None if document_ids is None else list(document_ids)
    return [owner for (owner,) in await run(connection, layout, "lease_owners", ids=ids) if is_dead(owner)]


def columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    """Rows turned into so many columns."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
