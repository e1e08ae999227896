"""What every part of the store shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lightrag_integrations.storage.postgres.pool import Connection, Database
from lightrag_integrations.storage.postgres.schema import Layout

__all__ = ["StorePart", "Tuning", "columns", "run"]


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
        async with self._database.transaction() as (connection, layout):
            return await run(connection, layout, name, **params)

    def _changed(self, *, removed: bool = False) -> None:
        """Called after every change of the content; the store starts its upkeep here.

        Args:
            removed: Something may have been left that nothing tells of any more.
        """

    def _warn(self, message: str) -> None:
        """Tell the user, once for each message; the store says how."""


async def run(connection: Connection, layout: Layout, name: str, **params: Any) -> list[tuple[Any, ...]]:
    """Run a named statement; its rows, sent in binary, if it has any."""
    cursor = await connection.execute(layout.statements[name], params, binary=True)
    return await cursor.fetchall() if cursor.description else []


def columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    """Rows turned into so many columns."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
