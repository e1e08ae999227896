"""Breath: work on a loop that can wait lets go first what is ready."""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["catch_up", "step_aside"]

_TURNS = 5


async def step_aside() -> None:
    """Before work on the loop that can wait: what is ready goes first, and what that makes ready.

    From an answer's arrival to the next request it takes some turns of the loop.
    """
    for _ in range(_TURNS):
        await asyncio.sleep(0)


async def catch_up(work: asyncio.Task[Any]) -> bool:
    """Wait no longer than it takes to read what is here already; True when the work is done then.

    Args:
        work: May have stepped aside, with an answer in hand.
    """
    for _ in range(2 * _TURNS):
        if work.done():
            break
        await asyncio.sleep(0)
    return work.done()
