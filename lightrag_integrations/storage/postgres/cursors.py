"""Cursors of the server, through which a result is read a part at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncCursor, AsyncServerCursor

from lightrag_integrations.storage.postgres.pool import Connection

__all__ = ["server_cursor"]


@asynccontextmanager
async def server_cursor(connection: Connection, name: str) -> AsyncIterator[AsyncServerCursor[tuple[Any, ...]]]:
    """A cursor of this name whose rows come in binary. One that is cut short ends with its transaction.

    Args:
        connection: In a transaction.
        name: One at a time in a transaction.
    """
    cursor = connection.cursor(name, binary=True)
    try:
        yield cursor
        await cursor.close()
    finally:
        # The driver's own `close` speaks with the server, and complains of a cursor where that was cancelled.
        await AsyncCursor.close(cursor)
