"""Batches: what many tasks ask for one by one is done several at a time, at a pace."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from lightrag_integrations.ingest.tasks import is_fatal, settle

__all__ = ["Batches"]

A = TypeVar("A")
R = TypeVar("R")
_Waiting = tuple[A, "asyncio.Future[R | BaseException]"]


class Batches(Generic[A, R]):
    """Does the first thing asked for at once, and what comes meanwhile and in a pause after it together.

    What was asked for is done even when nobody waits for it any more.
    """

    def __init__(self, work: Callable[[Sequence[A]], Awaitable[Sequence[R]]], *, pause_s: float, most: int) -> None:
        """Do nothing yet.

        Args:
            work: Gives a result for each item.
            pause_s: Between the end of one batch and the next, so that the next is larger.
            most: Items in a batch.
        """
        self._work = work
        self._pause_s = pause_s
        self._most = most
        self._waiting: list[_Waiting[A, R]] = []
        self._urgent = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._finishing = False

    async def of(self, item: A, *, urgent: bool) -> R:
        """The result for one item.

        Args:
            item: Done with others.
            urgent: There is nothing to wait for: end the pause.

        Raises:
            LightRAGError: What its batch, and then its own try, failed with.
        """
        done: asyncio.Future[R | BaseException] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if urgent:
            self._urgent.set()
        if self._running is None:
            self._running = asyncio.get_running_loop().create_task(self._run())
        outcome = await done
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def finish(self, grace_s: float) -> None:
        """Let what was asked for be done; what takes longer than this is given up."""
        self._finishing = True
        self._urgent.set()
        if self._running is not None:
            await asyncio.wait([self._running], timeout=grace_s)
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                if not self._waiting and not self._finishing:
                    self._urgent.clear()
                await self._do(batch)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._pause_s):
                        await self._urgent.wait()
        finally:
            self._running = None

    async def _do(self, batch: Sequence[_Waiting[A, R]]) -> None:
        outcome = await settle(self._work([item for item, _ in batch]))
        if not isinstance(outcome, BaseException):
            for (_, done), result in zip(batch, outcome, strict=True):
                _tell(done, result)
        elif len(batch) == 1 or is_fatal(outcome):
            for _, done in batch:
                _tell(done, outcome)
        else:  # one of them may spoil the batch: it is to fail alone
            for one in batch:
                await self._do([one])


def _tell(done: asyncio.Future[R | BaseException], outcome: R | BaseException) -> None:
    if not done.done():
        done.set_result(outcome)
