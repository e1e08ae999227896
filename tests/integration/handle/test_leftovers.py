"""Nothing stays behind: no thread, task, socket, file or server."""

import asyncio
import gc
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from lightrag_integrations import Chunk, Document, Extraction, LightRAGIndex


def open_files() -> set[str]:
    found = set()
    for name in os.listdir("/dev/fd"):
        try:
            status = os.fstat(int(name))
        except OSError:
            continue
        found.add(f"{name}:{status.st_mode:o}:{status.st_ino}")
    return found


def settled(read, before) -> set:
    """What is new, once threads that are ending had a moment to end."""
    until = time.monotonic() + 10
    while (new := set(read()) - set(before)) and time.monotonic() < until:
        time.sleep(0.02)
    return new


def test_a_closed_handle_leaves_nothing(make_index, documents) -> None:
    make_index().open().close()  # whatever the first use of the libraries opens for good
    files, threads = open_files(), threading.enumerate()
    index = make_index()
    index.ingest(documents, show_progress=True)
    index.retrieve("Analytical Engine")
    index.close()
    assert settled(threading.enumerate, threads) == set()
    assert settled(open_files, files) == set()


def test_a_forgotten_handle_is_closed_with_its_last_reference(dsn: str, documents) -> None:
    threads = threading.enumerate()
    index = LightRAGIndex("forgotten", database=dsn)
    index.status()
    index.drop()
    del index
    gc.collect()
    assert settled(threading.enumerate, threads) == set()


def test_what_is_taken_from_a_handle_outlives_it(dsn: str) -> None:
    threads = threading.enumerate()
    documents = LightRAGIndex("parts", database=dsn).documents
    gc.collect()
    assert documents.list() == []
    graph = LightRAGIndex("parts", database=dsn).graph
    gc.collect()
    assert graph.entity("Nobody") is None
    LightRAGIndex("parts", database=dsn).drop()
    del documents, graph
    assert settled(threading.enumerate, threads) == set()


class Failing:
    fingerprint = "failing-1"

    async def extract(self, chunk: Chunk) -> Extraction:
        await asyncio.sleep(30)
        return Extraction()


def test_asyncio_run_ends_promptly_after_an_error_mid_ingest(make_index) -> None:
    index = make_index(extractor=Failing())

    async def main() -> None:
        task = asyncio.create_task(index.aingest([Document(id=str(n), text=f"Text {n}.") for n in range(20)]))
        await asyncio.sleep(0.5)
        assert not task.done()
        raise RuntimeError("mid-ingest")

    begun = time.monotonic()
    with pytest.raises(RuntimeError, match="mid-ingest"):
        asyncio.run(main())
    assert time.monotonic() - begun < 15, "asyncio.run waited for the model"
    assert {status.status for status in index.documents.list()} <= {"pending", "processing", "failed"}


SCRIPT = """
import sys
from lightrag_integrations import LightRAGIndex
index = LightRAGIndex("left", database=sys.argv[1])
index.ingest("Ada Lovelace met Charles Babbage in London.")
print(len(index.retrieve("Lovelace").hits), flush=True)
if "close" in sys.argv: index.close()
if "raise" in sys.argv: raise SystemExit(3)
"""


HANGING = """
import sys, threading
from lightrag_integrations import IndexOptions, IngestOptions, LightRAGIndex
class Hanging:
    def invoke(self, messages): threading.Event().wait()
    stream = batch = invoke
options = IndexOptions(ingest=IngestOptions(call_timeout_s=0.5, attempts=2))
with LightRAGIndex("hanging", database=sys.argv[1], llm=Hanging(), max_concurrency=1, options=options) as index:
    report = index.ingest(["Ada Lovelace met Charles Babbage in London.", "Colin Archer was born at Larvik."])
    print(report.failed, all("did not answer" in reason for reason in report.errors.values()), flush=True)
    index.drop()
"""


def test_a_process_ends_although_a_models_call_does_not(dsn: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", HANGING, dsn], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout.strip()) == (0, "2 True"), done.stderr


@pytest.mark.parametrize(("how", "code"), [("close", 0), ("leave", 0), ("raise", 3)])
def test_a_process_ends_by_itself_and_stops_its_server(tmp_path: Path, how: str, code: int) -> None:
    place = tmp_path / "a place with spaces"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, str(place), how], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout.strip(), done.stderr.strip()) == (code, "1", "")
    assert servers_of(place) == []


def servers_of(place: Path) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if "postgres" in line and str(place) in line]
