"""A hundred handles in one process on one server: opening, memory, connections, threads, and a quiet one's p99.

Each handle is another index. It opens (which makes its schema), ingests a document, answers a question and is left
alone; once without a model, once with an OpenAI chat model and embedder (settings shared, clients their own). Memory is
what the process grows by from the 10th handle to the last, everything else being there by then. Connections are
counted in the server, after each step and until it has them back.
"""

import gc
import multiprocessing
import os
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from lightrag_integrations import Document, LightRAGIndex, OpenAIChatModel, OpenAIEmbedder
from lightrag_integrations.storage.embedded import EmbeddedServer
from tests.benchmarks.endpoint import Endpoint
from tests.benchmarks.speed.rows import Row, Setting
from tests.benchmarks.speed.tenants_quiet import beside

__all__ = ["measure"]

PART = "tenants"
_HANDLES = 100
_BEFORE = 10
_PATIENCE_S = 120
_SEEN = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"


def measure(setting: Setting) -> Iterator[Row]:
    """Handles without a model, handles with one, a quiet handle beside a busy one."""
    home = setting.scratch / "home"
    with ExitStack() as stack:
        server = EmbeddedServer(home)
        dsn = server.start()
        stack.callback(server.stop)
        count = max(_BEFORE + 5, setting.of(_HANDLES))
        endpoint = stack.enter_context(Endpoint())
        processes = multiprocessing.get_context("spawn")
        for kind, address in (("without a model", ""), ("with OpenAI clients", endpoint.base_url)):
            with processes.Pool(1) as process:  # memory that one kind gave back would do for the other
                yield from process.apply(_many, (home, dsn, count, kind, address))
    yield from beside(setting, home)


def _many(home: Path, dsn: str, count: int, kind: str, address: str) -> list[Row]:
    models: dict[str, Any] = {}
    if address:
        models["llm"] = OpenAIChatModel("stand-in", base_url=address, api_key="none")
        models["embed_model"] = OpenAIEmbedder("stand-in", base_url=address, api_key="none")
    handles = [LightRAGIndex(f"{kind} {number}", database=home, **models) for number in range(count)]
    try:
        with psycopg.connect(dsn, autocommit=True) as console:
            return _rows(handles, console, kind)
    finally:
        for handle in handles:
            handle.close()


def _rows(handles: list[LightRAGIndex], console: psycopg.Connection, kind: str) -> list[Row]:
    count = len(handles)
    opened, grown = _use(handles)
    seen, threads = _connections(console), (threading.active_count() - 1) / count
    waited, left = _wait(console), _connections(console)
    begun = time.perf_counter()
    with ThreadPoolExecutor(count) as at_once:
        answered = sum(bool(result.hits) for result in at_once.map(_ask, handles))
    whole = time.perf_counter() - begun
    return [
        Row(part=PART, what=f"memory of a handle {kind}", value=grown, unit="MB", at_most=2),
        Row(
            part=PART, what=f"opening {kind}, the index's schema made", value=statistics.median(opened), unit="ms",
            note=f"worst {max(opened):.0f}; {threads:.1f} threads each",
        ),
        Row(
            part=PART, what=f"connections of idle handles {kind}", value=left, unit="", at_most=0,
            note=f"of {count}; {seen} just after all had worked, none {waited:.0f} s later",
        ),
        Row(
            part=PART, what=f"busy handles refused {kind}", value=count - answered, unit="", at_most=0,
            note=f"{answered} answered at once in {whole:.1f} s, without a connection before",
        ),
    ]  # fmt: skip


def _use(handles: list[LightRAGIndex]) -> tuple[list[float], float]:
    """Milliseconds of each opening; growth in MB for each handle."""
    opened, before = [], 0.0
    for number, handle in enumerate(handles):
        begun = time.perf_counter()
        handle.open()
        opened.append((time.perf_counter() - begun) * 1000)
        handle.ingest(Document(id="d", text=f"The Fram was built by Colin Archer for tenant {number}."))
        assert _ask(handle).hits
        if number + 1 == _BEFORE:
            before = _own_mb()
    return opened, (_own_mb() - before) / (len(handles) - _BEFORE)


def _ask(handle: LightRAGIndex) -> Any:
    return handle.retrieve("Who built the Fram?", k=1)


def _own_mb() -> float:
    """Memory of this process alone; Linux tells it, elsewhere everything resident is the next best."""
    gc.collect()
    try:
        lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if os.uname().sysname == "Linux" else 2**20)
    told = dict(line.split(":") for line in lines[1:])
    return int(told["Pss"].split()[0]) / 1024


def _connections(console: psycopg.Connection) -> int:
    row = console.execute(_SEEN).fetchone()
    return 0 if row is None else int(row[0])


def _wait(console: psycopg.Connection) -> float:
    begun = time.perf_counter()
    while _connections(console) and time.perf_counter() - begun < _PATIENCE_S:
        time.sleep(0.2)
    return time.perf_counter() - begun
