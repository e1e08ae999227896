"""Bodies of COPYs, put together while the server is at work on something else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from lightrag_integrations.storage.postgres.wire import copy_data

__all__ = ["Bodies"]


class Bodies:
    """Puts them together in a thread, one COPY after the other. An asynchronous context manager."""

    def __init__(self) -> None:
        """Nothing to do yet."""
        self._turn = asyncio.Lock()
        self._tasks: list[asyncio.Task[bytes]] = []

    async def __aenter__(self) -> Bodies:
        """Nothing to open."""
        return self

    async def __aexit__(self, *error: object) -> None:
        """After an error nobody waits for what is left."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def put(self, rows: Callable[[], Iterable[bytes]]) -> asyncio.Task[bytes]:
        """Begin on these rows when those before are done; await the task for the body of the COPY.

        Args:
            rows: Makes the rows.
        """
        task = asyncio.create_task(self._made(rows))
        self._tasks.append(task)
        return task

    async def _made(self, rows: Callable[[], Iterable[bytes]]) -> bytes:
        async with self._turn:
            return await asyncio.to_thread(lambda: copy_data(rows()))
