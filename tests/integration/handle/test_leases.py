"""Leases end with whoever held them: killed, cancelled or closed; and a retry says what others are at work on."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from lightrag_integrations import Chunk, Document, Extraction, IndexClosed, IndexOptions
from lightrag_integrations.storage.owners import is_dead, new_owner

HANG_GUARD_S = 60
HOLD = """
import asyncio, sys
from lightrag_integrations import Document, LightRAGIndex

class Endless:
    fingerprint = "endless"
    async def extract(self, chunk):
        print("holds", flush=True)
        await asyncio.Event().wait()

with LightRAGIndex(sys.argv[2], database=sys.argv[1], extractor=Endless()) as index:
    index.ingest([Document(id=f"d{n}", text=f"Ada Byron wrote note {n}.") for n in range(3)])
"""
OWNER = "from lightrag_integrations.storage.owners import new_owner; print(new_owner(), flush=True); input()"


class Slow:
    """An extractor that waits until it is let go."""

    fingerprint = "slow"
    cacheable = False

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.let_go = threading.Event()

    async def extract(self, chunk: Chunk) -> Extraction:
        self.begun.set()
        while not self.let_go.is_set():
            await asyncio.sleep(0.01)
        return Extraction()


def notes() -> list[Document]:
    return [Document(id=f"d{n}", text=f"Ada Byron wrote note {n}.") for n in range(3)]


def test_a_retry_takes_up_what_a_killed_process_left_at_once(make_index, dsn: str) -> None:
    index = make_index()
    with subprocess.Popen([sys.executable, "-c", HOLD, dsn, index.name], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout and worker.stdout.readline() == "holds\n"
        assert {one.status for one in index.documents.list()} == {"processing"}
        report = index.documents.retry()
        assert (report.documents, report.processing) == (0, 3)
        worker.send_signal(signal.SIGKILL)
    assert (index.status().pending, index.status().processing) == (3, 0)
    assert {one.status for one in index.documents.list()} == {"pending"}
    report = index.documents.retry()
    assert (report.documents, report.processing) == (3, 0)
    assert index.verify() == []


async def test_what_was_cancelled_can_be_retried_at_once(make_index) -> None:
    slow = Slow()
    index = make_index(extractor=slow)
    for ending in (1, 2):
        task = asyncio.create_task(index.aingest(notes()) if ending == 1 else index.documents.aretry())
        assert await asyncio.to_thread(slow.begun.wait, HANG_GUARD_S)
        slow.begun.clear()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert index.status().pending == 3
    slow.let_go.set()
    assert (await index.documents.aretry()).documents == 3


def test_what_a_closed_handle_left_can_be_retried_at_once(make_index) -> None:
    slow = Slow()
    first = make_index(extractor=slow, options=IndexOptions(close_timeout_s=0.2))
    second = make_index(first.name)
    with ThreadPoolExecutor(1) as threads:
        ingesting = threads.submit(first.ingest, notes())
        assert slow.begun.wait(HANG_GUARD_S)
        assert second.documents.retry().processing == 3
        first.close()
        with pytest.raises(IndexClosed):
            ingesting.result(HANG_GUARD_S)
    assert second.documents.retry().documents == 3


def test_only_a_process_that_is_provably_gone_is_dead() -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER], stdin=-1, stdout=-1, text=True) as other:
        assert other.stdin and other.stdout
        owner = other.stdout.readline().strip()
        assert not is_dead(owner) and not is_dead(new_owner())
        other.stdin.close()
        other.wait(HANG_GUARD_S)
    assert is_dead(owner) and is_dead(f"{owner}-call")
    boot, spaces, pid, start, rest = owner.split(":")
    unknown = (f"x{boot}:{spaces}:{pid}:{start}:{rest}", f"{boot}:1-1:{pid}:{start}:{rest}", rest, "", ":::::", "a:b")
    assert [name for name in unknown if is_dead(name)] == []
    mine = new_owner().split(":")
    mine[3] = str(int(mine[3]) - 1)  # the pid had another process before
    assert mine[2] == str(os.getpid()) and is_dead(":".join(mine))
