"""Forks, several processes on one directory, and kills."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from lightrag_integrations import Document, InputError, LightRAGIndex
from tests.integration.handle.test_leftovers import servers_of

WORKER = """
import sys
from lightrag_integrations import Document, LightRAGIndex
place, worker = sys.argv[1:3]
with LightRAGIndex("shared", database=place) as index:
    for number in range(4):
        index.ingest(Document(id=f"{worker}-{number}", text=f"Worker {worker} wrote Note {number} in Geneva."))
        assert len(index.retrieve("Geneva", k=1).hits) == 1
print("fine")
"""
FIRST = """
import sys
from lightrag_integrations import IndexOptions, IngestOptions, LightRAGIndex
options = IndexOptions(ingest=IngestOptions(lease_s=1))
with LightRAGIndex("killed", database=sys.argv[1], options=options) as index:
    print("open", flush=True)
    for number in range(100000):
        index.ingest(f"Note {number} was written in Geneva by Writer {number}.")
"""


def in_child(work) -> int:
    """Run `work` in a forked child and return its exit status; the child leaves as a worker of gunicorn does."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_fork_after_open(make_index, documents) -> None:
    index = make_index()
    index.ingest(documents)

    def work() -> None:
        assert index.stats().ingests.count == index.stats().ingested.documents == 0, "that was the parent"
        assert index.status().documents >= 3
        index.ingest(Document(id=f"child-{os.getpid()}", text="A child wrote this in Paris."))
        assert len(index.retrieve("Paris", k=1).hits) == 1
        assert index.stats().ingests.count == index.stats().retrieves["mix"].count == 1
        index.close()

    assert [in_child(work) for _ in range(3)] == [0, 0, 0]
    assert index.status().documents == 6
    assert index.retrieve("Analytical Engine", k=1).hits


def test_a_forked_childs_first_call_may_fail(make_index, documents) -> None:
    index = make_index()
    index.ingest(documents)

    def work() -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # a child that hangs must end, or the test would not
        signal.alarm(20)
        try:
            index.documents.list("nonsense")
        except InputError:
            index.close()

    assert in_child(work) == 0
    assert index.status().documents == 3


ORDERLY = """
import os, sys
from lightrag_integrations import LightRAGIndex
index = LightRAGIndex("orderly", database=sys.argv[1])
index.ingest("The parent wrote this in Rome.")
used = "use" in sys.argv
child = os.fork()
if child == 0:
    if used:
        assert index.status().documents == 1
    sys.exit(0)  # runs what is registered for the interpreter's end, as a process pool's worker may
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
index.ingest("And this in Milan.")
print(index.status().documents)
"""


@pytest.mark.parametrize("how", ["use", "leave"])
def test_an_orderly_end_of_a_forked_child_closes_only_its_own(tmp_path: Path, how: str) -> None:
    place = tmp_path / "db"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ORDERLY, str(place), how], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout.strip(), done.stderr.strip()) == (0, "2", "")
    assert servers_of(place) == []


def test_fork_of_an_embedded_server_leaves_it_to_the_parent(tmp_path: Path) -> None:
    with LightRAGIndex("forked", database=tmp_path / "db") as index:
        index.ingest("The parent wrote this in Rome.")

        def work() -> None:
            assert index.status().documents == 1
            index.close()

        assert [in_child(work) for _ in range(2)] == [0, 0]
        assert index.status().documents == 1
    assert servers_of(tmp_path) == []


def test_two_handles_on_one_directory(tmp_path: Path) -> None:
    first = LightRAGIndex("one", database=tmp_path / "db").open()
    second = LightRAGIndex("one", database=tmp_path / "db").open()
    first.ingest("Written by the first in Oslo.")
    first.close()
    assert second.retrieve("Oslo").hits
    second.ingest("Written by the second in Bergen.")
    assert second.status().documents == 2
    second.close()
    assert servers_of(tmp_path) == []


def test_six_processes_on_one_directory(tmp_path: Path) -> None:
    place = tmp_path / "shared by six"
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(place), str(n)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for n in range(6)
    ]
    results = [worker.communicate(timeout=240) for worker in workers]
    assert [out.strip() for out, _ in results] == ["fine"] * 6, results
    assert servers_of(place) == []
    with LightRAGIndex("shared", database=place) as index:
        assert index.status().documents == 24
        assert index.verify() == []


@pytest.mark.parametrize("delay_s", [0.3, 0.9, 1.8, None])
def test_kill_at_any_time(tmp_path: Path, delay_s: float | None) -> None:
    """During the first start (three moments) and in the middle of ingestion."""
    place = tmp_path / "killed"
    process = subprocess.Popen([sys.executable, "-c", FIRST, str(place)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    if delay_s is None:
        assert process.stdout.readline().strip() == "open"
        time.sleep(1)
    else:
        time.sleep(delay_s)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with LightRAGIndex("killed", database=place) as index:
        until = time.monotonic() + 30
        while index.documents.list("processing") + index.documents.list("pending") and time.monotonic() < until:
            index.documents.retry()  # finds what was left behind once its lease has run out
            time.sleep(0.2)
        stored = index.status().documents
        assert index.verify() == []
        index.ingest("After the kill, Someone came to Lima.")
        assert index.status().documents == stored + 1
        assert index.retrieve("Lima", k=1).hits[0].text.startswith("After the kill")
        assert {status.status for status in index.documents.list()} == {"processed"}
    assert servers_of(place) == []


def test_one_process_is_killed_while_another_works(tmp_path: Path) -> None:
    place = tmp_path / "db"
    with LightRAGIndex("killed", database=place) as index:
        process = subprocess.Popen([sys.executable, "-c", FIRST, str(place)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "open"
        killer = threading.Timer(0.7, process.kill)
        killer.start()
        for number in range(10):
            index.ingest(Document(id=f"mine-{number}", text=f"Mine {number} stands in Quito."))
        process.wait()
        killer.join()
        process.stdout.close()
        assert len([s for s in index.documents.list() if s.id.startswith("mine-")]) == 10
        assert index.verify() == []
    assert servers_of(place) == []
