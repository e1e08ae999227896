"""A place among the calls in flight, for calls whose answers must be kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, ExitStack
from typing import Any

__all__ = ["Gate", "Places"]

Places = AbstractAsyncContextManager[Any]
"""Entered for each call: limits how many are in flight. An `asyncio.Semaphore` is one."""


class Gate:
    """Gives no place while answers can't be stored: what is paid meanwhile might be lost and paid again."""

    def __init__(self, semaphore: asyncio.Semaphore, reachable: Callable[[], Awaitable[None]]) -> None:
        """Hold nothing yet.

        Args:
            semaphore: Calls in flight, of the whole handle.
            reachable: See `store.Store.reachable`.
        """
        self._semaphore = semaphore
        self._reachable = reachable

    async def __aenter__(self) -> None:
        """Take a place, then see that the answer can be stored.

        Raises:
            StorageError: It can't: the database stays away.
        """
        await self._semaphore.acquire()
        with ExitStack() as undo:
            undo.callback(self._semaphore.release)
            await self._reachable()
            undo.pop_all()

    async def __aexit__(self, *error: object) -> None:
        """Give the place back."""
        self._semaphore.release()
