"""Import, and the way from nothing to the first answer on the embedded server.

Each figure is from processes of their own, clocks read inside them; interpreter start is not counted, the package's
imports are. cold: no data directory: initdb, server start, schema, one document ingested, one answer. warm: the
directory is there, its server is stopped. running: another process keeps the server.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from lightrag_integrations import LightRAGIndex
from tests.benchmarks.speed.rows import Row, Setting

__all__ = ["measure"]

PART = "start"
_IMPORTED = """
import sys, time
begun = time.perf_counter()
import lightrag_integrations
taken = (time.perf_counter() - begun) * 1000
heavy = ("langchain", "langchain_core", "llama_index", "openai", "numpy", "scipy", "psycopg", "pydantic", "httpx")
print(f'[{taken}, {sum(name in sys.modules for name in heavy)}]')
"""
_ANSWERED = """
import sys, time
begun = time.perf_counter()
from lightrag_integrations import Document, LightRAGIndex
index = LightRAGIndex("first", database=sys.argv[1])
made = time.perf_counter()
index.open()
opened = time.perf_counter()
index.ingest(Document(id="fram", text="The Fram was designed by Colin Archer and launched at Larvik in 1892."))
assert index.retrieve("Who designed the Fram?", k=1).hits[0].document_id == "fram"
ended = time.perf_counter()
print(f"[{made - begun}, {opened - made}, {ended - opened}, {ended - begun}]")
index.close()
"""


def measure(setting: Setting) -> Iterator[Row]:
    """Import, then cold, warm and running starts."""
    runs = setting.of(5)
    imports = [_run(_IMPORTED) for _ in range(2 * runs)]
    taken = statistics.median(one[0] for one in imports)
    worst = max(one[0] for one in imports)
    yield Row(
        part=PART, what="import lightrag_integrations", value=taken, unit="ms", at_most=120, note=f"worst {worst:.0f}"
    )
    yield Row(part=PART, what="frameworks and heavy packages imported by it", value=imports[0][1], unit="", at_most=0)
    homes = [setting.scratch / f"home-{number}" for number in range(runs)]
    yield _row("cold", [_run(_ANSWERED, home) for home in homes], at_most=5)
    yield _row("warm", [_run(_ANSWERED, home) for home in homes], at_most=None)
    with LightRAGIndex("keeper", database=homes[0]):
        yield _row("running", [_run(_ANSWERED, homes[0]) for _ in homes], at_most=None)


def _row(name: str, runs: list[list[float]], *, at_most: float | None) -> Row:
    imported, opened, answered, whole = (statistics.median(column) for column in zip(*runs, strict=True))
    note = f"import {imported:.2f}, open {opened:.2f}, ingest and answer {answered:.2f}; of {len(runs)}"
    return Row(part=PART, what=f"{name} start to the first answer", value=whole, unit="s", at_most=at_most, note=note)


def _run(code: str, home: Path | None = None) -> list[float]:
    arguments = [] if home is None else [str(home)]
    told = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    figures: list[float] = json.loads(told.stdout)
    return figures
