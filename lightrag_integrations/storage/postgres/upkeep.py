"""Upkeep in the background: one task of the store's own, started by changes, ended with the store.

After every `Tuning.fan` changes the room of what earlier folds replaced is freed and postings are folded. When it has
been quiet for `Tuning.idle_s`, the rest is folded, idle names are swept, vector indexes built and, after folds, room
freed once more. None of it holds up readers or writers: folds add rows before they remove any, and neither VACUUM,
which leaves files as long as they are, nor CREATE INDEX CONCURRENTLY takes a lock that either needs. All other tables
are left to autovacuum: they lose rows only as documents do.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from contextvars import Context

from lightrag_integrations.errors import ConnectionLost, LightRAGError, StorageError
from lightrag_integrations.storage.postgres.filled import empty_other_vectors
from lightrag_integrations.storage.postgres.maintenance import (
    build_vector_indexes,
    count_segments,
    fold,
    reclaim,
    sweep,
)
from lightrag_integrations.storage.postgres.parts import Tuning
from lightrag_integrations.storage.postgres.pool import Database

__all__ = ["Upkeep"]

_FOLD_S = 5.0
"""Closing waits so long for a fold."""
_CRASHES = 2
_LOG = logging.getLogger("lightrag_integrations.storage")


class Upkeep:
    """Folds segments while documents come in; sweeps and builds vector indexes when they have stopped coming."""

    def __init__(self, database: Database, tuning: Tuning) -> None:
        """Start nothing yet.

        Args:
            database: The index.
            tuning: Sizes at which upkeep starts.
        """
        self._database = database
        self._tuning = tuning
        self._task: asyncio.Task[None] | None = None
        self._changed_at = 0.0
        self._segments = 0
        """Written since the last fold, as far as is known."""
        self._removed = False
        self._replaced = False
        """Room of what our folds replaced has not been given back yet."""
        self._folded = asyncio.Event()

    def changed(self, *, removed: bool = False) -> None:
        """Something was stored or deleted.

        Args:
            removed: Something may have been left that nothing tells of any more.
        """
        self._segments += 1
        self._removed = self._removed or removed
        self.look()

    def look(self) -> None:
        """See whether there is something to do, once it is quiet."""
        self._changed_at = time.monotonic()
        if self._task is None or self._task.done():
            self._folded.clear()
            self._task = asyncio.create_task(self._run(), name="lightrag-upkeep", context=Context())

    async def aclose(self) -> None:
        """End the task; what it had not finished is rolled back or removed."""
        if self._task is not None:
            # Else programs that store a little and end would leave their segments to nobody.
            with suppress(TimeoutError):
                async with asyncio.timeout(_FOLD_S):
                    await self._folded.wait()
            self._task.cancel()
            # Awaiting the task itself could not tell its cancellation from the caller's.
            await asyncio.wait([self._task])
            if not self._task.cancelled():
                self._task.result()

    def _idle_s(self) -> float:
        return time.monotonic() - self._changed_at

    async def _run(self) -> None:
        try:
            for last in (*[False] * _CRASHES, True):
                try:
                    await self._until_quiet()
                    break
                except ConnectionLost:  # begun again with what is left: another may not come by for long
                    if last:
                        raise
        except LightRAGError as error:
            # Nothing is lost: the next change or compact() does it again.
            told = {"index": self._database.name, "action": "upkeep", "error_type": type(error).__name__}
            _LOG.warning("upkeep of index %r stopped: %s", self._database.name, error, extra=told)
        finally:
            self._folded.set()

    async def _until_quiet(self) -> None:
        done = None
        # Changes may come while the last of it is done.
        while done != self._changed_at:
            done = await self._bring_up()

    async def _bring_up(self) -> float:
        """Fold until it is quiet, then do the rest; up to which change that was."""
        if self._segments:
            await self._fold(await count_segments(self._database))
        self._folded.set()
        quiet = False
        while not quiet:
            await self._fold(self._segments)
            await asyncio.sleep(self._tuning.idle_s / 4)
            quiet = self._segments < self._tuning.fan and self._idle_s() >= self._tuning.idle_s
        done = self._changed_at
        await self._fold(await count_segments(self._database))
        if self._removed:
            await self._sweep()
        await build_vector_indexes(self._database, self._tuning)
        await empty_other_vectors(self._database)
        if self._replaced:
            await reclaim(self._database)
            self._replaced = False
        return done

    async def _sweep(self) -> None:
        self._removed = False
        try:
            await sweep(self._database)
        except StorageError:
            self._removed = True
            raise

    async def _fold(self, segments: int) -> None:
        if segments >= self._tuning.fan:
            self._segments = 0
            await self._make_room()
            await fold(self._database, self._tuning, everything=False)
            self._replaced = True

    async def _make_room(self) -> None:
        try:
            await reclaim(self._database)
        except StorageError as error:
            if isinstance(error, ConnectionLost):
                raise
            # A server may allow a statement less time than VACUUM takes; without folds searches would become slow.
            told = {"index": self._database.name, "action": "upkeep", "error_type": type(error).__name__}
            _LOG.warning("upkeep of index %r could not free room: %s", self._database.name, error, extra=told)
