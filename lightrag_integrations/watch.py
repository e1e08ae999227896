"""What a handle does, seen from outside: counted always, logged where asked for, traced where there is a tracer."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping
from types import MappingProxyType, TracebackType
from typing import Any, Self

from lightrag_integrations.counters import Counters
from lightrag_integrations.models import RetrievalResult
from lightrag_integrations.options import QueryOptions
from lightrag_integrations.reports import IngestReport
from lightrag_integrations.tracing import NO_SPAN, NO_TRACER, Attribute, Span, Tracer

__all__ = ["Watch", "Work"]

_LOGS = MappingProxyType(
    {action: logging.getLogger(f"lightrag_integrations.{action}") for action in ("retrieve", "answer", "ingest")}
)


class Watch:
    """One for each handle: its name, its counters and its tracer."""

    def __init__(self, index: str = "", tracer: Tracer = NO_TRACER) -> None:
        """Count nothing yet.

        Args:
            index: The index's name.
            tracer: Gets a span for each piece of work.
        """
        self.index = index
        self.tracer = tracer
        self._counters = Counters()
        self._pid = os.getpid()

    @property
    def counters(self) -> Counters:
        """Those of this process: a fork counts for itself, or all that its parent did would be told twice."""
        if self._pid != os.getpid():
            self._counters, self._pid = Counters(), os.getpid()
        return self._counters

    def step(self, name: str) -> Span:
        """A part of some work that is worth a span of its own; not counted.

        Args:
            name: Such as "search".
        """
        return self.tracer.span(f"lightrag.{name}", {"lightrag.index": self.index}) if self.tracer.on else NO_SPAN

    def retrieval(self, options: QueryOptions) -> Work:
        """Around one search."""
        span, mode = NO_SPAN, "vector" if options.mode == "naive" else options.mode
        if self.tracer.on:
            attributes: dict[str, Attribute] = {
                "gen_ai.operation.name": "retrieval",
                "gen_ai.data_source.id": self.index,
                "gen_ai.request.top_k": options.k,
                "db.system.name": "postgresql",
                "lightrag.mode": mode,
                "lightrag.filtered": bool(options.filter),
                "lightrag.rerank": str(options.rerank).lower(),
                "lightrag.decompose": options.decompose,
            }
            span = self.tracer.span(f"retrieval {self.index}", attributes, remote=True)
        return Work(self, "retrieve", span, label=mode)

    def answer(self, options: QueryOptions, *, stream: bool = False) -> Work:
        """Around one answer.

        Args:
            options: How it is searched for.
            stream: Its steps run in contexts of their own.
        """
        span = NO_SPAN
        if self.tracer.on:
            attributes: dict[str, Attribute] = {"lightrag.index": self.index, "lightrag.mode": options.mode}
            span = self.tracer.span("lightrag.answer", {**attributes, "lightrag.stream": stream}, apart=stream)
        return Work(self, "answer", span)

    def ingest(self, documents: int | None = None) -> Work:
        """Around one ingestion.

        Args:
            documents: Given to it; None: what was left behind is taken up.
        """
        span = NO_SPAN
        if self.tracer.on:
            given: dict[str, Attribute] = {} if documents is None else {"lightrag.documents.given": documents}
            span = self.tracer.span("lightrag.ingest", {"lightrag.index": self.index, **given})
        return Work(self, "ingest", span)


class Work:
    """A piece of work that counts, as a context manager."""

    __slots__ = ("_action", "_begun", "_label", "_told", "_watch", "span")

    def __init__(self, watch: Watch, action: str, span: Span, *, label: str = "") -> None:
        """Begin nothing yet.

        Args:
            watch: Whose.
            action: retrieve, answer or ingest.
            span: Ends with it.
            label: Mode.
        """
        self.span = span
        self._watch = watch
        self._action = action
        self._label = label
        self._told: Mapping[str, Any] = {}

    def __enter__(self) -> Self:
        """Start the clock."""
        self._begun = time.perf_counter()
        self.span.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Count, log, end the span."""
        seconds = time.perf_counter() - self._begun
        failed = isinstance(error, Exception)
        self._watch.counters.timing(self._action, self._label).add(seconds, failed=failed)
        self.span.__exit__(kind, error, trace)
        log = _LOGS[self._action]
        level = logging.INFO if self._action == "ingest" else logging.DEBUG
        if log.isEnabledFor(level):
            # A stream that its reader has left is as good as ended.
            self._log(log, level, seconds, None if isinstance(error, GeneratorExit) else kind)

    def found(self, result: RetrievalResult) -> None:
        """A search ended well."""
        self._told = {"count": len(result.hits), "mode": result.mode}
        if self.span is not NO_SPAN:
            self.span.tell({"lightrag.hits": len(result.hits)})
            if self._watch.tracer.content:
                documents = [{"id": hit.chunk_id, "score": hit.score, "content": hit.text} for hit in result.hits]
                shown = json.dumps(documents, ensure_ascii=False)
                self.span.tell({"gen_ai.retrieval.query.text": result.query, "gen_ai.retrieval.documents": shown})

    def stored(self, report: IngestReport) -> None:
        """An ingestion ended well."""
        self._told = {
            "count": report.documents, "chunks": report.chunks, "unchanged": report.unchanged,
            "failed": report.failed, "model_calls": report.model_calls,
        }  # fmt: skip
        if self.span is not NO_SPAN:
            counted = report.model_dump(
                include={"chunks", "unchanged", "superseded", "failed", "entities", "relations", "cached"}
            )
            self.span.tell({f"lightrag.{name}": count for name, count in counted.items()})
            self.span.tell({"lightrag.documents": report.documents})

    def _log(self, log: logging.Logger, level: int, seconds: float, kind: type[BaseException] | None) -> None:
        extra = {
            "index": self._watch.index, "action": self._action, "duration_ms": round(seconds * 1000, 3), **self._told,
        }  # fmt: skip
        if kind is not None:
            extra["error_type"] = kind.__name__
        outcome = f"failed: {kind.__name__}" if kind else ", ".join(f"{k}={v}" for k, v in self._told.items())
        log.log(level, "%s of index %r in %.1f ms %s", self._action, self._watch.index, seconds * 1000, outcome,
                extra=extra)  # fmt: skip
