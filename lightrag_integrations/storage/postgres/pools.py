"""Connections that are made when needed, bounded in number, and given back when nobody needs them."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack, suppress
from contextvars import Context
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus

from lightrag_integrations.errors import ConnectionFailed, IndexClosed
from lightrag_integrations.stats import PoolStats

__all__ = ["Connection", "Pool", "connection_class", "says_full"]

Connection: TypeAlias = AsyncConnection[tuple[Any, ...]]
_TRUSTED_S = 1.0
"""A connection that was used so short a time ago is only asked whether its socket has something to tell."""
_LIFETIME_S = 3600.0
"""The server's side of a connection grows with all it has seen."""
_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.5
_FULL = ("too many clients", "too many connections", "connection slots are reserved", "no more connections allowed")
"""PostgreSQL and PgBouncer; a refused connection has no error code to go by. A server that speaks another language is
not waited for."""


class Pool:
    """For one event loop. Nothing runs while no connection is idle."""

    def __init__(
        self, connect: Callable[[], Awaitable[Connection]], *, max_size: int, timeout_s: float, idle_s: float
    ) -> None:
        """Make no connection yet.

        Args:
            connect: Makes one; raises `ConnectionFailed`.
            max_size: Most connections.
            timeout_s: So long one is waited for, our own or a place at the server.
            idle_s: One that is idle for so long is closed.
        """
        self._connect = connect
        self._max_size = max_size
        self._timeout_s = timeout_s
        self._idle_s = idle_s
        self._places = asyncio.Semaphore(max_size)
        self._taken = 0
        self._waiting = 0
        self._idle: deque[tuple[float, Connection]] = deque()
        """Since when, the longest first."""
        self._born: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()
        self._returned = asyncio.Event()
        self._refused: ConnectionFailed | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._closed = False

    async def take(self) -> Connection:
        """A connection that works, the one used last where there is one.

        Raises:
            ConnectionFailed: None can be made.
            TimeoutError: None became free, and the server has no room for another.
            IndexClosed: `aclose` was called.
        """
        self._waiting += 1
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._places.acquire()
                with ExitStack() as undo:
                    undo.callback(self._places.release)
                    connection = await self._ready()
                    undo.pop_all()
        except TimeoutError:
            raise TimeoutError(str(self._refused or f"waited {self._timeout_s:g} s")) from self._refused
        finally:
            self._waiting -= 1
        self._taken += 1
        return connection

    async def give(self, connection: Connection) -> None:
        """Take a connection back."""
        self._taken -= 1
        self._places.release()
        usable = not connection.closed and connection.info.transaction_status == TransactionStatus.IDLE
        now = time.monotonic()
        if self._closed or not usable or now - self._born[connection] > _LIFETIME_S:
            await connection.close()
            return
        self._idle.append((now, connection))
        self._returned.set()
        if self._sweeping is None:
            # It may live long: it must not keep the variables of the call that happens to be the first.
            self._sweeping = asyncio.create_task(self._sweep(), name="lightrag-idle", context=Context())

    async def clear(self) -> None:
        """Close what is idle."""
        while self._idle:
            await self._idle.pop()[1].close()

    async def aclose(self) -> None:
        """Close what is idle now, and the rest as it comes back."""
        self._closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        await self.clear()

    def stats(self) -> PoolStats:
        """As it is now."""
        size = self._taken + len(self._idle)
        return PoolStats(max_size=self._max_size, size=size, in_use=self._taken, waiting=self._waiting)

    async def _ready(self) -> Connection:
        pause = _PAUSE_S
        while not self._closed:
            while self._idle:
                since, connection = self._idle.pop()
                if await _works(connection, since):
                    return connection
            try:
                connection = await self._connect()
            except ConnectionFailed as error:
                if not says_full(error):
                    raise
                self._refused = error
            else:
                self._refused = None
                self._born[connection] = time.monotonic()
                return connection
            self._returned.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._returned.wait()
            pause = min(2 * pause, _LONGEST_PAUSE_S)
        raise IndexClosed("the index was closed; open it again or make a new handle")

    async def _sweep(self) -> None:
        while self._idle:
            since, connection = self._idle[0]
            left = since + self._idle_s - time.monotonic()
            if left > 0:
                await asyncio.sleep(left)
            else:
                self._idle.popleft()
                await connection.close()
        self._sweeping = None


def says_full(error: ConnectionFailed) -> bool:
    """Whether a server refused a connection because others have all it allows."""
    return any(words in str(error) for words in _FULL)


def connection_class(password: Callable[[], str] | None) -> type[Connection]:
    """A connection class; where there is a function for the password, it is asked each time it connects."""
    if password is None:
        return AsyncConnection
    ask = password

    class _Fresh(AsyncConnection[tuple[Any, ...]]):
        @classmethod
        async def connect(cls, conninfo: str = "", **kwargs: Any) -> Any:
            secret = await asyncio.to_thread(ask)
            return await super().connect(conninfo, password=secret, **kwargs)

    return _Fresh


async def _works(connection: Connection, since: float) -> bool:
    """Whether it can be used; closed if not. A server that ended it has said so, unless the network lost it."""
    if not connection.closed and time.monotonic() - since < _TRUSTED_S and not _speaks(connection):
        return True
    async with AsyncExitStack() as undo:
        undo.push_async_callback(connection.close)
        with suppress(psycopg.Error):
            await connection.execute("")
            undo.pop_all()
            return True
    return False


def _speaks(connection: Connection) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(connection.fileno(), selectors.EVENT_READ)
        return bool(selector.select(0))
