"""Progress bars: of an ingestion, fed by its events, and of anything that counts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any

from lightrag_integrations.errors import InputError
from lightrag_integrations.given import able, shown
from lightrag_integrations.observe import Event, LoggingObserver, Observer, Observers

__all__ = ["ProgressBars", "counting", "observing"]

_LOG = logging.getLogger("lightrag_integrations.ingest")


@contextmanager
def observing(*observers: Observer | None, show_progress: bool, index: str = "") -> Iterator[Observer]:
    """One observer made of the log, the given ones and, where asked for, progress bars. None of them can break a call.

    Args:
        *observers: The handle's and the call's; None is left out.
        show_progress: Draw bars while the block runs.
        index: Its name, for the log.
    """
    for observer in observers:
        if observer is not None and not able(observer, "on_event"):
            raise InputError(f"observer: got {shown(observer)}; expected an Observer")
    given = [LoggingObserver(index), *(_Harmless(observer) for observer in observers if observer is not None)]
    if not show_progress:
        yield Observers(given)
        return
    with ProgressBars() as bars:
        yield Observers([*given, _Harmless(bars)])


class _Harmless(Observer, AbstractContextManager[None]):
    """Passes events on to an observer that may fail: its first error is logged as a warning, none leaves here."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._warned = False

    def on_event(self, event: Event) -> None:
        with self:
            self._observer.on_event(event)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        if not self._warned:
            name = type(self._observer).__name__
            _LOG.warning("observer %s failed (later failures are not logged): %r", name, error, exc_info=error)
        self._warned = True
        return True


@contextmanager
def counting(unit: str, *, show_progress: bool) -> Iterator[Callable[[int, int], None]]:
    """What to tell (done, of all); where asked for, a bar on standard error moves.

    Args:
        unit: Of what is counted.
        show_progress: Draw the bar while the block runs.
    """
    if not show_progress:
        yield lambda done, of_all: None
        return
    with _bar(f"{unit}s", unit) as bar:

        def step(done: int, of_all: int) -> None:
            bar.total = of_all
            bar.update(done - bar.n)

        yield step


def _bar(name: str, unit: str) -> Any:
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc]
        monitor_interval = 0  # tqdm's monitor is a thread that outlives the bar

    return Bar(total=0, desc=name, unit=unit, leave=True, mininterval=0.2)


class ProgressBars(Observer):
    """Two tqdm bars on standard error: chunks extracted, documents done. A context manager."""

    def __init__(self) -> None:
        """Draw nothing yet."""
        self._bars: dict[str, Any] = {}

    def __enter__(self) -> ProgressBars:
        """Draw the bars."""
        self._bars = {"chunks": _bar("chunks", "chunk"), "documents": _bar("documents", "doc")}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the bars."""
        for bar in self._bars.values():
            bar.refresh()
            bar.close()

    def on_event(self, event: Event) -> None:
        """Move the bar that the event belongs to."""
        chunks, documents = self._bars.get("chunks"), self._bars.get("documents")
        if chunks is None or documents is None:
            return
        if event.kind in ("accepted", "unchanged"):
            documents.total += event.count
        if event.kind == "split":
            chunks.total += event.count
        if event.kind == "extracted":
            chunks.update(event.count)
        if event.kind in ("stored", "superseded", "failed", "unchanged"):
            documents.update(event.count)
