"""A worker: one process that ingests its share, marks where it is, and may be killed at any moment."""

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lightrag_integrations import IndexOptions, IngestOptions, LightRAGError, LightRAGIndex, OpenAIChatModel, _opening
from lightrag_integrations.storage.postgres import Tuning
from tests.faults.corpus import documents
from tests.faults.marks import Marks

LEASE_S = 1.0
CONCURRENCY = 4
_LINGER_S = 1.0
_SMALL = Tuning(segments=2, fan=2, hnsw_rows=5, idle_s=0.05)
"""So that what happens to large indexes happens to these."""


@dataclass(frozen=True)
class Order:
    """What a worker is told."""

    name: str
    home: Path
    index: str
    base_url: str
    marks: Path
    batches: Sequence[dict[str, int]]
    """One call of `ingest` for each."""


def handle(home: Path, index: str, *, base_url: str, key: str) -> LightRAGIndex:
    """A handle as any user would make it; small chunks, short leases."""
    ingest = IngestOptions(lease_s=LEASE_S, chunk_tokens=80, commit_documents=3)
    return LightRAGIndex(
        index,
        database=home,
        llm=OpenAIChatModel("m", base_url=base_url, api_key=key),
        max_concurrency=CONCURRENCY,
        options=IndexOptions(ingest=ingest),
    )


@contextmanager
def small_tuning() -> Iterator[None]:
    """Within, handles of this process tend small indexes as if they were large."""
    open_store = _opening.open_store  # type: ignore[attr-defined]
    setattr(_opening, "open_store", partial(open_store, tuning=_SMALL))  # noqa: B010
    try:
        yield
    finally:
        setattr(_opening, "open_store", open_store)  # noqa: B010


def work(order: Order) -> None:
    """Ingest; then stay until the upkeep that follows has had its time."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's is the run's
    marks = Marks(order.marks)
    marks.place()
    try:
        with small_tuning(), handle(order.home, order.index, base_url=order.base_url, key=order.name) as index:
            for number, batch in enumerate(order.batches):
                report = index.ingest(documents(batch))
                marks.say("ingested", str(number), *(f"{name}: {why}" for name, why in report.errors.items()))
            time.sleep(_LINGER_S)
    except LightRAGError as error:
        marks.say("failed", type(error).__name__, str(error))
        sys.exit(3)
    marks.say("closed")
