"""The connections of one index: a pool opened on the running loop, transactions, snapshots."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import Context
from typing import Any

import psycopg
from psycopg import AsyncConnection, IsolationLevel
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests

from lightrag_integrations.errors import (
    ConfigurationError,
    ConnectionFailed,
    ConnectionLost,
    IndexClosed,
    LightRAGError,
)
from lightrag_integrations.options import ConnectOptions
from lightrag_integrations.stats import PoolStats
from lightrag_integrations.storage.address import shown_place
from lightrag_integrations.storage.postgres.failures import converted, translate
from lightrag_integrations.storage.postgres.names import index_names
from lightrag_integrations.storage.postgres.pools import connection_class, failures_of, give_back, named, stats_of
from lightrag_integrations.storage.postgres.presence import PATIENCE_S, Presence
from lightrag_integrations.storage.postgres.schema import Layout, prepare_schema
from lightrag_integrations.storage.postgres.wire import register

__all__ = ["Connection", "Database"]

Connection = AsyncConnection[tuple[Any, ...]]
Revive = Callable[[], Awaitable[object]]
_LOG = logging.getLogger("lightrag_integrations.storage")
_LOOK_S = 0.02
"""After so long a wait with failing connection attempts the cause is looked for."""
_BRIEF_S = 1.0
"""Readers wait so long for a server that went away."""
_ROUNDS = 3
"""A server may go again while a connection is made."""


class Database:
    """Connections to one index.

    No session state is used, and nothing is prepared unless asked for, so transaction poolers work.
    """

    def __init__(
        self, name: str, connect: ConnectOptions, *, revive: Revive | None = None, create: bool = True
    ) -> None:
        """Keep the settings; no I/O.

        Args:
            name: The index's name.
            connect: How to reach the server.
            revive: Starts a server that went away again, where it is ours to start.
            create: Whether an index that isn't there is made.
        """
        self.name = name
        self._create = create
        self.connect = connect
        try:
            timeout = max(2, round(connect.connect_timeout_s))
            self._conninfo = make_conninfo(
                connect.dsn.get_secret_value(), connect_timeout=timeout, application_name="lightrag"
            )
        except psycopg.ProgrammingError:
            # The driver's message repeats the string, password and all: it must not travel on as a cause.
            raise ConfigurationError(
                "database: got a connection string that PostgreSQL's library can't read; "
                "expected one like postgresql://user:password@host:5432/database"
            ) from None
        self.where = shown_place(self._conninfo)
        self._pool: AsyncConnectionPool[Connection] | None = None
        self._layout: Layout | None = None
        self._opening = asyncio.Lock()
        self.presence = Presence(self._probe, revive=revive, on_return=self._renew, name=name)
        """Whether the server is known to be gone."""
        self.building = asyncio.Lock()
        """Held while vector indexes are built."""
        self._closed = False

    async def aclose(self) -> None:
        """Close the pool; later calls raise `IndexClosed`."""
        self._closed = True
        await self.presence.aclose()
        if self._pool is not None:
            await self._pool.close()

    def pool_stats(self) -> PoolStats | None:
        """See `store.Store.pool`."""
        return None if self._pool is None or self._closed else stats_of(self._pool)

    def forget_schema(self) -> None:
        """Look at the schema again before the next call (after a drop)."""
        self._layout = None

    async def layout(self) -> Layout:
        """Schema and statements of the index; created at the first call, unless it was not to be."""
        if self._layout is None:
            async with self._opening:
                if self._layout is None:
                    await self._open_pool()
                    async with self.connection() as connection:
                        self._layout = await prepare_schema(connection, self.name, create=self._create)
        return self._layout

    async def names(self) -> tuple[str, ...]:
        """The indexes of the database; makes none."""
        async with self._opening:
            await self._open_pool()
        async with self.connection() as connection:
            return await index_names(connection)

    @asynccontextmanager
    async def connection(self, patience_s: float = _BRIEF_S) -> AsyncIterator[Connection]:
        """A connection in autocommit mode, with driver errors converted.

        Args:
            patience_s: So long a server that went away is waited for.

        Raises:
            ConnectionFailed: There is none; `ConnectionLost`: it broke while it was used.
        """
        pool, connection = await self._connected(patience_s)
        try:
            with converted(self.where, lambda: not connection.closed):
                try:
                    yield connection
                finally:
                    await pool.putconn(connection)
        except ConnectionFailed as error:
            self._lost(pool)
            raise ConnectionLost(str(error)) from error.__cause__

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[tuple[Connection, Layout]]:
        """A READ COMMITTED transaction."""
        layout = await self.layout()
        async with self.connection(PATIENCE_S) as connection, connection.transaction():
            await self._limit(connection)
            yield connection, layout

    @asynccontextmanager
    async def snapshot(self, *, filtered: bool = False) -> AsyncIterator[tuple[Connection, Layout]]:
        """A REPEATABLE READ, READ ONLY transaction.

        Args:
            filtered: Statements get the ids of visible chunks: only a plan made for these ids looks them up fast.
        """
        layout = await self.layout()
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
        if self.connect.prepare:
            begin += f"; SET LOCAL plan_cache_mode = force_{'custom' if filtered else 'generic'}_plan"
        async with self.connection() as connection:
            await connection.execute(begin, prepare=False)
            try:
                await self._limit(connection)
                yield connection, layout
            finally:
                if not connection.broken:
                    # Not ROLLBACK, at which the driver forgets all prepared statements of the connection.
                    await connection.execute("COMMIT")

    async def _limit(self, connection: Connection) -> None:
        if self.connect.statement_timeout_s is not None:
            limit = str(round(self.connect.statement_timeout_s * 1000))
            await connection.execute("SELECT set_config('statement_timeout', %s, true)", [limit])

    async def _open_pool(self) -> None:
        if self._pool is not None:
            return
        if self._closed:
            raise IndexClosed("the index was closed; open it again or make a new handle")
        # The pool retries failed connections behind the scenes; one attempt of our own tells what is wrong at once.
        try:
            await self._probe()
        except ConnectionFailed as error:
            if not self.presence.comes(error):
                raise
            self.presence.lost()
            await self.presence.back(_BRIEF_S)
        else:
            self._pool = await self._new_pool()

    async def _new_pool(self) -> AsyncConnectionPool[Connection]:
        pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            self._conninfo,
            name=named(self.name),
            connection_class=connection_class(self.connect.password),
            kwargs={"autocommit": True, "prepare_threshold": 1 if self.connect.prepare else None},
            min_size=0,
            max_size=self.connect.pool_max_size,
            timeout=self.connect.pool_timeout_s,
            max_idle=self.connect.idle_timeout_s,
            reconnect_timeout=self.connect.pool_timeout_s,
            configure=self._configure,
            check=AsyncConnectionPool.check_connection,
            open=False,
        )
        # Its workers live long: they must not keep the variables of the call that happens to be the first.
        await asyncio.create_task(pool.open(), context=Context())
        return pool

    async def _renew(self) -> None:
        """A new pool: the old one's attempts to connect have become rare by now, and its connections are dead."""
        old, self._pool = self._pool, await self._new_pool()
        if old is not None:
            await old.close()

    async def _configure(self, connection: Connection) -> None:
        register(connection)
        # Said with every BEGIN: a server or role may have another default, under which waiting for a lock is an error.
        await connection.set_isolation_level(IsolationLevel.READ_COMMITTED)
        if self.connect.configure is not None:
            result = self.connect.configure(connection)
            if inspect.isawaitable(result):
                await result

    async def _connected(self, patience_s: float) -> tuple[AsyncConnectionPool[Connection], Connection]:
        """A connection and whose it is."""
        failures = 0
        while True:
            await self.presence.back(patience_s)
            pool = self._pool
            if self._closed or pool is None:
                raise IndexClosed("the index was closed; open it again or make a new handle")
            try:
                with converted(self.where, lambda: False):
                    return pool, await self._checkout(pool)
            except IndexClosed:
                if pool is self._pool:  # else it was renewed while we waited
                    raise
            except ConnectionFailed as error:
                failures += 1
                if failures == _ROUNDS or isinstance(error.__cause__, PoolTimeout | TooManyRequests):
                    raise
                self._lost(pool)

    def _lost(self, pool: AsyncConnectionPool[Connection]) -> None:
        if pool is self._pool:  # else it was found out before, and a new pool made
            self.presence.lost()

    async def _checkout(self, pool: AsyncConnectionPool[Connection]) -> Connection:
        failures = failures_of(pool)
        waiting = asyncio.ensure_future(pool.getconn())
        try:
            while not (await asyncio.wait({waiting}, timeout=_LOOK_S))[0]:
                if failures_of(pool) > failures:
                    await self._probe()
                    failures = failures_of(pool)
            return await waiting
        except (asyncio.CancelledError, psycopg.Error, LightRAGError):
            await give_back(pool, waiting)
            raise

    async def _probe(self) -> None:
        """Connect once, beside the pool.

        Raises:
            ConnectionFailed: With the server's own reason.
        """
        try:
            factory = connection_class(self.connect.password)
            connection = await asyncio.wait_for(
                factory.connect(self._conninfo, autocommit=True), self.connect.connect_timeout_s
            )
        except psycopg.Error as error:
            raise translate(error, self.where) from error
        except TimeoutError as error:
            limit = self.connect.connect_timeout_s
            raise ConnectionFailed(f"PostgreSQL at {self.where} gave no answer within {limit:g} s") from error
        await connection.close()
