"""The bounded walk beside a walk over the whole graph in memory: recall, latency and edges read, as the corpus grows.

    python -m tests.benchmarks.walk FOLDER [--grow 30] [--vectors FILE] [--database PLACE]

FOLDER: see `data.py`; growth: see `grow.py`. Latency is one retrieval's, database included, query embedding excluded,
one question at a time; the reference reads its graph beforehand, which is not counted, and describes no evidence.
"""

import argparse
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np

from lightrag_integrations import LightRAGIndex, QueryOptions, Setting
from lightrag_integrations.evaluate.figures import measured
from lightrag_integrations.evaluate.report import Answered, Measured
from lightrag_integrations.evaluate.settings import plan_of
from lightrag_integrations.filters import Filter
from lightrag_integrations.reader import Reader
from lightrag_integrations.retrieve.question import Keywords, prepare
from lightrag_integrations.store import Store
from tests.benchmarks.data import Data, Recorded, load
from tests.benchmarks.grow import Nearby, grow
from tests.benchmarks.minilm import MiniLM
from tests.benchmarks.single_facts import answered
from tests.benchmarks.whole_graph import WholeGraph

K = 8


class Counting:
    """A store whose readers count the edges that `edges` returns."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.edges = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @asynccontextmanager
    async def snapshot(self, where: Filter | None = None, **asked: Any) -> AsyncIterator[Any]:
        async with self._store.snapshot(where, **asked) as reader:
            yield CountingReader(reader, self)


class CountingReader:
    def __init__(self, reader: Reader, counts: Counting) -> None:
        self._reader = reader
        self._counts = counts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    async def edges(self, **asked: Any) -> Any:
        batch = await self._reader.edges(**asked)
        self._counts.edges += len(batch.mentions.weights) + len(batch.facts.weights)
        return batch


async def compare(index: LightRAGIndex, data: Data) -> tuple[tuple[Measured, ...], dict[str, list[int]]]:
    """Both walks over all questions, taking turns; runs on the handle's own loop."""
    session = await index._live.session()
    counts = Counting(session.store)
    session.store = counts  # type: ignore[assignment]
    async with session.store.snapshot() as reader:
        begun = time.perf_counter()
        whole = await WholeGraph.read(reader)
        print(f"  whole graph read in {time.perf_counter() - begun:.1f} s", flush=True)
    answers: dict[str, list[Answered]] = {"bounded": [], "whole": []}
    edges: dict[str, list[int]] = {"bounded": [], "whole": [whole.edges] * len(data.questions)}
    vectors = await index._live.embed([row["question"] for row in data.questions], "query")
    for number, (row, vector) in enumerate(zip(data.questions, vectors, strict=True)):
        options = QueryOptions(mode="mix", k=K, query_embedding=tuple(vector))
        for name in ("bounded", "whole") if number % 2 else ("whole", "bounded"):
            for turn in range(2 if number == 0 else 1):  # the first question once for warming up
                counts.edges = 0
                begun = time.perf_counter()
                if name == "bounded":
                    hits = list((await index._live.retrieve(row["question"], options)).hits)
                else:
                    question = await prepare(row["question"], Keywords(), session.embedders.own, options)
                    async with session.store.snapshot() as reader:
                        hits = await whole.search(question, reader, options)
                seconds = time.perf_counter() - begun
                if turn == (number == 0):
                    answers[name].append(answered(row, hits).model_copy(update={"latency_ms": 1000 * seconds}))
                    if name == "bounded":
                        edges[name].append(counts.edges)
    given = {name: (Setting(name=name, options=QueryOptions()), found) for name, found in answers.items()}
    return measured(given, "whole", plan_of({"ks": (5, K)})), edges


def show(results: tuple[Measured, ...], edges: dict[str, list[int]]) -> None:
    for row in results:
        recall, full, latency = row.figures["recall@5"], row.figures[f"all@{K}"], row.latency
        print(
            f"  {row.name:<8} recall@5 {recall.value:.3f} [{recall.low:.3f} {recall.high:.3f}]  "
            f"all@8 {full.value:.3f} [{full.low:.3f} {full.high:.3f}]  "
            f"p50 {latency.p50_ms:.1f} ms  p95 {latency.p95_ms:.1f} ms  "
            f"edges read: p50 {np.median(edges[row.name]):.0f}, most {max(edges[row.name])}"
        )
    apart = results[0].differences
    told = "  ".join(
        f"{m} {apart[m].value:+.3f} [{apart[m].low:+.3f} {apart[m].high:+.3f}]" for m in ("recall@5", "all@8")
    )
    print(f"  bounded - whole: {told}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--grow", type=int, default=30, metavar="N", help="times the passages (1: not grown)")
    parser.add_argument("--only", action="store_true", help="leave out the corpus as it is")
    parser.add_argument("--vectors", type=Path, help="keep MiniLM's vectors in this .npz file between runs")
    parser.add_argument("--database", help="a directory or connection string to keep; default: one that is removed")
    options = parser.parse_args()
    real, model = load(options.folder), MiniLM()
    if options.vectors:
        model.load(options.vectors)
    sizes = {options.grow} if options.only else {1, options.grow}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        for times in sorted(sizes):
            data = grow(real, times)
            nearby = Nearby(model, [f"{document.title}\n{document.text}" for document in real.documents])
            one(f"walk-{times}", options.database or scratch, data, nearby)
    if options.vectors:
        model.save(options.vectors)


def one(name: str, place: str, data: Data, model: Nearby) -> None:
    with LightRAGIndex(name, database=place, embed_model=model, extractor=Recorded(data.extractions)) as index:
        begun = time.perf_counter()
        index.ingest(data.documents).raise_if_failed()
        index.compact()  # builds the vector indexes that a corpus of this size gets; that happens by itself, too
        status = index.status()
        print(
            f"{name}: {status.chunks} chunks, {status.entities} entities, {status.facts} facts; "
            f"ingested in {time.perf_counter() - begun:.0f} s",
            flush=True,
        )
        show(*index._live.run(lambda: compare(index, data)))


if __name__ == "__main__":
    main()
