"""What every part of the store shares."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg

from lightrag_integrations.errors import StorageError
from lightrag_integrations.storage.postgres.pool import Connection, Database
from lightrag_integrations.storage.postgres.schema import Layout

__all__ = ["StorePart", "Tuning", "columns", "run", "transact"]

T = TypeVar("T")
Work = Callable[[Connection, Layout], Awaitable[T]]
_LOST_RACES = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
_TRIES = 8
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
    ef_search: int = 100
    """Candidates that a search through a vector index keeps."""
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

    async def _transact(self, work: Work[T]) -> T:
        """See `transact`."""
        return await transact(self._database, work)

    def _changed(self, *, removed: bool = False) -> None:
        """Called after every change of the content; the store starts its upkeep here.

        Args:
            removed: Something may have been left that nothing tells of any more.
        """

    def _warn(self, message: str) -> None:
        """Tell the user, once for each message; the store says how."""


async def transact(database: Database, work: Work[T]) -> T:
    """Do work in a transaction; one that the server broke off for another's sake is begun again, a few times.

    All that writes goes through here. Our own order of locks leaves room for such races only beside a sweep, but others
    may lock rows of an index, too: a backup, a console, an administrator's script.

    Args:
        database: The index.
        work: Everything that happens in the transaction, and nothing that can't be done twice.

    Returns:
        What the work returned.

    Raises:
        StorageError: The server failed, or broke off every try.
    """
    for attempt in range(1, _TRIES):
        try:
            return await _once(database, work)
        except StorageError as error:
            if not isinstance(error.__cause__, _LOST_RACES):
                raise
        # Those that met once should not meet again.
        await asyncio.sleep(random.uniform(0, _PAUSE_S * 2**attempt))
    return await _once(database, work)


async def _once(database: Database, work: Work[T]) -> T:
    async with database.transaction() as (connection, layout):
        return await work(connection, layout)


async def run(connection: Connection, layout: Layout, name: str, **params: Any) -> list[tuple[Any, ...]]:
    """Run a named statement; its rows, sent in binary, if it has any."""
    cursor = await connection.execute(layout.statements[name], params, binary=True)
    return await cursor.fetchall() if cursor.description else []


def columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    """Rows turned into so many columns."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
