"""What is done with a pool of the driver's from outside: its figures, its log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from lightrag_integrations.stats import PoolStats

__all__ = ["connection_class", "failures_of", "give_back", "named", "stats_of"]

_NAME = "lightrag "
"""How the names of our pools begin."""
_LOG = logging.getLogger("lightrag_integrations.storage")
_Pool = AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]]


class _Connection(AsyncConnection[tuple[Any, ...]]):
    """A connection of ours, to be told from those of others."""


def connection_class(password: Callable[[], str] | None) -> type[_Connection]:
    """A connection class that asks for the password each time it connects."""
    if password is None:
        return _Connection
    ask = password

    class _Fresh(_Connection):
        @classmethod
        async def connect(cls, conninfo: str = "", **kwargs: Any) -> Any:
            secret = await asyncio.to_thread(ask)
            return await super().connect(conninfo, password=secret, **kwargs)

    return _Fresh


def failures_of(pool: _Pool) -> int:
    """How many attempts to connect have failed so far."""
    return pool.get_stats().get("connections_errors", 0)


def stats_of(pool: _Pool) -> PoolStats:
    """The pool as it is now."""
    told = pool.get_stats()
    size, free = told.get("pool_size", 0), told.get("pool_available", 0)
    waiting = told.get("requests_waiting", 0)
    return PoolStats(max_size=told.get("pool_max", 0), size=size, in_use=max(0, size - free), waiting=waiting)


async def give_back(pool: _Pool, waiting: asyncio.Future[AsyncConnection[tuple[Any, ...]]]) -> None:
    """Stop waiting for a connection; one that arrived meanwhile goes back to the pool."""
    waiting.cancel()
    with suppress(asyncio.CancelledError, psycopg.Error):
        await pool.putconn(await waiting)


def named(index: str) -> str:
    """A pool's name by which the driver's log is told to be of ours: there it stands at debug level, not as warnings.

    It warns of each connection that breaks and each attempt that fails, a dozen lines when a server restarts. What
    there is to know of that stands in the errors raised and in our own two warnings: when it went, when it came back.
    """
    logging.getLogger("psycopg.pool").addFilter(_not_of_ours)  # adding it again changes nothing
    return f"{_NAME}{index:.40}"


def _not_of_ours(record: logging.LogRecord) -> bool:
    about = record.args[0] if isinstance(record.args, tuple) and record.args else None
    ours = about.startswith(_NAME) if isinstance(about, str) else isinstance(about, _Connection)
    if ours and record.levelno >= logging.WARNING and _LOG.isEnabledFor(logging.DEBUG):
        _LOG.debug("%s", record.getMessage(), extra={"action": "pool"})
    return not ours or record.levelno < logging.WARNING
