"""A quiet tenant beside one that ingests, in its own process and in another.

In one process they share one interpreter. Each answer from PostgreSQL has to get it back from whoever holds it, and
CPython lets a busy thread keep it for 5 ms. Now and then the garbage collector goes through all objects of the process,
most of them the application's modules, and everybody waits. Both are the application's to change: there are rows where
the collector leaves out what was there before (`gc.freeze`), and where threads switch every half millisecond
(`sys.setswitchinterval`). The last rows show what the interpreter alone makes of a dozen bare statements beside a bare
loop.
"""

import gc
import itertools
import multiprocessing
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path

import psycopg

from lightrag_integrations import Document, IndexOptions, IngestOptions, LightRAGIndex, OpenAIChatModel
from lightrag_integrations.storage.embedded import EmbeddedServer
from tests.benchmarks.endpoint import Endpoint
from tests.benchmarks.speed.ingestion_data import documents
from tests.benchmarks.speed.rows import Row, Setting

__all__ = ["beside"]

PART = "tenants"
_AT_ONCE = 100
_PAUSE_S = 0.01
_LATENCY_S = 0.2
_ROUNDS = 2
_STATEMENTS = 12
"""As many as a walk asks one after the other."""
_NIMBLE_S = 0.0005


@dataclass(frozen=True, kw_only=True)
class _Noise:
    base_url: str
    """The model's; empty: there is none."""
    documents: int


_Beside = Callable[[], AbstractContextManager[object]]


def beside(setting: Setting, home: Path) -> Iterator[Row]:
    """The quiet tenant's p99 beside each kind of noise, as a multiple of its own, in turn; then the bare floor."""
    yield from _tenants(setting, home)
    yield from _bare(setting, home)


def _tenants(setting: Setting, home: Path) -> Iterator[Row]:
    with ExitStack() as stack:
        endpoint = stack.enter_context(Endpoint(latency_s=_LATENCY_S))
        quiet = stack.enter_context(LightRAGIndex("quiet", database=home))
        stored = documents(setting.of(300), seed=1)
        quiet.ingest(stored)
        quiet.compact()
        asked = [" ".join(one.text.split()[:12]) for one in stored]
        enough = max(2 * _AT_ONCE, setting.of(3000))
        model, lexical = _Noise(base_url=endpoint.base_url, documents=enough), _Noise(base_url="", documents=enough)
        noises: dict[str, _Beside] = {
            "nobody": nullcontext,
            "a model's ingestion": lambda: _in_thread(home, model),
            "a model's ingestion, older objects frozen": lambda: _frozen(_in_thread(home, model)),
            "a model's ingestion, older objects frozen, threads switching faster": lambda: _frozen(
                _nimble(_in_thread(home, model))
            ),
            "a model's ingestion in another process": lambda: _in_process(home, model),
            "a lexical ingestion": lambda: _in_thread(home, lexical),
            "a lexical ingestion, older objects frozen": lambda: _frozen(_in_thread(home, lexical)),
            "a lexical ingestion in another process": lambda: _in_process(home, lexical),
        }
        times: dict[str, list[float]] = {name: [] for name in noises}
        _ask(quiet, asked[:50])
        for _, (name, noise) in itertools.product(range(_ROUNDS), noises.items()):
            with noise():
                times[name] += _ask(quiet, _cycle(asked, setting.of(200)))
    alone = _p99(times.pop("nobody"))
    for name, taken in times.items():
        # Without a model, ingestion is nothing but CPU work.
        target = 1.2 if name == "a model's ingestion" else None
        note = f"{_p99(taken):.1f} ms, median {statistics.median(taken):.1f}; alone {alone:.1f} ms"
        yield Row(part=PART, what=f"p99 beside {name}", value=_p99(taken) / alone, unit="x", at_most=target, note=note)


def _bare(setting: Setting, home: Path) -> Iterator[Row]:
    noises: dict[str, _Beside] = {
        "nobody": nullcontext,
        "a bare loop": _spinning,
        "a bare loop, threads switching faster": lambda: _nimble(_spinning()),
    }
    times: dict[str, list[float]] = {name: [] for name in noises}
    with ExitStack() as stack:
        server = EmbeddedServer(home)
        stack.callback(server.stop)
        connection = stack.enter_context(psycopg.connect(server.start(), autocommit=True))
        for _, (name, noise) in itertools.product(range(_ROUNDS), noises.items()):
            with noise():
                times[name] += [_statements(connection) for _ in range(setting.of(200))]
    alone = _p99(times.pop("nobody"))
    for name, taken in times.items():
        note = f"{_p99(taken):.1f} ms, median {statistics.median(taken):.1f}; alone {alone:.1f} ms"
        what = f"p99 of {_STATEMENTS} bare statements beside {name}"
        yield Row(part=PART, what=what, value=_p99(taken) / alone, unit="x", note=note)


def _statements(connection: psycopg.Connection) -> float:
    begun = time.perf_counter()
    for _ in range(_STATEMENTS):
        connection.execute("SELECT 1").fetchone()
    taken = (time.perf_counter() - begun) * 1000
    time.sleep(_PAUSE_S)
    return taken


def _cycle(asked: Sequence[str], count: int) -> list[str]:
    return [*itertools.islice(itertools.cycle(asked), count)]


def _ask(index: LightRAGIndex, questions: Sequence[str]) -> list[float]:
    taken = []
    for question in questions:
        begun = time.perf_counter()
        index.retrieve(question, k=5)
        taken.append((time.perf_counter() - begun) * 1000)
        time.sleep(_PAUSE_S)
    return taken


def _p99(taken: Sequence[float]) -> float:
    return sorted(taken)[int(len(taken) * 0.99)]


@contextmanager
def _nimble(noise: AbstractContextManager[object]) -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_NIMBLE_S)
    try:
        with noise:
            yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def _frozen(noise: AbstractContextManager[object]) -> Iterator[None]:
    gc.collect()
    gc.freeze()
    try:
        with noise:
            yield
    finally:
        gc.unfreeze()


@contextmanager
def _spinning() -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=_spin, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _spin(stop: threading.Event) -> None:
    while not stop.is_set():
        sum(range(1000))


@contextmanager
def _in_thread(home: Path, noise: _Noise) -> Iterator[None]:
    begun, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=_ingest, args=(home, noise, begun, stop))
    thread.start()
    begun.wait()
    yield
    stop.set()
    thread.join()


@contextmanager
def _in_process(home: Path, noise: _Noise) -> Iterator[None]:
    context = multiprocessing.get_context("spawn")
    begun, stop = context.Event(), context.Event()
    process = context.Process(target=_ingest, args=(home, noise, begun, stop))
    process.start()
    begun.wait()
    yield
    stop.set()
    process.join()


def _ingest(home: Path, noise: _Noise, begun: Event | threading.Event, stop: Event | threading.Event) -> None:
    """New documents without a pause; their making is not measured."""
    made = documents(noise.documents, seed=time.time_ns())
    batches: Iterator[list[Document]] = (made[n : n + _AT_ONCE] for n in itertools.count(0, _AT_ONCE))
    model = OpenAIChatModel("stand-in", base_url=noise.base_url, api_key="none") if noise.base_url else None
    options = IndexOptions(ingest=IngestOptions(chunk_tokens=1200))
    with LightRAGIndex(f"noisy-{bool(noise.base_url)}", database=home, llm=model, options=options) as index:
        for batch in batches:
            if stop.is_set() or not batch:
                break
            index.ingest(batch)
            begun.set()
        begun.set()
