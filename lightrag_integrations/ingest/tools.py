"""What the pipeline works with: given by the handle for one call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from lightrag_integrations.calls.meter import Meter
from lightrag_integrations.observe import Observer
from lightrag_integrations.options import IngestOptions
from lightrag_integrations.protocols import Embedder, Extractor, Tokenizer
from lightrag_integrations.reports import SummaryReport
from lightrag_integrations.store import Store
from lightrag_integrations.watch import Watch

__all__ = ["IngestTools", "RunCPU", "Summariser"]

T = TypeVar("T")
Summariser = Callable[[Sequence[str]], Awaitable[SummaryReport]]
"""Summarises the entities that documents describe."""


class RunCPU(Protocol):
    """Runs pure work beside the loop, so that the loop stays responsive."""

    def __call__(self, fn: Callable[[], T], /) -> Awaitable[T]:
        """Run `fn` and give back its result."""
        ...


@dataclass(frozen=True)
class IngestTools:
    """Store, models and helpers of one call."""

    store: Store
    extractor: Extractor | None
    """None only when nothing is extracted."""
    embedder: Embedder
    tokenizer: Tokenizer
    observer: Observer
    owner: str
    """Names the handle; each call adds a part of its own, so that two calls of a handle never share a lease."""
    run_cpu: RunCPU
    meter: Meter
    concurrency: int = 16
    """Calls the handle allows at once. Sizes the window of documents in work; limits no call by itself."""
    make_extractor: Callable[[IngestOptions], Extractor] | None = None
    """Makes the extractor for other options than the call's; None: it is the same under all."""
    unreleased: dict[str, list[str]] = field(default_factory=dict)
    """Leases that calls of the handle could not give back, by owner; shared by all its calls."""
    summarise: Summariser | None = None
    """Makes summaries of the entities that documents describe; None: not at ingestion."""

    watch: Watch = field(default_factory=Watch)
    """The handle's: counts and traces."""

    def extractor_for(self, options: IngestOptions) -> Extractor | None:
        """The extractor under other options than the call's."""
        return self.extractor if self.make_extractor is None else self.make_extractor(options)
