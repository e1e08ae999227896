"""Work side by side where one failure must not end the others, and none may be left running."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from lightrag_integrations.errors import ConnectionFailed, IndexClosed, SchemaError, ServerError

__all__ = ["first_error", "is_fatal", "outcome_of", "settle", "settle_all"]

A = TypeVar("A")
T = TypeVar("T")


async def settle(work: Awaitable[T]) -> T | BaseException:
    """Await `work`; its exception comes back as a value. Cancelling the caller cancels it and is raised as ever."""
    (outcome,) = await asyncio.gather(work, return_exceptions=True)
    return first_error(outcome) if isinstance(outcome, BaseException) else outcome


def outcome_of(done: asyncio.Task[T]) -> T | BaseException:
    """What a task that has ended came to, without waiting: where cancelling the caller must not lose it."""
    if done.cancelled():
        return asyncio.CancelledError()
    error = done.exception()
    return done.result() if error is None else first_error(error)


async def settle_all(work: Callable[[A], Awaitable[T]], items: Sequence[A], *, limit: int) -> list[T | BaseException]:
    """Run `work` on each item, at most `limit` at once.

    Args:
        work: Made into a coroutine for one item.
        items: What to work on.
        limit: Tasks at once.

    Returns:
        A result or an exception for each item, in order.

    Raises:
        LightRAGError: A fatal one, as soon as it occurs; the others are cancelled.
    """
    outcomes: dict[int, T | BaseException] = {}
    waiting = iter(enumerate(items))

    async def worker() -> None:
        """Take one item after the other."""
        for place, item in waiting:
            outcome = await settle(work(item))
            if isinstance(outcome, BaseException) and is_fatal(outcome):
                raise outcome
            outcomes[place] = outcome

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(limit, len(items))):
                group.create_task(worker())
    except BaseExceptionGroup as errors:
        raise first_error(errors) from errors
    return [outcomes[place] for place in range(len(items))]


def is_fatal(error: BaseException) -> bool:
    """True when the error is not one document's but the whole call's: the database is gone or not what it was."""
    return isinstance(error, ConnectionFailed | SchemaError | ServerError | IndexClosed)


def first_error(error: BaseException) -> BaseException:
    """The first plain exception inside a group, or the exception itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
