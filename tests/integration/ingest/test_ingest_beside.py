"""What others do to a document while a call works on it: neither undone nor reported as stored."""

import asyncio
from collections.abc import Callable
from typing import Any

from lightrag_integrations.models import Chunk, Document, ExtractedEntity, Extraction
from lightrag_integrations.reports import IngestReport
from tests.integration.ingest.conftest import Bench

HANG_GUARD_S = 60


class Waiting:
    """Finds one name; chunks whose text holds "slow" wait until released."""

    fingerprint = "waiting/1"

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.reached = asyncio.Event()

    async def extract(self, chunk: Chunk) -> Extraction:
        if "slow" in chunk.text:
            self.reached.set()
            await self.release.wait()
        return Extraction(entities=[ExtractedEntity(name=chunk.text.split()[0])])


def piece(name: str, text: str, **fields: Any) -> Document:
    return Document(id=name, chunks=(Chunk(id=f"{name}1", document_id=name, text=text, **fields),))


async def held(bench: Bench, documents: list[Document], **options: Any) -> tuple[asyncio.Task[IngestReport], Waiting]:
    """A call that has come as far as it can without its slow document."""
    bench.lexical, bench.extractor = True, Waiting()
    running = asyncio.create_task(bench.ingest(documents, **options))
    await bench.extractor.reached.wait()
    return running, bench.extractor


async def texts(bench: Bench) -> dict[str, str]:
    async with bench.store.snapshot() as reader:
        return {row.chunk_id: row.text for row in await reader.all_chunks()}


async def until(fine: Callable[[dict[str, str]], bool], bench: Bench) -> None:
    while not fine(await texts(bench)):
        await asyncio.sleep(0.02)


async def test_a_long_upsert_undoes_nothing_that_others_did_since(bench: Bench) -> None:
    upsert = {"on_existing": "upsert_chunks"}
    async with asyncio.timeout(HANG_GUARD_S):
        given = [piece("a", "Alice is fast"), piece("b", "Bob is slow"), piece("c", "Cid v1")]
        running, waiting = await held(bench, given, commit_documents=1, **upsert)
        await until(lambda found: found.keys() == {"a1", "c1"}, bench)
        assert await bench.store.delete(["a"]) == 1
        assert (await bench.ingest([piece("c", "Cid v2")], **upsert)).documents == 1
        waiting.release.set()
        report = await running
    assert await texts(bench) == {"b1": "Bob is slow", "c1": "Cid v2"}
    assert (report.documents, report.superseded, report.failed) == (3, 0, 0)


async def test_a_document_deleted_while_in_work_is_not_reported_as_stored(bench: Bench) -> None:
    for options in ({}, {"on_existing": "upsert_chunks"}):
        async with asyncio.timeout(HANG_GUARD_S):
            running, waiting = await held(bench, [piece("a", f"Alice is slow {options}")], **options)
            assert await bench.store.delete(["a"]) == 1
            waiting.release.set()
            report = await running
        assert (report.documents, report.superseded, report.chunks) == (0, 1, 0)
        assert bench.total("superseded") == (1 if not options else 2)
        assert await bench.states() == {}


async def test_a_document_replaced_while_in_work_is_the_newer_ones(bench: Bench) -> None:
    async with asyncio.timeout(HANG_GUARD_S):
        running, waiting = await held(bench, [piece("a", "Alice is slow"), piece("b", "Bob")], commit_documents=1)
        newer = await bench.ingest([piece("a", "Alice v2")])
        waiting.release.set()
        report = await running
    assert (newer.documents, report.documents, report.superseded) == (1, 1, 1)
    assert await texts(bench) == {"a1": "Alice v2", "b1": "Bob"}


async def test_upserts_at_the_same_time_lose_no_chunk(bench: Bench) -> None:
    bench.lexical = True
    documents = [
        [Document(id=f"d{n}", chunks=(Chunk(id=f"d{n}c{call}", document_id=f"d{n}", text=f"Name{call} is here"),))
         for n in range(3)]
        for call in range(6)
    ]  # fmt: skip
    async with asyncio.timeout(HANG_GUARD_S):
        reports = await asyncio.gather(*(bench.ingest(one, on_existing="upsert_chunks") for one in documents))
    assert len(await texts(bench)) == 18
    assert [(report.documents, report.superseded, report.errors) for report in reports] == [(3, 0, {})] * 6
    assert await bench.store.verify() == []
