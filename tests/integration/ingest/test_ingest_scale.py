"""Many, large and concurrent: bounds that must hold, without looking at the clock."""

import asyncio

from lightrag_integrations.models import Document
from lightrag_integrations.rows import COUNTED
from tests.integration.ingest.conftest import Bench

HANG_GUARD_S = 280


async def test_calls_in_flight_reach_the_limit_and_never_pass_it(bench: Bench) -> None:
    bench.server.latency_s = 0.05
    text = "\n\n".join(f"# Part {n}\n\nAda Lovelace wrote chapter {n}. " + "It is long. " * 10 for n in range(24))
    documents = [Document(id="long", text=text)] + [
        Document(id=f"d{n}", text=f"Ada Lovelace saw Machine {n} in London.") for n in range(40)
    ]
    report = await bench.ingest(documents, chunk_tokens=100)
    assert (report.documents, report.failed) == (41, 0)
    assert bench.server.max_in_flight == bench.concurrency


async def test_embedding_calls_are_shared_by_documents(bench: Bench) -> None:
    documents = [Document(id=f"d{n}", text=f"Ada Lovelace saw Machine {n} in London.") for n in range(64)]
    bench.concurrency = 16
    await bench.ingest(documents, embed_batch=64)
    texts = sum(len(request.body["input"]) for request in bench.server.requests if request.kind == "embed")
    assert texts >= 64 * 2
    assert bench.server.calls["embed"] <= texts // 8


async def test_ten_thousand_small_documents(bench: Bench) -> None:
    bench.lexical = True
    tasks = 0

    async def watch() -> None:
        nonlocal tasks
        while True:
            tasks = max(tasks, len(asyncio.all_tasks()))
            await asyncio.sleep(0.05)

    watching = asyncio.create_task(watch())
    documents = [Document(id=f"n{n}", text=f"Note {n}: Ada Lovelace saw Machine {n % 100}.") for n in range(10_000)]
    async with asyncio.timeout(HANG_GUARD_S):
        report = await bench.ingest(documents)
    watching.cancel()
    assert (report.documents, report.chunks, report.failed) == (10_000, 10_000, 0)
    assert tasks < 1_000
    async with bench.store.snapshot() as reader:
        assert (await reader.corpus())[0] == 10_000
        entity, counted = (await reader.named(["ada lovelace"]))["ada lovelace"]
        assert counted == COUNTED
        assert len((await reader.entities([entity]))[entity].document_ids) == 10_000


async def test_a_large_document_lets_small_ones_pass(bench: Bench) -> None:
    bench.lexical = True
    sentence = "Ada Lovelace described machine number {} to Charles Babbage in London on that day. "
    text = "".join(sentence.format(n) for n in range(10_000_000 // len(sentence)))
    small = [Document(id=f"s{n}", text=f"Mary Somerville read letter {n}.") for n in range(20)]
    async with asyncio.timeout(HANG_GUARD_S):
        report = await bench.ingest([Document(id="large", text=text), *small])
    assert (report.documents, report.failed) == (21, 0)
    assert report.chunks > 4000
    assert await bench.store.document_text("large") == text
    stored = [event.document_id for event in bench.events if event.kind == "stored"]
    assert stored[-1] == "large"
