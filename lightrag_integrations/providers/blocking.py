"""Calling models that block, in threads, from the handle's loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from typing import Protocol, TypeVar

from lightrag_integrations.providers.errors import ForeignErrors

__all__ = ["RunBlocking", "guarded", "streamed"]

T = TypeVar("T")


class RunBlocking(Protocol):
    """Runs a blocking call in a thread, with the caller's context variables."""

    def __call__(self, fn: Callable[[], T], /) -> Awaitable[T]:
        """Start `fn`; await its result."""
        ...


def guarded(fn: Callable[[], T], doing: str) -> Callable[[], T]:
    """`fn` with all its errors as `ModelError`.

    They have to change in the thread: a `StopIteration` that reached a future would leave its waiter hanging.
    """

    def call() -> T:
        with ForeignErrors(doing):
            return fn()

    return call


async def streamed(make: Callable[[], Iterator[str]], run_blocking: RunBlocking, doing: str) -> AsyncGenerator[str]:
    """Iterate a blocking iterator from one thread, which is left at the next piece when the reader stops.

    One thread for the whole stream: frameworks set context variables in their generators and reset them at the end,
    which must happen in the same context.

    Args:
        make: Starts the iterator.
        run_blocking: Where it runs.
        doing: Begins the message of an error.

    Yields:
        The pieces that are not empty.

    Raises:
        ModelError: The iterator failed.
    """
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[str | None] = asyncio.Queue()
    stopped = threading.Event()

    def pump() -> None:
        for piece in make():
            if stopped.is_set():
                return
            if piece:
                loop.call_soon_threadsafe(pieces.put_nowait, piece)

    async def feed() -> None:
        try:
            await run_blocking(guarded(pump, doing))
        finally:
            pieces.put_nowait(None)

    feeding = asyncio.create_task(feed())
    feeding.add_done_callback(_seen)
    try:
        while (piece := await pieces.get()) is not None:
            yield piece
        await feeding
    finally:
        stopped.set()
        feeding.cancel()


def _seen(task: asyncio.Task[None]) -> None:
    """Look at the error of a task that nobody may wait for any more, or asyncio reports it as lost."""
    if not task.cancelled():
        task.exception()
