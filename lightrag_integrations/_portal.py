"""The event-loop thread a handle owns.

Everything a handle does runs on one loop of its own, whoever calls: a pool or an HTTP client shared by two running
loops loses requests, one loop thread shared by two handles makes them wait for each other. Calls cross over with their
context variables, so that a framework's callbacks and traces nest; cancelling the caller cancels the work.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Any, TypeVar

from lightrag_integrations.errors import IndexClosed, LightRAGError

__all__ = ["Portal"]

T = TypeVar("T")
Make = Callable[[], Coroutine[Any, Any, T]]

_GRACE_S = 5.0
"""Longest wait for tasks that were cancelled, at the end of a loop."""


class Portal:
    """An event loop on a daemon thread, started at the first call.

    After a fork the child's first call starts a loop of its own; the parent's is left alone.
    """

    def __init__(self, name: str) -> None:
        """Name the thread; start nothing."""
        self._name = name
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._futures: set[Future[Any]] = set()
        self._cursors: set[_Cursor] = set()
        self._stopped = False
        self._abandoned: list[object] = []

    @property
    def forked(self) -> bool:
        """True when this process inherited the portal from the one that made it, and has not used it yet."""
        return self._pid != os.getpid()

    @property
    def running(self) -> bool:
        """True while a loop of this process serves calls."""
        return not self.forked and self._loop is not None and not self._stopped

    @property
    def here(self) -> bool:
        """True on the portal's own thread."""
        return not self.forked and threading.current_thread() is self._thread

    def run(self, make: Make[T], *, ending_s: float = 0.0) -> T:
        """Run a coroutine on the portal's loop and wait for it, from any other thread.

        Args:
            make: Makes the coroutine.
            ending_s: Interrupted, wait so long for the work to end.
        """
        if self.here:
            raise LightRAGError(
                "a blocking call was made on the handle's own thread (from an observer or a model of yours), "
                "where it would wait for itself; use the method with an 'a' in front and await it"
            )
        future, ended = self._submit(make)
        try:
            return future.result()
        except CancelledError:
            raise IndexClosed("the handle was closed while this call was running") from None
        finally:
            # Ctrl-C or a signal handler's exception must not leave the work running unseen.
            if not future.done():
                future.cancel()
                wait([ended], ending_s)

    async def arun(self, make: Make[T], *, ending_s: float = 0.0) -> T:
        """Run a coroutine on the portal's loop and await it, from any running loop.

        Args:
            make: Makes the coroutine.
            ending_s: Cancelled, wait so long for the work to end; cancelled once more, no longer.
        """
        if self.here:
            return await make()
        future, ended = self._submit(make)
        waiting = asyncio.wrap_future(future)
        try:
            return await waiting
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling() == 0:
                raise IndexClosed("the handle was closed while this call was running") from None
            future.cancel()
            if ending_s:
                await asyncio.wait([asyncio.wrap_future(ended)], timeout=ending_s)
            raise
        finally:
            future.cancel()

    def iterate(self, make: Callable[[], AsyncIterator[T]]) -> Iterator[T]:
        """Iterate an asynchronous iterator of the portal's loop, blocking for each item."""
        cursor = self._open_cursor(make)
        try:
            while (item := self.run(cursor.next)) is not None:
                yield item[0]
        finally:
            self._cursors.discard(cursor)
            with suppress(IndexClosed):  # closing the portal ends what is open
                if self.running:
                    closing, ended = self._submit(cursor.close)
                    if not self.here:  # the collector may run anywhere; waiting here would be for ourselves
                        wait([ended])
                        _raise_error(closing)

    async def aiterate(self, make: Callable[[], AsyncIterator[T]]) -> AsyncGenerator[T]:
        """Iterate an asynchronous iterator of the portal's loop from another running loop."""
        cursor = self._open_cursor(make)
        try:
            while (item := await self.arun(cursor.next)) is not None:
                yield item[0]
        finally:
            self._cursors.discard(cursor)
            with suppress(IndexClosed):
                if self.here:
                    await cursor.close()
                elif self.running:
                    # Cancelling the caller must not cancel this: what it has open would stay so.
                    closing, ended = self._submit(cursor.close)
                    await asyncio.wait([asyncio.wrap_future(ended)])
                    _raise_error(closing)

    def stop(self, cleanup: Make[None], *, drain_s: float) -> None:
        """Refuse new calls, let running ones finish, end open iterations, clean up, end the thread. Safe to call twice.

        Args:
            cleanup: Runs last on the loop.
            drain_s: Running calls are cancelled after so many seconds.
        """
        if self.forked:
            self._forget_parent()
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
            loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        finished = asyncio.run_coroutine_threadsafe(self._finish(cleanup, drain_s), loop)
        finished.add_done_callback(lambda _: loop.call_soon_threadsafe(loop.stop))
        if self.here:  # a finaliser may run anywhere; waiting here would be for ourselves
            return
        try:
            finished.result()
        finally:
            thread.join()

    async def _finish(self, cleanup: Make[None], drain_s: float) -> None:
        running = set(self._tasks)
        if running:
            _, late = await asyncio.wait(running, timeout=drain_s)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=drain_s)
        with suppress(TimeoutError):
            async with asyncio.timeout(drain_s):
                await asyncio.gather(*(cursor.close() for cursor in [*self._cursors]), return_exceptions=True)
        await cleanup()

    def _open_cursor(self, make: Callable[[], AsyncIterator[Any]]) -> _Cursor:
        cursor = _Cursor(make)
        self._cursors.add(cursor)
        return cursor

    def _submit(self, make: Make[T]) -> tuple[Future[T], Future[None]]:
        """Begin the work; its outcome, and its end, which comes later when it is cancelled."""
        if self.forked:
            self._forget_parent()
        future: Future[T] = Future()
        ended: Future[None] = Future()
        context = contextvars.copy_context()
        # Posted under the lock: what is posted after `stop` has posted its own would never be started.
        with self._lock:
            loop = self._ensure_loop()
            self._futures.add(future)
            loop.call_soon_threadsafe(self._start, make, future, ended, context)
        future.add_done_callback(self._futures.discard)
        return future, ended

    def _start(self, make: Make[T], future: Future[T], ended: Future[None], context: contextvars.Context) -> None:
        if future.cancelled():
            ended.set_result(None)
            return
        task = asyncio.get_running_loop().create_task(make(), context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda done: _hand_over(done, future))
        task.add_done_callback(lambda _: ended.set_result(None))
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda done: _cancel_if(done.cancelled(), loop, task))

    def _ensure_loop(self) -> asyncio.AbstractEventLoop:
        if self._stopped:
            raise IndexClosed("the handle was closed; make a new LightRAGIndex to go on")
        if self._loop is None:
            # psycopg's asynchronous connections need a selector loop; on Windows that is not the default.
            # In a context of its own, as it would keep the first caller's for ever.
            self._loop = contextvars.Context().run(asyncio.SelectorEventLoop)
            serving = (self._loop, self._futures)
            self._thread = threading.Thread(target=_serve, args=serving, name=self._name, daemon=True)
            self._thread.start()
        return self._loop

    def _forget_parent(self) -> None:
        # Kept referenced for ever: finalising the parent's loop here would unregister its sockets there. The lock is
        # a new one, as a thread that exists no more may have held the old one at the fork.
        self._abandoned.append((self._loop, self._thread, self._tasks, self._futures, self._cursors))
        self._lock = threading.Lock()
        self._loop, self._thread, self._tasks, self._futures, self._cursors = None, None, set(), set(), set()
        self._pid = os.getpid()


class _Cursor:
    """One asynchronous iterator, advanced and closed on the portal's loop."""

    def __init__(self, make: Callable[[], AsyncIterator[Any]]) -> None:
        self._make = make
        self._items: AsyncIterator[Any] | None = None
        self._advancing: asyncio.Task[Any] | None = None

    async def next(self) -> tuple[Any] | None:
        """The next item in a 1-tuple, or None at the end."""
        if self._items is None:
            self._items = self._make()
        self._advancing = asyncio.current_task()
        try:
            return (await anext(self._items),)
        except StopAsyncIteration:
            return None
        finally:
            self._advancing = None

    async def close(self) -> None:
        """End the iterator where it stands; one that is being cancelled ends by itself, and is waited for."""
        if self._advancing is not None:
            await asyncio.wait([self._advancing])
        if self._items is not None and hasattr(self._items, "aclose"):
            await self._items.aclose()


def _serve(loop: asyncio.AbstractEventLoop, futures: set[Future[Any]]) -> None:
    asyncio.set_event_loop(loop)
    # asyncio's own default executor is only ended by starting one more thread, which a dying interpreter refuses.
    executor = ThreadPoolExecutor(max_workers=4, thread_name_prefix="lightrag-loop")
    loop.set_default_executor(executor)
    try:
        loop.run_forever()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=_GRACE_S))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        for future in [*futures]:  # of work that would not be cancelled: its callers must not wait for ever
            future.cancel()


def _hand_over(task: asyncio.Task[T], future: Future[T]) -> None:
    if task.cancelled():
        future.cancel()
        return
    error = task.exception()
    if not future.set_running_or_notify_cancel():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(task.result())


def _raise_error(done: Future[None]) -> None:
    """What the work failed with; work that was cancelled is only over."""
    if not done.cancelled():
        done.result()


def _cancel_if(cancelled: bool, loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any]) -> None:
    if cancelled and not loop.is_closed():
        loop.call_soon_threadsafe(task.cancel)
