"""Breath: long work lets others of the process go between, in its thread as on its loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

__all__ = ["breathing", "step_aside"]

T = TypeVar("T")
_BREATH_S = 0.001
_TURNS = 5


def breathing(items: Iterable[T]) -> Iterator[T]:
    """The items; about once in a millisecond whoever waits for the interpreter comes first.

    A thread that works in Python gives the interpreter away only when it is asked to, after five milliseconds: so long
    would another handle's query wait at each of its steps.

    Args:
        items: Each worked on, or made, in less time than that.
    """
    began = time.monotonic()
    for item in items:
        if time.monotonic() - began >= _BREATH_S:
            time.sleep(0)
            began = time.monotonic()
        yield item


async def step_aside() -> None:
    """Before work on the loop that can wait: what is ready goes first, and what that makes ready.

    From an answer's arrival to the next request it takes some turns of the loop.
    """
    for _ in range(_TURNS):
        await asyncio.sleep(0)
