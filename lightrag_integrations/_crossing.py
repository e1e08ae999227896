"""How calls reach a handle's own loop, and what is opened there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from contextvars import Context
from typing import Any, TypeVar

from lightrag_integrations._opening import open_session
from lightrag_integrations._portal import Portal
from lightrag_integrations._session import Session
from lightrag_integrations._settings import Settings
from lightrag_integrations.errors import ConnectionLost, LightRAGError
from lightrag_integrations.filters import Filter
from lightrag_integrations.reader import Reader
from lightrag_integrations.store import Store
from lightrag_integrations.watch import Watch

__all__ = ["Crossing", "again", "failed"]

T = TypeVar("T")
_ENDING_S = 5.0


class Crossing:
    """The way from any thread and loop to the handle's own, and the session that is opened there at the first call."""

    def __init__(self, settings: Settings) -> None:
        """Open nothing."""
        self.settings = settings
        self.watch = Watch(settings.name, settings.telemetry)
        self._portal = Portal(f"lightrag-{settings.name:.20}")
        self._opening: asyncio.Task[Session] | None = None
        self._inherited: list[object] = []

    # --- crossing over --------------------------------------------------------------------------------------------

    def run(self, make: Callable[[], Coroutine[Any, Any, T]], *, ending_s: float = 0.0) -> T:
        """Run on the handle's loop and wait."""
        return self._portal.run(make, ending_s=ending_s)

    async def arun(self, make: Callable[[], Coroutine[Any, Any, T]], *, ending_s: float = 0.0) -> T:
        """Run on the handle's loop and await."""
        return await self._portal.arun(make, ending_s=ending_s)

    def work(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Like `run`, for what holds leases: interrupted, it has given them back before the interruption goes on."""
        return self.run(make, ending_s=_ENDING_S)

    async def awork(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Like `work`."""
        return await self.arun(make, ending_s=_ENDING_S)

    def read(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Like `run`, for what only reads: begun again when the server went away meanwhile."""
        return self.run(lambda: again(make))

    async def aread(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Like `read`."""
        return await self.arun(lambda: again(make))

    def iterate(self, make: Callable[[], AsyncIterator[T]]) -> Iterator[T]:
        """Iterate what the handle's loop yields."""
        return self._portal.iterate(make)

    def aiterate(self, make: Callable[[], AsyncIterator[T]]) -> AsyncGenerator[T]:
        """Iterate what the handle's loop yields, from another loop."""
        return self._portal.aiterate(make)

    def close(self) -> None:
        """Close everything; idempotent."""
        self._portal.stop(self._cleanup, drain_s=self.settings.options.close_timeout_s)

    async def aclose(self) -> None:
        """Close everything without blocking the caller's loop."""
        await asyncio.get_running_loop().run_in_executor(None, self.close)

    # --- session --------------------------------------------------------------------------------------------------

    async def session(self) -> Session:
        """The session, opened at the first call; callers at the same time share one opening.

        Raises:
            LightRAGError: Not on the handle's own loop, where alone it can be used and will be closed.
        """
        if not self._portal.here:
            raise LightRAGError("the session lives on the handle's own loop; get there with run or arun")
        opening = self._own_opening()
        if opening is None or (opening.done() and failed(opening)):
            self._opening = opening = asyncio.create_task(open_session(self.settings, self.watch), context=Context())
        return await asyncio.shield(opening)

    async def store(self) -> Store:
        """The open store."""
        return (await self.session()).store

    @asynccontextmanager
    async def reading(self, where: Filter | None = None) -> AsyncIterator[Reader]:
        """A snapshot of the open store."""
        async with (await self.store()).snapshot(where) as reader:
            yield reader

    async def ready(self) -> None:
        """Open, and make sure the database answers."""
        session = await self.session()
        await session.embedders.refuse_other(session.store)

    def _own_opening(self) -> asyncio.Task[Session] | None:
        """The opening on this loop; a parent's, after a fork, is put aside: never waited for or closed from here."""
        if self._opening is not None and self._opening.get_loop() is not asyncio.get_running_loop():
            self._inherited.append(self._opening)
            self._opening = None
        return self._opening

    async def _cleanup(self) -> None:
        opening = self._own_opening()
        if opening is None:
            return
        await asyncio.wait([opening])
        if not failed(opening):
            await opening.result().aclose()


async def again(read: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What only reads may be begun anew; the next connection finds the server back, or says why not."""
    try:
        return await read()
    except ConnectionLost:
        return await read()


def failed(task: asyncio.Task[Any]) -> bool:
    """Whether a task has ended, but not with a result."""
    return task.cancelled() or task.exception() is not None
