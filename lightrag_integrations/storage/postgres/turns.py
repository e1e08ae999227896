"""A snapshot's connection in turns: one statement after another, whoever asks, and none after one that failed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, TypeVar

import psycopg

from lightrag_integrations.storage.postgres.pool import Connection

__all__ = ["Turns"]

T = TypeVar("T")


class Turns:
    """`async with turns as connection:` for each statement; first come, first served.

    A statement that failed, or was cancelled, leaves the transaction broken. Whoever comes next is told that error, not
    what the server says of a broken transaction, and sends nothing.
    """

    def __init__(self, connection: Connection) -> None:
        """Take over the connection until `aclose`.

        Args:
            connection: Inside a transaction.
        """
        self._connection = connection
        self._lock = asyncio.Lock()
        self._failure: BaseException | None = None
        self._begun: list[asyncio.Task[Any]] = []

    async def __aenter__(self) -> Connection:
        """Wait for the turn."""
        await self._lock.acquire()
        if self._failure is not None:
            self._lock.release()
            raise self._failure
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give it to the next one."""
        if isinstance(error, psycopg.Error | asyncio.CancelledError):
            self._failure = error
        self._lock.release()

    async def begin(self, reading: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Have something read while the caller does something else; its statements take their turns."""
        task = asyncio.get_running_loop().create_task(reading)
        self._begun.append(task)
        await asyncio.sleep(0)  # sends its first statement, if it is its turn
        return task

    async def aclose(self) -> None:
        """End what was begun and is not wanted any more; its errors are nobody's."""
        for task in self._begun:
            task.cancel()
        await asyncio.gather(*self._begun, return_exceptions=True)
