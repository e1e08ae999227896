"""Threads for calls that block."""

import asyncio
import contextvars
import threading
import time

import pytest

from lightrag_integrations.errors import IndexClosed, ModelError
from lightrag_integrations.providers import threads as module
from lightrag_integrations.providers.threads import ModelThreads

VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")


@pytest.fixture
def threads():
    made = ModelThreads("test-models")
    yield made
    made.close()
    until = time.monotonic() + 10
    while (left := running()) and time.monotonic() < until:
        time.sleep(0.01)
    assert left == []


def running() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("test-models")]


async def test_calls_take_the_callers_context_and_the_same_thread(threads: ModelThreads) -> None:
    VARIABLE.set("mine")
    names = {await threads.run(lambda: (threading.current_thread().name, VARIABLE.get())) for _ in range(20)}
    assert len(names) < 10, "a thread may be asked for before the last one is idle again"
    assert {value for _, value in names} == {"mine"}


async def test_calls_at_the_same_time_run_at_the_same_time(threads: ModelThreads) -> None:
    barrier = threading.Barrier(20)
    assert len(await asyncio.gather(*(threads.run(lambda: barrier.wait(20)) for _ in range(20)))) == 20
    assert len(running()) == 20


async def test_errors_and_exits_reach_the_caller(threads: ModelThreads) -> None:
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 // 0)

    def leave() -> None:
        raise SystemExit(3)

    with pytest.raises(ModelError, match="ended with SystemExit: 3"):
        await threads.run(leave)
    assert await threads.run(lambda: 7) == 7


async def test_hung_calls_hold_nobody_up_but_are_not_borne_without_end(
    threads: ModelThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_GIVEN_UP_MAX", 3)
    release = threading.Event()

    async def hang() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await threads.run(lambda: release.wait(60))

    for _ in range(3):
        await hang()
        if _ < 2:
            assert await threads.run(lambda: 7) == 7
    with pytest.raises(ModelError, match="3 calls to models that were given up"):
        await threads.run(lambda: 7)
    release.set()
    while threads._given_up:
        await asyncio.sleep(0.01)
    assert await threads.run(lambda: 7) == 7


async def test_nothing_is_begun_after_closing() -> None:
    threads = ModelThreads("test-models")
    threads.close()
    with pytest.raises(IndexClosed):
        await threads.run(lambda: 7)
