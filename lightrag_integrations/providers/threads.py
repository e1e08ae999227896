"""Threads for calls to models that block: such a call may never return, and nothing may have to wait for it."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from functools import partial
from queue import SimpleQueue
from types import TracebackType
from typing import Any, TypeVar

from lightrag_integrations.errors import IndexClosed, ModelError

__all__ = ["ModelThreads"]

T = TypeVar("T")

_GIVEN_UP_MAX = 64


class ModelThreads:
    """Daemon threads, started as they are needed and used again.

    Those of the standard library's executors are joined when the interpreter ends, so that one hung call would keep the
    process for ever. How many calls are under way is for the callers to limit; of those that nobody waits for any more
    but that do not end, only so many are borne.
    """

    def __init__(self, name: str) -> None:
        """Name the threads; start none."""
        self._name = name
        self._lock = threading.Lock()
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._threads = 0
        self._idle = 0
        self._given_up = 0
        self._closed = False

    async def run(self, fn: Callable[[], T]) -> T:
        """Call `fn` in a thread, with the caller's context variables.

        Raises:
            ModelError: Too many calls that were given up have not ended.
            IndexClosed: `close` was called.
        """
        future: Future[T] = Future()
        self._post(future, partial(contextvars.copy_context().run, fn))
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            self._give_up(future)
            raise

    def close(self) -> None:
        """Let every thread end with what it is doing, without waiting for that."""
        with self._lock:
            self._closed = True
            for _ in range(self._threads):
                self._jobs.put(None)

    def _post(self, future: Future[Any], call: Callable[[], Any]) -> None:
        with self._lock:
            if self._closed:
                raise IndexClosed("the handle was closed; make a new LightRAGIndex to go on")
            if self._given_up >= _GIVEN_UP_MAX:
                raise ModelError(
                    f"{self._given_up} calls to models that were given up have not ended; "
                    "give the model's own client a time-out that is shorter than call_timeout_s"
                )
            if self._idle:
                self._idle -= 1
            else:
                self._threads += 1
                threading.Thread(target=self._work, name=f"{self._name}-{self._threads}", daemon=True).start()
            self._jobs.put((future, call))

    def _give_up(self, future: Future[Any]) -> None:
        if not future.running():
            return
        with self._lock:
            self._given_up += 1
        future.add_done_callback(self._ended)

    def _ended(self, _: Future[Any]) -> None:
        with self._lock:
            self._given_up -= 1

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            _do(*job)
            del job  # or the thread would keep it while idle
            with self._lock:
                self._idle += 1


def _do(future: Future[Any], call: Callable[[], Any]) -> None:
    if future.set_running_or_notify_cancel():
        with _Failing(future):
            future.set_result(call())


class _Failing(AbstractContextManager[None]):
    """Whatever is raised inside is the future's."""

    def __init__(self, future: Future[Any]) -> None:
        self._future = future

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None:
            return False
        if not isinstance(error, Exception):  # an exit would end the loop that waits for the call
            told = ModelError(f"a call to a model ended with {type(error).__name__}: {error}")
            told.__cause__ = error
            error = told
        self._future.set_exception(error)
        return True
