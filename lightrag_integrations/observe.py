"""Progress: one stream of events. Inherit `Observer` and override what you need."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Event", "LoggingObserver", "Observer", "Observers"]

EventKind = Literal[
    "accepted", "unchanged", "split", "extracted", "embedded", "stored", "superseded", "failed", "retrying",
    "model_call", "summarised", "finished",
]  # fmt: skip


_QUOTING = frozenset({"failed", "retrying", "summarised"})
"""Their details hold messages of errors, and endpoints like to quote what they were sent."""


@dataclass(frozen=True, slots=True)
class Event:
    """One step of an ingestion.

    Attributes:
        kind: What happened.
        document_id: The document it happened to; empty for events of a whole call.
        count: How many (chunks split, extractions done, documents accepted, …).
        detail: A short reason or name; never document text.
    """

    kind: EventKind
    document_id: str = ""
    count: int = 1
    detail: str = ""


class Observer:
    """Gets every event; does nothing with it. Called on the handle's own thread: be quick.

    What an observer raises is logged once a call and stops nothing.
    """

    def on_event(self, event: Event) -> None:
        """Receive one event.

        Args:
            event: What happened.
        """


class LoggingObserver(Observer):
    """Writes each event to the logger `lightrag_integrations.ingest` at debug level, failures as warnings.

    Of a failure the kind of error is told and not its message, which may quote the document: that is in the report.
    """

    def __init__(self, index: str = "") -> None:
        """Take the logger by name.

        Args:
            index: Told with each event.
        """
        self._log = logging.getLogger("lightrag_integrations.ingest")
        self._index = index

    def on_event(self, event: Event) -> None:
        """Log one event."""
        level = logging.WARNING if event.kind == "failed" else logging.DEBUG
        if not self._log.isEnabledFor(level):
            return
        extra = {"index": self._index, "action": event.kind, "document_id": event.document_id, "count": event.count}
        detail = "" if event.kind in _QUOTING else event.detail
        if event.kind == "failed":
            kind = event.detail.partition(":")[0]
            extra["error_type"] = detail = kind if kind.isidentifier() else "InputError"
        told = (event.kind, event.document_id, event.count, detail)
        self._log.log(level, "%s document=%s count=%d %s", *told, extra=extra)


class Observers(Observer):
    """Passes each event on to several observers, in order."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        """Keep the observers."""
        self._observers = tuple(observers)

    def on_event(self, event: Event) -> None:
        """Hand the event to each."""
        for observer in self._observers:
            observer.on_event(event)
