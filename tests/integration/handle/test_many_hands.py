"""One handle and many, from many threads and loops at once."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from lightrag_integrations import Chunk, Document, LightRAGIndex

T = TypeVar("T")


def documents_of(handle: int, worker: int) -> list[Document]:
    return [
        Document(
            id=f"{handle}-{worker}-{number}",
            title=f"Town {handle} {worker} {number}",
            text=f"Town {handle} {worker} {number} lies on the River Canary{handle}. Its mayor is Mayor Nr{worker}.",
        )
        for number in range(3)
    ]


async def work(index: LightRAGIndex, handle: int, worker: int) -> list[str]:
    report = await index.aingest(documents_of(handle, worker))
    assert report.failed == 0, report.errors
    results = await asyncio.gather(
        *(index.aretrieve(f"River Canary{handle}", mode=mode, k=3) for mode in ("keyword", "vector", "mix", "local"))
    )
    return [hit.document_id for result in results for hit in result.hits]


def test_four_handles_four_threads_each_with_its_own_loop(make_index) -> None:
    handles = [make_index() for _ in range(4)]
    with ThreadPoolExecutor(16) as pool:
        jobs = {
            (handle, worker): pool.submit(asyncio.run, work(handles[handle], handle, worker))
            for handle in range(4)
            for worker in range(4)
        }
        found = {key: job.result(120) for key, job in jobs.items()}
    for (handle, _), ids in found.items():
        assert len(ids) >= 3 * 3
        assert {id.split("-")[0] for id in ids} == {str(handle)}, "an index gave another's text"
    for index in handles:
        assert index.status().documents == 12
        assert index.verify() == []


def test_two_loops_contend_for_one_handle(make_index, documents) -> None:
    index = make_index()
    index.ingest(documents)
    counts: list[int] = []

    async def ask(times: int) -> None:
        results = await asyncio.gather(*(index.aretrieve("Analytical Engine", k=2) for _ in range(times)))
        counts.extend(len(result.hits) for result in results)

    threads = [threading.Thread(target=lambda: asyncio.run(ask(60))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert counts == [2] * 120


async def test_every_sync_call_works_inside_a_running_loop(make_index, documents) -> None:
    index = make_index()
    assert index.ingest(documents).documents == 3
    assert index.retrieve("Charles Babbage", k=1).hits[0].document_id == "babbage"
    assert index.status().documents == 3
    assert index.documents.get("engine").status == "processed"
    assert index.graph.entity("Analytical Engine").mentions == 3
    assert index.documents.delete(["engine"]) == 1
    assert index.verify() == []


async def test_the_callers_loop_keeps_ticking(make_index, documents) -> None:
    index = make_index()
    await index.aingest(documents)
    ticks = 0

    async def ticker() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    task = asyncio.create_task(ticker())
    await asyncio.gather(*(index.aretrieve("Analytical Engine") for _ in range(20)))
    task.cancel()
    assert ticks > 5


def test_two_handles_of_one_process_share_nothing(make_index, documents) -> None:
    first, second = make_index(), make_index()
    first.ingest(documents)
    assert second.retrieve("Analytical Engine").hits == ()
    assert first.options is not second.options
    first.close()
    assert second.status().documents == 0


def test_inputs_are_read_in_the_callers_thread_and_may_ask_the_handle(make_index) -> None:
    index = make_index()
    readers: list[threading.Thread] = []

    def asked(given: T) -> Iterator[T]:
        readers.append(threading.current_thread())
        assert index.status().documents == 0
        yield given

    document = Document(id="town", text="A town lies on the River Canary.")
    assert index.documents.estimate(asked(document)).documents == 1
    assert len(index.enrich(asked(Chunk(id="c", document_id="town", text=document.text)))) == 1
    assert index.ingest(asked(document)).documents == 1
    assert readers == [threading.current_thread()] * 3


async def test_slow_inputs_hold_up_nobody_else(make_index) -> None:
    index = make_index()
    begun, answered = threading.Event(), threading.Event()

    def slow() -> Iterator[Document]:
        begun.set()
        assert answered.wait(20)
        yield Document(id="town", text="A town lies on the River Canary.")

    ingesting = asyncio.create_task(index.aingest(slow()))
    await asyncio.to_thread(begun.wait, 20)
    assert (await index.astatus()).documents == 0
    answered.set()
    assert (await ingesting).documents == 1
