"""Upkeep in the background: one task of the store's own, started by changes, ended with the store."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress

from lightrag_integrations.errors import LightRAGError
from lightrag_integrations.storage.postgres.maintenance import build_vector_indexes, fold
from lightrag_integrations.storage.postgres.parts import Tuning
from lightrag_integrations.storage.postgres.pool import Database

__all__ = ["Upkeep"]

_LOG = logging.getLogger("lightrag_integrations.storage")


class Upkeep:
    """Folds segments while documents come in, and builds vector indexes when they have stopped coming."""

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

    def changed(self) -> None:
        """Something was stored or deleted."""
        self._segments += 1
        self.look()

    def look(self) -> None:
        """See whether there is something to do, once it is quiet."""
        self._changed_at = time.monotonic()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="lightrag-upkeep")

    async def aclose(self) -> None:
        """End the task; what it had not finished is rolled back or removed."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def _idle_s(self) -> float:
        return time.monotonic() - self._changed_at

    async def _run(self) -> None:
        try:
            quiet = False
            while not quiet:
                if self._segments >= self._tuning.fan:
                    self._segments = 0
                    await fold(self._database, self._tuning, everything=False)
                await asyncio.sleep(self._tuning.idle_s / 4)
                quiet = self._segments < self._tuning.fan and self._idle_s() >= self._tuning.idle_s
            await build_vector_indexes(self._database, self._tuning)
        except LightRAGError as error:
            # Nothing is lost: the next change or compact() does it again.
            _LOG.warning("upkeep of index %r stopped: %s", self._database.name, error, extra={"action": "upkeep"})
