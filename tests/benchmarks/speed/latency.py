"""How long a search takes beside a plain pgvector query, as the index grows and as clients come.

One index of synthetic documents (`corpus.py`: one chunk, two new names and two facts each) is made with 20,000
chunks, grown to 100,000 and to 200,000, and asked at each size through the public interface, on an embedded server that
is otherwise idle. Vectors are given, so no time goes into a model. Questions take turns with the plain query
(`plain.py`) in one process and on one loop; both return 20 hits in the modes that are compared with it. Before it
grows its vector indexes are dropped, and built again afterwards, as for any bulk load.

At the middle size: first searches of new handles, and 1, 8 and 32 clients at once, each asking as soon as it is
answered; of three turns the median rate counts, and the note tells the lowest and the highest, which is the noise.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import sql

from lightrag_integrations import LightRAGIndex
from lightrag_integrations.storage.embedded import EmbeddedServer
from tests.benchmarks.speed.corpus import Given, Question, Words, documents, questions
from tests.benchmarks.speed.plain import RECALL, TOP, Plain
from tests.benchmarks.speed.rows import Row, Setting

SIZES = (20_000, 100_000, 200_000)
MODES = {"keyword": 1.5, "vector": 1.3, "mix": 4.0}
"""How many times the plain query's median each may take."""
ASKED, ROUNDS, WARMING, OPENED, BATCH = 60, 2, 40, 5, 5_000
NOISE = 0.005
"""So much of the recall may differ between two builds of one index."""
CLIENTS, EACH, TURNS = (1, 8, 32), (30, 10, 4), 3
"""Clients take turns, so that what else the machine does falls on all of their numbers alike."""
Ask = Callable[[Question], Awaitable[object]]


class Place(NamedTuple):
    """Where the index is."""

    folder: Path
    dsn: str
    words: Words

    def handle(self) -> LightRAGIndex:
        """A new one."""
        return LightRAGIndex("speed", database=self.folder, embed_model=self.words, extractor=Given())


def measure(setting: Setting) -> Iterator[Row]:
    """Yield each figure as soon as it is known."""
    medians: dict[int, float] = {}
    server = EmbeddedServer(setting.scratch / "server")
    try:
        place = Place(setting.scratch / "server", server.start(), Words())
        before = 0
        for size in SIZES:
            seconds = _grow(place, setting.of(before), setting.of(size))
            before = size
            for row in asyncio.run(_at_size(place, setting.of(size), middle=size == SIZES[1])):
                if row.what.startswith("mix, p50"):
                    medians[size] = row.value
                yield row
            yield _row(f"loaded and indexed, {setting.of(size):,} chunks", seconds, "s")
        first, last = medians[SIZES[0]], medians[SIZES[-1]]
        note = f"{first:.1f} and {last:.1f} ms"
        yield _row("mix, p50: from the smallest to the largest size", last / first, "x", at_most=1.5, note=note)
    finally:
        server.stop()


def _row(what: str, value: float, unit: str, **more: object) -> Row:
    return Row(part="latency", what=what, value=value, unit=unit, **more)


def _grow(place: Place, first: int, last: int) -> float:
    begun = time.perf_counter()
    with place.handle() as index:
        schema = sql.Identifier(index.status().schema_name)
        with psycopg.connect(place.dsn, autocommit=True) as connection:
            for table in ("chunk", "entity", "fact"):
                name = sql.Identifier(f"{table}_by_embedding")
                connection.execute(sql.SQL("DROP INDEX IF EXISTS {}.{}").format(schema, name))
        for begin in range(first, last, BATCH):
            index.ingest(list(documents(begin, min(begin + BATCH, last)))).raise_if_failed()
        index.compact()
    return time.perf_counter() - begun


async def _at_size(place: Place, size: int, *, middle: bool) -> list[Row]:
    asked = questions(ASKED + WARMING, size, place.words)
    warming, asked = asked[:WARMING], asked[WARMING:]
    rows: list[Row] = []
    async with _opened(place) as (index, plain):
        truth = [await plain.exact(question.vector) for question in asked]
        own = await _recall(index, asked, truth)
        recall = await plain.tune(asked, truth, max(RECALL, own - NOISE))
        spent = await _in_turns(index, plain, warming, asked)
        if not middle:
            return [_row(f"mix, p50, {size:,} chunks", 1000 * statistics.median(spent["mix"]), "ms")]
        base = statistics.median(spent["plain"])
        told = f"{_quantiles(spent['plain'])}, recall {recall:.3f} at ef_search {plain.ef_search}"
        rows.append(_row(f"plain pgvector, nearest {TOP}, p50, {size:,} chunks", 1000 * base, "ms", note=told))
        for mode, most in MODES.items():
            note = _quantiles(spent[mode]) + (f", recall {own:.3f}" if mode == "vector" else "")
            ratio = statistics.median(spent[mode]) / base
            rows.append(_row(f"{mode}, p50, {size:,} chunks", ratio, "x plain", at_most=most, note=note))
        late = _high(spent["mix"]) / base
        rows.append(_row(f"mix, p95, {size:,} chunks", late, "x plain's p50", at_most=6, note=_quantiles(spent["mix"])))
        rows.append(await _first(place, asked, statistics.median(spent["mix"])))
        rows += await _crowds(index, asked)
    return rows


@asynccontextmanager
async def _opened(place: Place) -> AsyncIterator[tuple[LightRAGIndex, Plain]]:
    async with place.handle() as index:
        schema = (await index.astatus()).schema_name
        async with Plain(place.dsn, schema).opened() as plain:
            yield index, plain


async def _in_turns(
    index: LightRAGIndex, plain: Plain, warming: Sequence[Question], asked: Sequence[Question]
) -> dict[str, list[float]]:
    """Seconds of each search by way; the ways take turns at each question, each time another one first."""
    ways: dict[str, Ask] = {"plain": lambda question: plain.nearest(question.vector)}
    ways |= {mode: _asking(index, mode) for mode in MODES}
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for question in warming:
        for ask in ways.values():
            await ask(question)
    for number, question in enumerate([*asked] * ROUNDS):
        names = [*ways]
        for name in names[number % len(names) :] + names[: number % len(names)]:
            spent[name].append(await _timed(ways[name], question))
    return spent


def _asking(index: LightRAGIndex, mode: str) -> Ask:
    k = 10 if mode == "mix" else TOP
    return lambda question: index.aretrieve(question.text, mode=mode, k=k, query_embedding=question.vector)


async def _timed(ask: Ask, question: Question) -> float:
    begun = time.perf_counter()
    await ask(question)
    return time.perf_counter() - begun


async def _recall(index: LightRAGIndex, asked: Sequence[Question], truth: Sequence[set[str]]) -> float:
    shares = []
    for question, wanted in zip(asked, truth, strict=True):
        result = await index.aretrieve(question.text, mode="vector", k=TOP, query_embedding=question.vector)
        shares.append(len(wanted & {hit.chunk_id for hit in result.hits}) / TOP)
    return statistics.mean(shares)


async def _first(place: Place, asked: Sequence[Question], warm: float) -> Row:
    """The first search of handles that are new, on a server that runs."""
    spent = []
    for question in asked[:OPENED]:
        async with place.handle() as index:
            spent.append(await _timed(_asking(index, "mix"), question))
    first = statistics.median(spent)
    note = f"median of {OPENED}: {1000 * first:.1f} ms; warm {1000 * warm:.1f} ms"
    return _row("mix, first search after opening", first / warm, "x warm", at_most=3, note=note)


async def _crowds(index: LightRAGIndex, asked: Sequence[Question]) -> list[Row]:
    spent: dict[int, list[float]] = {clients: [] for clients in CLIENTS}
    rates: dict[int, list[float]] = {clients: [] for clients in CLIENTS}
    for _ in range(TURNS):
        for clients, each in zip(CLIENTS, EACH, strict=True):
            more, seconds = await _crowd(_asking(index, "mix"), asked, clients, each)
            spent[clients] += more
            rates[clients].append(len(more) / seconds)
    rows, before = [], 0.0
    for clients, found in rates.items():
        rate = statistics.median(found)
        note = f"{rate:.1f} searches/s ({min(found):.1f} to {max(found):.1f}), {_quantiles(spent[clients])}"
        if before:
            rows.append(_row(f"mix, {clients} clients: searches/s", rate / before, "x", at_least=1.0, note=note))
        else:
            rows.append(_row("mix, 1 client: searches/s", rate, "/s", note=note))
        before = rate
    most = spent[CLIENTS[-1]]
    spread = _high(most) / statistics.median(most)
    rows.append(_row(f"mix, {CLIENTS[-1]} clients: p95 / p50", spread, "x", at_most=3, note=_quantiles(most)))
    rows.append(await asyncio.to_thread(_threads, index, asked))
    return rows


async def _crowd(ask: Ask, asked: Sequence[Question], clients: int, each: int) -> tuple[list[float], float]:
    async def one(number: int) -> list[float]:
        return [await _timed(ask, asked[(7 * number + turn) % len(asked)]) for turn in range(each)]

    begun = time.perf_counter()
    spent = await asyncio.gather(*(one(number) for number in range(clients)))
    return [seconds for client in spent for seconds in client], time.perf_counter() - begun


def _threads(index: LightRAGIndex, asked: Sequence[Question]) -> Row:
    """The same from threads that block."""
    clients, each = CLIENTS[-1], EACH[-1]

    def one(number: int) -> list[float]:
        spent = []
        for turn in range(each):
            question, begun = asked[(7 * number + turn) % len(asked)], time.perf_counter()
            index.retrieve(question.text, mode="mix", k=10, query_embedding=question.vector)
            spent.append(time.perf_counter() - begun)
        return spent

    begun = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        spent = [seconds for client in pool.map(one, range(clients)) for seconds in client]
    rate = len(spent) / (time.perf_counter() - begun)
    note = f"{_quantiles(spent)}, p95 / p50 {_high(spent) / statistics.median(spent):.2f}"
    return _row(f"mix, {clients} threads: searches/s", rate, "/s", note=note)


def _high(spent: Sequence[float]) -> float:
    return statistics.quantiles(spent, n=20)[-1]


def _quantiles(spent: Sequence[float]) -> str:
    return f"p50 {1000 * statistics.median(spent):.1f} ms, p95 {1000 * _high(spent):.1f} ms"
