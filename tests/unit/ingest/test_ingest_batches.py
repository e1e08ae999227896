import asyncio
from collections.abc import Sequence

import pytest

from lightrag_integrations.errors import StorageError
from lightrag_integrations.ingest.batches import Batches

NEVER_S = 1000.0


class Work:
    """Doubles numbers; refuses zero."""

    def __init__(self) -> None:
        self.done: list[list[int]] = []

    async def __call__(self, items: Sequence[int]) -> list[int]:
        await asyncio.sleep(0)
        if 0 in items:
            raise StorageError("a value was refused")
        self.done.append(list(items))
        return [2 * item for item in items]


async def test_the_first_goes_at_once_and_the_others_together_when_it_is_urgent() -> None:
    work = Work()
    batches = Batches(work, pause_s=NEVER_S, most=3)
    assert await batches.of(1, urgent=False) == 2
    waiting = [asyncio.ensure_future(batches.of(item, urgent=False)) for item in (2, 3, 4)]
    await asyncio.sleep(0.01)
    assert work.done == [[1]]
    assert await batches.of(5, urgent=True) == 10
    assert await asyncio.gather(*waiting) == [4, 6, 8]
    assert work.done == [[1], [2, 3, 4], [5]]
    await batches.finish(NEVER_S)


async def test_what_is_refused_fails_alone() -> None:
    work = Work()
    batches = Batches(work, pause_s=NEVER_S, most=9)
    asked = (batches.of(item, urgent=True) for item in (1, 0, 2))
    one, refused, two = await asyncio.gather(*asked, return_exceptions=True)
    assert (one, two) == (2, 4)
    assert isinstance(refused, StorageError)
    await batches.finish(NEVER_S)


async def test_what_was_asked_for_is_done_though_nobody_waits_for_it() -> None:
    work = Work()
    batches = Batches(work, pause_s=NEVER_S, most=9)
    await batches.of(1, urgent=False)
    left = asyncio.ensure_future(batches.of(2, urgent=False))
    await asyncio.sleep(0.01)
    left.cancel()
    with pytest.raises(asyncio.CancelledError):
        await left
    await batches.finish(NEVER_S)
    assert work.done == [[1], [2]]
