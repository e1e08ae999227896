"""Upkeep beside readers: what folding, sweeping, vacuum and building vector indexes cost, and whether reads go on.

A process of its own asks without pause (keyword, mix and vector searches in turn, with vectors of 384 numbers) and
notes when each answer came. Meanwhile this one has the vector indexes of a loaded index built, inserts as many
documents as it deletes for a while, with the upkeep that starts by itself, and then does each other step of upkeep
alone. Rows give the longest single read during each; the note has the time it took and the reads' p50 and p95. The last
row is what inserting and deleting left: the size of the keyword index over that of as many chunks loaded at once, with
segments and dead rows. A fold of everything, due when a quarter is deleted, writes the index anew before the old one
goes: twice the size is what it takes, and what was added since comes on top.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lightrag_integrations import LightRAGIndex
from lightrag_integrations.storage.postgres.maintenance import build_vector_indexes, fold, for_each_table, sweep
from lightrag_integrations.storage.postgres.parts import Tuning
from lightrag_integrations.storage.postgres.pool import Database
from tests.benchmarks.speed.articles import Articles
from tests.benchmarks.speed.bulk import DIMENSION, Known
from tests.benchmarks.speed.rows import Row, Setting

DOCUMENTS = 800
"""Of ten chunks each: enough for a vector index."""
ROUND = 10
"""Documents that come, and as many that go, at once."""
QUIET_S, STEADY_S, PAUSE_S = 10.0, 60.0, 0.25
LONGEST_MS = 1_000
"""A read that took longer was held up by something."""
LARGEST = 3.0
"""Files don't shrink by themselves, so that the size then is the largest."""
_ROWS = """
SELECT sum(n_dead_tup)::float8, sum(n_live_tup)::float8, sum(autovacuum_count)::int8
FROM pg_stat_user_tables WHERE schemaname = %s
"""

Read = tuple[float, float]
"""When it ended, and how long it took."""
Step = Callable[[Database], Awaitable[None]]


def measure(setting: Setting) -> Iterator[Row]:
    """Load, read beside everything, and look at what is left."""
    place, articles = setting.scratch / "upkeep", Articles(dimension=DIMENSION)
    spans: dict[str, tuple[float, float]] = {}
    with LightRAGIndex("upkeep", database=place, embed_model=Known()) as index:
        ids = list(index.ingest(list(articles.documents(setting.of(DOCUMENTS)))).document_ids)
        on = partial(_on, index)
        on(partial(fold, tuning=Tuning(), everything=True))
        at_once = index.status().sizes["postings"]
        share = min(1.0, 4 * setting.scale)
        with _reading(place) as reads:
            # First, before it starts by itself.
            spans["building vector indexes"] = _timed(partial(on, _build))
            spans["nothing"] = _timed(partial(time.sleep, QUIET_S * share))
            spans["inserts and deletes"] = _timed(partial(_steady, index, articles, ids, STEADY_S * share))
            left, state = _rows(index), index.status()
            for name, step in _STEPS:
                spans[name] = _timed(partial(on, step))
        yield from _slowness(spans, reads)
        after = index.status().sizes["postings"] / at_once
        yield Row(
            part="upkeep",
            what="keyword index after inserts and deletes, over as much at once",
            value=state.sizes["postings"] / at_once,
            unit="x",
            at_most=LARGEST,
            note=f"{state.segments} segments; {left}; after all steps {after:.2f} x",
        )
        index.drop()


def _steady(index: LightRAGIndex, articles: Articles, ids: list[str], seconds: float) -> None:
    """Documents come and go, with the upkeep that starts by itself."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        ids += index.ingest(list(articles.documents(ROUND))).document_ids
        index.documents.delete(ids[:ROUND])
        del ids[:ROUND]
        time.sleep(PAUSE_S)


async def _build(database: Database) -> None:
    await build_vector_indexes(database, Tuning(hnsw_rows=1))


async def _vacuum(database: Database) -> None:
    await for_each_table(database, "VACUUM (ANALYZE, TRUNCATE)")


_STEPS: tuple[tuple[str, Step], ...] = (
    ("folding of all postings", partial(fold, tuning=Tuning(), everything=True)),
    ("the sweep of idle names", sweep),
    ("vacuum", _vacuum),
)


def _on(index: LightRAGIndex, step: Step) -> None:
    """Do it on the handle's own loop and connections."""

    async def work() -> None:
        store: Any = await index._live.store()
        await step(store._database)

    index._live.run(work)


def _rows(index: LightRAGIndex) -> str:
    found: list[tuple[float, float, int]] = []

    async def look(database: Database) -> None:
        layout = await database.layout()
        async with database.connection() as connection:
            found.extend(await (await connection.execute(_ROWS, [layout.schema])).fetchall())

    _on(index, look)
    dead, live, vacuums = found[0]
    return f"{dead:,.0f} dead rows beside {live:,.0f}, {vacuums} autovacuums so far"


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    start = time.time()
    work()
    return start, time.time()


def _slowness(spans: dict[str, tuple[float, float]], reads: Sequence[Read]) -> Iterator[Row]:
    for name, (start, end) in spans.items():
        times = [took * 1000 for ended, took in reads if start <= ended and ended - took <= end]
        p50, p95 = np.percentile(times, (50, 95))
        yield Row(
            part="upkeep",
            what=f"longest read beside {name}",
            value=max(times),
            unit="ms",
            at_most=LONGEST_MS,
            note=f"{end - start:.1f} s; {len(times)} reads, p50 {p50:.0f}, p95 {p95:.0f} ms",
        )


@contextmanager
def _reading(place: Path) -> Iterator[list[Read]]:
    """A process that asks until the block ends; what it noted is in the list then."""
    reads: list[Read] = []
    child = subprocess.Popen(
        [sys.executable, "-m", __name__, str(place)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    try:
        assert child.stdout is not None
        child.stdout.readline()  # the first answers, which open the handle, are not counted
        yield reads
        reads.extend((ended, took) for ended, took in json.loads(child.communicate(b"stop\n")[0]))
    finally:
        child.kill()
        child.wait()


def _ask(place: Path) -> list[Read]:
    """Ask until a line comes in."""
    articles, chance, reads = Articles(seed=1), random.Random(1), list[Read]()
    questions = [document.text[:80] for document in articles.documents(50, passages=1)]
    vectors = [tuple(chance.gauss(0, 1) for _ in range(DIMENSION)) for _ in questions]
    os.set_blocking(sys.stdin.fileno(), False)
    with LightRAGIndex("upkeep", database=place, embed_model=Known()) as index:
        warm = False
        while not sys.stdin.buffer.read():
            for question, vector in zip(questions, vectors, strict=True):
                for mode in ("keyword", "mix", "vector"):
                    start = time.perf_counter()
                    index.retrieve(question, mode=mode, k=10, query_embedding=vector)
                    reads.append((time.time(), time.perf_counter() - start))
            if not warm:
                warm = True
                reads.clear()
                print(flush=True)
    return reads


if __name__ == "__main__":
    print(json.dumps(_ask(Path(sys.argv[1]))))
