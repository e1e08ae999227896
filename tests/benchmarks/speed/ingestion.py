"""Ingestion with a model: how near it comes to the model's own time, and what it costs our process.

The model is an endpoint in a process of its own that answers after a fixed time; it is reached by the real `openai`
client. Documents are of one chunk of about 1,000 tokens with about 38 names each, made here; 200 for each handle, 16
calls in flight. For each scenario: wall time as a multiple of the ideal, calls ÷ concurrency × latency (of the slowest
call; 200 is no multiple of 16, so that 1.04 is the least there can be), and CPU of this process for each chunk,
PostgreSQL's and the endpoint's left out. Prompt tokens are a chunk's with all around it as a multiple of its own, as
OpenAI's models count.

Four handles in one process share one interpreter. At 200 ms they leave it 3 ms a chunk; so they are measured with one
concurrency of 16 among them, too, and with models as slow as most are. The first row is the endpoint by itself, asked
by a client that does nothing else: what it adds to the latency counts against no row.
"""

import asyncio
import gc
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lightrag_integrations import Document, IndexOptions, IngestOptions, LightRAGIndex, OpenAIChatModel
from tests.benchmarks.endpoint import Endpoint
from tests.benchmarks.speed.ingestion_data import documents, floor
from tests.benchmarks.speed.peer_answers import Tokens
from tests.benchmarks.speed.rows import Row, Setting

_CHUNKS = 200
_CONCURRENCY = 16
_LATENCY_S = 0.2
_SLOW_S = 1.5


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """So many handles, so many calls on each, all at once."""

    name: str
    chunks: int
    """For each call."""
    handles: int = 1
    calls: int = 1
    concurrency: int = _CONCURRENCY
    latency_s: float = _LATENCY_S
    at_most: float | None = None

    @property
    def total(self) -> int:
        """Chunks of all calls."""
        return self.chunks * self.calls * self.handles

    @property
    def ideal_s(self) -> float:
        """What the model needs for one handle's calls."""
        return self.chunks * self.calls / self.concurrency * self.latency_s


@dataclass(frozen=True)
class Measured:
    """What came out."""

    scenario: Scenario
    walls: Sequence[float]
    """Seconds of each call."""
    cpu_s: float
    prompt: float

    def rows(self) -> Iterator[Row]:
        """Wall time and CPU."""
        one, own = self.scenario, [f"{wall:.2f}" for wall in self.walls]
        note = (
            f"{', '.join(own)} s for {one.ideal_s:.2f} s; {1000 * one.latency_s:.0f} ms, {one.concurrency} at once each"
        )
        wall = max(self.walls) / one.ideal_s
        yield Row(
            part="ingestion", what=f"wall ÷ ideal, {one.name}", value=wall, unit="x", at_most=one.at_most, note=note
        )
        cpu = 1000 * self.cpu_s / one.total
        yield Row(part="ingestion", what=f"CPU for each chunk, {one.name}", value=cpu, unit="ms", at_most=25)


def measure(setting: Setting) -> Iterator[Row]:
    """Run one scenario after the other, each on an index of its own."""
    chunks = setting.of(_CHUNKS)
    one = Scenario(name="one handle", chunks=chunks, at_most=1.10)
    more = Scenario(name="four times the documents", chunks=4 * chunks, at_most=1.10)
    two = Scenario(name="two calls on one handle", chunks=(chunks + 1) // 2, calls=2, at_most=1.15)
    four = Scenario(name="four handles", chunks=chunks, handles=4, at_most=1.15)
    shared = replace(four, name="four handles that share 16", concurrency=_CONCURRENCY // 4, chunks=(chunks + 3) // 4)
    slow = replace(four, name="four handles, a slower model", latency_s=_SLOW_S)
    with Endpoint(latency_s=_LATENCY_S, count=Tokens()) as endpoint:
        wall = asyncio.run(floor(endpoint, chunks, _CONCURRENCY))
        yield Row(part="ingestion", what="wall ÷ ideal, the endpoint alone", value=wall / one.ideal_s, unit="x")
        asyncio.run(_run(Scenario(name="warm-up", chunks=20), endpoint, setting.scratch))
        first = asyncio.run(_run(one, endpoint, setting.scratch))
        yield from first.rows()
        yield Row(
            part="ingestion", what="prompt ÷ chunk tokens", value=first.prompt, unit="x", at_most=1.45,
        )  # fmt: skip
        second = asyncio.run(_run(more, endpoint, setting.scratch))
        yield from second.rows()
        yield Row(
            part="ingestion", what="CPU for 4 x the documents", value=second.cpu_s / first.cpu_s, unit="x", at_most=4.2
        )
        for scenario in (two, shared, four):
            yield from asyncio.run(_run(scenario, endpoint, setting.scratch)).rows()
    with Endpoint(latency_s=_SLOW_S, count=Tokens()) as endpoint:
        yield from asyncio.run(_run(slow, endpoint, setting.scratch)).rows()


async def _run(scenario: Scenario, endpoint: Endpoint, scratch: Path) -> Measured:
    endpoint.counts()
    opened = [
        LightRAGIndex(
            f"{scenario.name} {number}",
            database=scratch / "db",
            llm=OpenAIChatModel("stand-in", base_url=endpoint.base_url, api_key="none"),
            max_concurrency=scenario.concurrency,
            options=IndexOptions(ingest=IngestOptions(chunk_tokens=1200)),
        )
        for number in range(scenario.handles)
    ]
    jobs = [
        (index, documents(scenario.chunks, seed=number * scenario.calls + call))
        for number, index in enumerate(opened)
        for call in range(scenario.calls)
    ]
    count = Tokens()
    own = sum(count(document.text) for _, batch in jobs for document in batch)
    for index in opened:
        await index.astatus()
    gc.collect()  # what the scenarios before left
    began, cpu = time.perf_counter(), time.process_time()
    walls = await asyncio.gather(*(_timed(index, batch, began) for index, batch in jobs))
    cpu = time.process_time() - cpu
    counted = endpoint.counts()
    for index in opened:
        await index.adrop()
        await index.aclose()
    if counted["chat_calls"] != scenario.total:
        raise RuntimeError(f"{counted['chat_calls']} calls for {scenario.total} chunks")
    return Measured(scenario, walls, cpu, counted["prompt_tokens"] / own)


async def _timed(index: LightRAGIndex, batch: Sequence[Document], began: float) -> float:
    report = await index.aingest(batch)
    if (report.documents, report.failed, report.processing) != (len(batch), 0, 0):
        raise RuntimeError(f"not all is stored: {report}")
    return time.perf_counter() - began
