"""The connections of one index: a pool opened on the running loop, transactions, snapshots."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import psycopg
from psycopg import IsolationLevel
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

from lightrag_integrations.errors import (
    ConfigurationError,
    ConnectionFailed,
    ConnectionLost,
    IndexClosed,
)
from lightrag_integrations.options import ConnectOptions
from lightrag_integrations.stats import PoolStats
from lightrag_integrations.storage.address import shown_place
from lightrag_integrations.storage.postgres.failures import converted
from lightrag_integrations.storage.postgres.names import index_names
from lightrag_integrations.storage.postgres.pools import Connection, Pool, connection_class, says_full
from lightrag_integrations.storage.postgres.presence import PATIENCE_S, Presence
from lightrag_integrations.storage.postgres.schema import Layout, has_schema, prepare_schema
from lightrag_integrations.storage.postgres.wire import register

__all__ = ["Connection", "Database"]

Revive = Callable[[], Awaitable[object]]
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
        self._pool = Pool(
            self._connect,
            max_size=connect.pool_max_size,
            timeout_s=connect.pool_timeout_s,
            idle_s=connect.idle_timeout_s,
        )
        self._reached = False
        self._era = 0
        """Goes up when the server is back: connections of an older one are dead."""
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
        await self._pool.aclose()

    def pool_stats(self) -> PoolStats | None:
        """See `store.Store.pool`."""
        return self._pool.stats() if self._reached and not self._closed else None

    def forget_schema(self) -> None:
        """Look at the schema again before the next call (after a drop)."""
        self._layout = None

    async def layout(self) -> Layout:
        """Schema and statements of the index; created at the first call, unless it was not to be."""
        if self._layout is None:
            async with self._opening:
                if self._layout is None:
                    async with self.connection() as connection:
                        self._layout = await prepare_schema(connection, self.name, create=self._create)
        return self._layout

    async def names(self) -> tuple[str, ...]:
        """The indexes of the database; makes none."""
        async with self.connection() as connection:
            return await index_names(connection)

    async def there(self) -> bool:
        """Whether the index has been made; makes none."""
        if self._layout is None:
            async with self.connection() as connection:
                return await has_schema(connection, self.name)
        return True

    @asynccontextmanager
    async def connection(self, patience_s: float = _BRIEF_S) -> AsyncIterator[Connection]:
        """A connection in autocommit mode, with driver errors converted.

        Args:
            patience_s: So long a server that went away is waited for.

        Raises:
            ConnectionFailed: There is none; `ConnectionLost`: it broke while it was used.
        """
        era, connection = await self._connected(patience_s)
        try:
            with converted(self.where, lambda: not connection.closed):
                try:
                    yield connection
                finally:
                    await self._pool.give(connection)
        except ConnectionFailed as error:
            self._lost(era)
            raise ConnectionLost(str(error)) from error.__cause__

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[tuple[Connection, Layout]]:
        """A READ COMMITTED transaction."""
        layout = await self.layout()
        async with self.connection(PATIENCE_S) as connection, connection.transaction():
            await self._limit(connection)
            yield connection, layout

    @asynccontextmanager
    async def snapshot(
        self, *, filtered: bool = False, candidates: int = 0
    ) -> AsyncIterator[tuple[Connection, Layout]]:
        """A REPEATABLE READ, READ ONLY transaction.

        Args:
            filtered: Statements get the ids of visible chunks: only a plan made for these ids looks them up fast.
            candidates: Statements are planned for the vector indexes, with so many candidates; 0: as the planner likes.
        """
        layout = await self.layout()
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
        if self.connect.prepare:
            begin += f"; SET LOCAL plan_cache_mode = force_{'custom' if filtered else 'generic'}_plan"
        if candidates:
            begin += f"; SET LOCAL hnsw.ef_search = {int(candidates)}; SET LOCAL enable_seqscan = off"
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

    async def _connected(self, patience_s: float) -> tuple[int, Connection]:
        """A connection and its era."""
        failures = 0
        while True:
            await self.presence.back(patience_s)
            if self._closed:
                raise IndexClosed("the index was closed; open it again or make a new handle")
            era = self._era
            try:
                connection = await self._pool.take()
            except TimeoutError as error:
                raise ConnectionFailed(
                    f"no connection to PostgreSQL at {self.where} became free in time ({error}); raise "
                    "ConnectOptions.pool_max_size or pool_timeout_s, or the server's max_connections, or start fewer "
                    "calls at once"
                ) from error
            except ConnectionFailed as error:
                failures += 1
                # What never was there is not waited for.
                if failures == _ROUNDS or not (self._reached or self.presence.comes(error)):
                    raise
                self._lost(era)
            else:
                self._reached = True
                return era, connection

    def _lost(self, era: int) -> None:
        if era == self._era:  # else it was found out before
            self.presence.lost()

    async def _renew(self) -> None:
        self._era += 1
        await self._pool.clear()

    async def _connect(self) -> Connection:
        async with AsyncExitStack() as undo:
            with converted(self.where, lambda: False):
                connection = await self._reach()
                undo.push_async_callback(connection.close)
                await self._configure(connection)
            undo.pop_all()
            return connection

    async def _reach(self) -> Connection:
        limit = self.connect.connect_timeout_s
        try:
            async with asyncio.timeout(limit):
                return await connection_class(self.connect.password).connect(
                    self._conninfo, autocommit=True, prepare_threshold=1 if self.connect.prepare else None
                )
        except TimeoutError as error:
            raise ConnectionFailed(f"PostgreSQL at {self.where} gave no answer within {limit:g} s") from error

    async def _configure(self, connection: Connection) -> None:
        register(connection)
        # Said with every BEGIN: a server or role may have another default, under which waiting for a lock is an error.
        await connection.set_isolation_level(IsolationLevel.READ_COMMITTED)
        if self.connect.configure is not None:
            result = self.connect.configure(connection)
            if inspect.isawaitable(result):
                await result
            if connection.info.transaction_status != TransactionStatus.IDLE:
                raise ConfigurationError(
                    "ConnectOptions.configure left a transaction open, in which all that follows would be lost; "
                    "end it there with COMMIT"
                )

    async def _probe(self) -> None:
        """Connect once, beside the pool.

        Raises:
            ConnectionFailed: With the server's own reason.
        """
        try:
            with converted(self.where, lambda: False):
                connection = await self._reach()
        except ConnectionFailed as error:
            if not says_full(error):
                raise
        else:
            await connection.close()
