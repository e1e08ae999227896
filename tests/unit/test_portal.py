"""The loop thread a handle owns."""

import asyncio
import contextlib
import contextvars
import os
import threading
import time

import pytest

from lightrag_integrations import _portal
from lightrag_integrations._portal import Portal
from lightrag_integrations.errors import IndexClosed, LightRAGError

VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")


async def nothing() -> None:
    return None


@pytest.fixture
def portal():
    made = Portal("test-portal")
    yield made
    made.stop(nothing, drain_s=1)
    assert "test-portal" not in {thread.name for thread in threading.enumerate()}


def test_runs_on_its_own_thread_and_keeps_context(portal: Portal) -> None:
    async def where() -> tuple[str, str]:
        return threading.current_thread().name, VARIABLE.get()

    VARIABLE.set("mine")
    assert portal.run(where) == ("test-portal", "mine")


async def test_sync_call_inside_a_running_loop(portal: Portal) -> None:
    async def slow() -> int:
        await asyncio.sleep(0.01)
        return 7

    assert portal.run(slow) == 7


async def test_cancelling_the_caller_cancels_the_work(portal: Portal) -> None:
    ended = threading.Event()
    begun = threading.Event()

    async def endless() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(portal.arun(endless))
    await asyncio.to_thread(begun.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, 5)


def test_errors_cross_over(portal: Portal) -> None:
    async def fail() -> None:
        raise KeyError("here")

    with pytest.raises(KeyError, match="here"):
        portal.run(fail)


def test_blocking_call_on_own_thread_is_refused(portal: Portal) -> None:
    async def nested() -> None:
        portal.run(nothing)

    with pytest.raises(LightRAGError, match="own thread"):
        portal.run(nested)


def test_async_call_on_own_thread_runs_in_place(portal: Portal) -> None:
    async def inner() -> int:
        return 3

    async def outer() -> int:
        return await portal.arun(inner)

    assert portal.run(outer) == 3


def test_iteration_both_ways_and_early_end(portal: Portal) -> None:
    closed = []

    async def numbers():
        try:
            for number in range(5):
                yield number
        finally:
            closed.append(True)

    assert list(portal.iterate(numbers)) == [0, 1, 2, 3, 4]
    for number in portal.iterate(numbers):
        if number == 2:
            break

    async def consume() -> list[int]:
        return [number async for number in portal.aiterate(numbers)]

    assert asyncio.run(consume()) == [0, 1, 2, 3, 4]
    assert len(closed) == 3


class Endless:
    """One item, then nothing; its end takes a while."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.ended = False

    async def items(self):
        try:
            yield 1
            self.begun.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.02)
            self.ended = True


async def test_a_reader_that_is_cancelled_leaves_when_the_stream_has_ended(portal: Portal) -> None:
    endless = Endless()

    async def read() -> None:
        async for _ in portal.aiterate(endless.items):
            pass

    reader = asyncio.create_task(read())
    await asyncio.to_thread(endless.begun.wait, 20)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert endless.ended


async def test_a_stream_closed_early_is_closed_whenever_the_closer_is_cancelled(portal: Portal) -> None:
    for turns in range(1, 9):
        closed = threading.Event()

        async def numbers(closed: threading.Event = closed):
            try:
                for number in range(3):
                    yield number
            finally:
                await asyncio.sleep(0.01)
                closed.set()

        stream = portal.aiterate(numbers)
        assert await anext(stream) == 0
        closing = asyncio.create_task(stream.aclose())
        for _ in range(turns):
            await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait([closing])
        assert await asyncio.to_thread(closed.wait, 10), f"cancelled after {turns} turns"


async def test_what_the_closing_of_a_stream_fails_with_is_told(portal: Portal) -> None:
    async def broken():
        try:
            yield 1
        finally:
            raise ValueError("at the end")

    stream = portal.aiterate(broken)
    await anext(stream)
    with pytest.raises(ValueError, match="at the end"):
        await stream.aclose()
    blocking = portal.iterate(broken)
    next(blocking)
    with pytest.raises(ValueError, match="at the end"):
        blocking.close()


def test_stop_ends_open_streams_before_it_cleans_up() -> None:
    portal = Portal("reading")
    endless = Endless()
    order: list[bool] = []

    async def clean_up() -> None:
        order.append(endless.ended)

    reading = portal.iterate(endless.items)
    assert next(reading) == 1
    portal.stop(clean_up, drain_s=1)
    assert order == [True]
    with pytest.raises(IndexClosed):
        next(reading)


def test_stop_drains_then_cancels_and_refuses_later_calls() -> None:
    portal = Portal("stopping")
    finished = []

    async def quick() -> None:
        await asyncio.sleep(0.05)
        finished.append("quick")

    async def endless() -> None:
        await asyncio.Event().wait()

    threads = [threading.Thread(target=portal.run, args=(quick,))]
    caught: list[BaseException] = []

    def run_endless() -> None:
        try:
            portal.run(endless)
        except IndexClosed as error:
            caught.append(error)

    threads.append(threading.Thread(target=run_endless))
    for thread in threads:
        thread.start()
    while len(portal._tasks) < 2:
        time.sleep(0.001)
    portal.stop(nothing, drain_s=0.3)
    for thread in threads:
        thread.join(5)
    assert finished == ["quick"]
    assert len(caught) == 1
    with pytest.raises(IndexClosed, match="make a new"):
        portal.run(nothing)
    portal.stop(nothing, drain_s=0.1)


def test_a_call_that_meets_the_closing_is_done_or_refused() -> None:
    portal = Portal("closing")
    portal.run(nothing)
    stopping = threading.Thread(target=portal.stop, args=(nothing,), kwargs={"drain_s": 1})
    post = portal._loop.call_soon_threadsafe

    def stop_just_before(*args: object, **given: object) -> object:
        if stopping.ident is None:
            stopping.start()
            stopping.join(0.5)
        return post(*args, **given)

    portal._loop.call_soon_threadsafe = stop_just_before
    outcome: list[object] = []

    async def seven() -> int:
        return 7

    def call() -> None:
        try:
            outcome.append(portal.run(seven))
        except (IndexClosed, RuntimeError) as error:
            outcome.append(error)

    caller = threading.Thread(target=call, daemon=True)
    caller.start()
    caller.join(20)
    stopping.join(20)
    assert outcome == [7]


def test_callers_of_work_that_will_not_end_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_portal, "_GRACE_S", 0.05)
    portal = Portal("stubborn")
    begun = threading.Event()
    caught: list[BaseException] = []

    async def stubborn() -> None:
        begun.set()
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    def call() -> None:
        try:
            portal.run(stubborn)
        except IndexClosed as error:
            caught.append(error)

    caller = threading.Thread(target=call, daemon=True)
    caller.start()
    begun.wait(20)
    portal.stop(nothing, drain_s=0.05)
    caller.join(20)
    assert len(caught) == 1


def test_a_forked_child_gets_a_loop_of_its_own(portal: Portal) -> None:
    async def process() -> int:
        return os.getpid()

    assert portal.run(process) == os.getpid()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.write(write, str(portal.run(process)).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    assert os.waitpid(child, 0)[1] == 0
    assert int(os.read(read, 64)) == child
    os.close(read)
    assert portal.run(process) == os.getpid()


def test_many_threads_share_one_portal(portal: Portal) -> None:
    async def double(value: int) -> int:
        await asyncio.sleep(0)
        return value * 2

    results: list[int] = []

    def work() -> None:
        for value in range(50):
            results.append(portal.run(lambda value=value: double(value)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(results) == sorted(2 * value for value in range(50) for _ in range(8))
