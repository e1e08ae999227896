"""What one handle counts, in a few additions each; read as `IndexStats`. Written on the handle's loop only."""

from __future__ import annotations

import time
from bisect import bisect_left
from types import TracebackType
from typing import Self

from lightrag_integrations.contributions import Usage
from lightrag_integrations.stats import IndexStats, Ingested, ModelUse, PoolStats, Timings

__all__ = ["Counters", "Timing"]

_FIRST_S = 0.0001
_PER_DOUBLING = 4
_BOUNDS = tuple(_FIRST_S * 2 ** (step / _PER_DOUBLING) for step in range(23 * _PER_DOUBLING))
"""Upper ends of the buckets: from 0.1 ms to a quarter of an hour, each a fifth above the one before."""


class Timing:
    """How often something was done and how long it took: exact sums, quantiles to within a tenth."""

    __slots__ = ("_buckets", "_longest", "count", "errors", "seconds")

    def __init__(self) -> None:
        """Nothing yet."""
        self.count = 0
        self.errors = 0
        self.seconds = 0.0
        self._longest = 0.0
        self._buckets = [0] * (len(_BOUNDS) + 1)

    def add(self, seconds: float, *, failed: bool = False) -> None:
        """Count one.

        Args:
            seconds: It took.
            failed: It ended with an error.
        """
        self.count += 1
        self.errors += failed
        self.seconds += seconds
        self._longest = max(self._longest, seconds)
        self._buckets[bisect_left(_BOUNDS, seconds)] += 1

    def read(self) -> Timings:
        """The figures so far."""
        return Timings(
            count=self.count,
            errors=self.errors,
            seconds=self.seconds,
            p50_s=self._quantile(0.5),
            p95_s=self._quantile(0.95),
            max_s=self._longest,
        )

    def _quantile(self, share: float) -> float:
        """The middle of the bucket that holds it, and never more than the longest."""
        buckets = [*self._buckets]
        below, wanted = 0, share * sum(buckets)
        for bound, held in zip((*_BOUNDS, self._longest), buckets, strict=True):
            below += held
            if held and below >= wanted:
                return min(self._longest, bound / 2 ** (0.5 / _PER_DOUBLING))
        return 0.0


class Counters:
    """Counters and timings of one handle, from when it was made."""

    def __init__(self) -> None:
        """Start the clock."""
        self._begun = time.monotonic()
        self._timings: dict[tuple[str, str], Timing] = {}
        self._uses: dict[tuple[str, str], list[int]] = {}
        self._ingested = dict.fromkeys(Ingested.model_fields, 0)
        self.retries = 0
        self.calls_in_flight = 0
        self.documents_in_work = 0

    def timing(self, action: str, label: str = "") -> Timing:
        """That of an action and its mode or task."""
        found = self._timings.get((action, label))
        if found is None:
            found = self._timings[action, label] = Timing()
        return found

    def used(self, usage: Usage) -> None:
        """A model was asked, or the cache in its place."""
        use = self._uses.get((usage.kind, usage.model))
        if use is None:
            use = self._uses[usage.kind, usage.model] = [0, 0, 0, 0]
        use[1 if usage.cached else 0] += usage.calls
        use[2] += usage.prompt_tokens
        use[3] += usage.completion_tokens

    def call(self, task: str) -> _Call:
        """Around one call to a model."""
        return _Call(self, self.timing("call", task))

    def document(self) -> _Document:
        """Around the work on one document."""
        return _Document(self)

    def ingested(self, **counts: int) -> None:
        """Something became of documents.

        Args:
            **counts: By the names of `Ingested`.
        """
        for name, count in counts.items():
            self._ingested[name] += count

    def read(self, index: str, pool: PoolStats | None) -> IndexStats:
        """Everything so far; may be called from any thread.

        Args:
            index: Its name.
            pool: Of connections; None: not open.
        """
        timings = {key: timing.read() for key, timing in self._timings.copy().items()}
        return IndexStats(
            index=index,
            seconds=time.monotonic() - self._begun,
            retrieves={label: timing for (action, label), timing in timings.items() if action == "retrieve"},
            answers=timings.get(("answer", ""), Timings()),
            ingests=timings.get(("ingest", ""), Timings()),
            calls={label: timing for (action, label), timing in timings.items() if action == "call"},
            models=tuple(
                ModelUse(
                    task=task, model=model, calls=use[0], cached=use[1], prompt_tokens=use[2], completion_tokens=use[3]
                )
                for (task, model), use in sorted(self._uses.copy().items())
            ),
            retries=self.retries,
            ingested=Ingested(**self._ingested.copy()),
            calls_in_flight=self.calls_in_flight,
            documents_in_work=self.documents_in_work,
            pool=pool,
        )  # fmt: skip


class _Call:
    __slots__ = ("_begun", "_counters", "_timing")

    def __init__(self, counters: Counters, timing: Timing) -> None:
        self._counters = counters
        self._timing = timing

    def __enter__(self) -> Self:
        self._counters.calls_in_flight += 1
        self._begun = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._counters.calls_in_flight -= 1
        self._timing.add(time.perf_counter() - self._begun, failed=isinstance(error, Exception))


class _Document:
    __slots__ = ("_counters",)

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def __enter__(self) -> None:
        self._counters.documents_in_work += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._counters.documents_in_work -= 1
