"""Breath: work on a loop that can wait lets go first what is ready."""

from __future__ import annotations

import asyncio

__all__ = ["step_aside"]

_TURNS = 5


async def step_aside() -> None:
    """Before work on the loop that can wait: what is ready goes first, and what that makes ready.

    From an answer's arrival to the next request it takes some turns of the loop.
    """
    for _ in range(_TURNS):
        await asyncio.sleep(0)
