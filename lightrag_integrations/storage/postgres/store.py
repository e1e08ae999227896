"""The store: one index in PostgreSQL, composed of its parts."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from lightrag_integrations.filters import Filter
from lightrag_integrations.options import ConnectOptions
from lightrag_integrations.reader import Reader
from lightrag_integrations.rows import Ahead
from lightrag_integrations.stats import PoolStats
from lightrag_integrations.storage.postgres.ahead import steering
from lightrag_integrations.storage.postgres.cache import CachePart
from lightrag_integrations.storage.postgres.documents import DocumentPart
from lightrag_integrations.storage.postgres.dump import DumpPart
from lightrag_integrations.storage.postgres.edits import EditPart
from lightrag_integrations.storage.postgres.maintenance import MaintenancePart
from lightrag_integrations.storage.postgres.mirror import MirrorPart
from lightrag_integrations.storage.postgres.parts import Tuning
from lightrag_integrations.storage.postgres.pending import PendingPart
from lightrag_integrations.storage.postgres.pool import Database
from lightrag_integrations.storage.postgres.presence import PATIENCE_S
from lightrag_integrations.storage.postgres.reader import PostgresReader
from lightrag_integrations.storage.postgres.reads import Overview
from lightrag_integrations.storage.postgres.records import RecordPart
from lightrag_integrations.storage.postgres.reembed import ReembedPart
from lightrag_integrations.storage.postgres.removal import RemovalPart
from lightrag_integrations.storage.postgres.repair import RepairPart
from lightrag_integrations.storage.postgres.rework import ReworkPart
from lightrag_integrations.storage.postgres.schema import schema_name
from lightrag_integrations.storage.postgres.status import StatusPart
from lightrag_integrations.storage.postgres.summaries import SummaryPart
from lightrag_integrations.storage.postgres.upkeep import Upkeep
from lightrag_integrations.storage.postgres.vectors import VectorPart
from lightrag_integrations.storage.postgres.write import WritePart
from lightrag_integrations.store import Store

__all__ = ["PostgresStore", "open_store"]


_LOG = logging.getLogger("lightrag_integrations.storage")


class PostgresStore(
    WritePart, RemovalPart, PendingPart, DocumentPart, CachePart, VectorPart, StatusPart, MaintenancePart, DumpPart,
    RepairPart, ReembedPart, SummaryPart, EditPart, RecordPart, ReworkPart, MirrorPart,
):  # fmt: skip
    """`store.Store` on one pool. Use `open_store`."""

    def __init__(self, database: Database, tuning: Tuning, on_warning: Callable[[str], None] | None) -> None:
        """Put the parts together; no I/O.

        Args:
            database: Connections and schema.
            tuning: Sizes at which upkeep starts.
            on_warning: Called with each warning; by default they are logged.
        """
        super().__init__(database, tuning)
        self._on_warning = on_warning
        self._warned: set[str] = set()
        self._looked = False
        self._seen: Overview | None = None
        """What the last search saw that looked."""
        self._upkeep = Upkeep(database, tuning)

    async def aclose(self) -> None:
        """See `store.Store.aclose`."""
        await self._upkeep.aclose()
        await self._database.aclose()

    @asynccontextmanager
    async def snapshot(
        self,
        where: Filter | None = None,
        *,
        model: str | None = None,
        ahead: Ahead | None = None,
        ef_search: int | None = None,
    ) -> AsyncIterator[Reader]:
        """See `store.Store.snapshot`."""
        if not self._looked:
            # A bulk load may have ended before its vector indexes were built.
            self._looked = True
            self._upkeep.look()
        before = self._seen
        tuning = self._tuning if ef_search is None else replace(self._tuning, ef_search=ef_search)
        steered = steering(ahead, before, tuning) if where is None else 0
        async with self._database.snapshot(filtered=where is not None, candidates=steered) as (connection, layout):
            reader = PostgresReader(connection, layout, where, tuning, model=model, steered=steered)
            try:
                if ahead is not None:
                    await reader.look_ahead(ahead, before)
                yield reader
            finally:
                await reader.aclose()
            if reader.seen is not None:
                self._seen = reader.seen._replace(deleted=[])

    def pool(self) -> PoolStats | None:
        """See `store.Store.pool`."""
        return self._database.pool_stats()

    async def reachable(self) -> None:
        """See `store.Store.reachable`."""
        await self._database.presence.back(PATIENCE_S)

    async def names(self) -> list[str]:
        """See `store.Store.names`."""
        return list(await self._database.names())

    async def there(self) -> bool:
        """See `store.Store.there`."""
        return await self._database.there()

    def _changed(self, *, removed: bool = False) -> None:
        self._upkeep.changed(removed=removed)

    def _warn(self, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            if self._on_warning is None:
                _LOG.warning("%s", message, extra={"index": self._database.name, "action": "warning"})
            else:
                self._on_warning(message)

    async def drop(self) -> None:
        """See `store.Store.drop`."""
        await self._upkeep.aclose()
        try:
            await self._transact(
                lambda connection, layout: connection.execute(layout.statements.fill("DROP SCHEMA {s} CASCADE"))
            )
        finally:  # cancelled while it commits, the schema is gone all the same
            self._database.forget_schema()
            self._seen = None


async def open_store(
    name: str,
    connect: ConnectOptions,
    *,
    revive: Callable[[], Awaitable[object]] | None = None,
    create: bool = True,
    on_warning: Callable[[str], None] | None = None,
    tuning: Tuning | None = None,
) -> Store:
    """Make a store; the server is asked at the first call.

    Args:
        name: The index's name.
        connect: How to reach the server.
        revive: Starts a server that went away again, where it is ours to start.
        create: Whether an index that isn't there is made; else the first call raises `IndexNotFound`.
        on_warning: Called with each warning for the user; by default they are logged.
        tuning: Sizes at which upkeep starts.

    Raises:
        InputError: The name can't be used.
        ConfigurationError: The connection string can't be read.
    """
    schema_name(name)
    return PostgresStore(Database(name, connect, revive=revive, create=create), tuning or Tuning(), on_warning)
