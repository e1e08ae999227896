"""The pipeline's own logic on a store in memory; the real server is met in tests/integration/ingest."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from weakref import ref

import pytest

from lightrag_integrations.calls.embed import MeteredEmbedder
from lightrag_integrations.calls.meter import Meter
from lightrag_integrations.calls.retry import RetryPolicy
from lightrag_integrations.contributions import PendingDocument
from lightrag_integrations.errors import ConnectionFailed, InputError
from lightrag_integrations.ingest.pipeline import run_ingest, run_retry
from lightrag_integrations.models import Chunk, Document, ExtractedEntity, Extraction
from lightrag_integrations.options import IngestOptions
from lightrag_integrations.providers.offline import HashEmbedder
from tests.unit.ingest.memory import MemoryStore
from tests.unit.ingest.parts import LengthEmbedder, Recorder, WordExtractor, tools_of

OPTIONS = IngestOptions()


def texts(count: int) -> list[Document]:
    return [Document(id=f"d{number}", text=f"Ada met Bob number N{number}.") for number in range(count)]


def failing(match: str, error: BaseException) -> Callable[[Chunk], Awaitable[None]]:
    async def react(chunk: Chunk) -> None:
        if match in chunk.text:
            raise error

    return react


async def test_report_and_events_agree_with_what_is_stored() -> None:
    store, seen = MemoryStore(), Recorder()
    report = await run_ingest(texts(5), tools_of(store, observer=seen), OPTIONS)
    chunks = [chunk for document in store.documents.values() for chunk in document.chunks]
    assert (report.documents, report.chunks, report.failed) == (5, len(chunks), 0)
    assert report.entities == sum(len(chunk.mentions) for chunk in chunks)
    assert report.relations == sum(len(chunk.facts) for chunk in chunks) > 0
    assert report.document_ids == tuple(f"d{number}" for number in range(5))
    assert not store.pending
    for kind in ("accepted", "split", "extracted", "embedded", "stored"):
        assert seen.total(kind) == 5
    assert seen.events[-1].kind == "finished"


async def test_work_begins_with_the_first_documents_while_the_others_are_accepted() -> None:
    asked = asyncio.Event()

    class Slow(MemoryStore):
        async def accept(self, documents: Sequence[PendingDocument], **told: Any) -> frozenset[str]:
            if self.pending:
                await asyncio.wait_for(asked.wait(), 10)
            return await super().accept(documents, **told)

    async def react(chunk: Chunk) -> None:
        asked.set()

    store = Slow()
    report = await run_ingest(texts(9), tools_of(store, extractor=WordExtractor(react), concurrency=4), OPTIONS)
    assert (report.documents, report.failed, len(store.pending)) == (9, 0, 0)


async def test_all_are_accepted_however_long_the_work_takes() -> None:
    store, seen = MemoryStore(), Recorder()

    async def react(chunk: Chunk) -> None:
        async with asyncio.timeout(10):
            while seen.total("accepted") < 100:
                await asyncio.sleep(0)

    tools = tools_of(store, extractor=WordExtractor(react), observer=seen, concurrency=2)
    report = await run_ingest(texts(100), tools, OPTIONS)
    assert (report.documents, report.failed) == (100, 0)


async def test_hashing_takes_no_place_from_calls_and_waits_for_none() -> None:
    taken = asyncio.Semaphore(0)
    embedder = MeteredEmbedder(HashEmbedder(64), semaphore=taken, retry=RetryPolicy(1), meter=Meter())
    texts_of = [f"Ada met Bob {number}. " * 300 for number in range(4)]
    async with asyncio.timeout(10):
        vectors = await embedder.embed(texts_of, kind="document")
    assert [[*one] for one in vectors] == HashEmbedder(64).vectors(texts_of).tolist()


async def test_unchanged_documents_cost_nothing() -> None:
    store, extractor, embedder = MemoryStore(), WordExtractor(), LengthEmbedder()
    tools = tools_of(store, extractor=extractor, embedder=embedder)
    await run_ingest(texts(3), tools, OPTIONS)
    before = (len(extractor.seen), len(embedder.texts), len(store.commits), len(store.usages))
    report = await run_ingest(texts(3), tools, OPTIONS)
    assert (report.documents, report.unchanged) == (0, 3)
    assert (len(extractor.seen), len(embedder.texts), len(store.commits), len(store.usages)) == before


async def test_equal_chunks_of_many_documents_are_paid_once_though_all_looked_before() -> None:
    async def pause(_: Chunk) -> None:
        await asyncio.sleep(0)

    extractor, count = WordExtractor(pause), 101
    orders = ([step * place % count for place in range(count)] for step in (1, 3, 5, 7))
    documents = [
        Document(id=f"d{n}", chunks=tuple(Chunk(id=f"{n}.{m}", document_id=f"d{n}", text=f"Ada N{m}.") for m in order))
        for n, order in enumerate(orders)
    ]
    report = await run_ingest(documents, tools_of(MemoryStore(), extractor=extractor), OPTIONS)
    assert (report.documents, len(extractor.seen)) == (4, count)


async def test_answers_do_not_pile_up_while_documents_are_stored() -> None:
    made: list[ref[Extraction]] = []
    alive: list[int] = []

    class Weighed(WordExtractor):
        async def extract(self, chunk: Chunk) -> Extraction:
            answer = await super().extract(chunk)
            made.append(ref(answer))
            alive.append(sum(one() is not None for one in made))
            return answer

    report = await run_ingest(texts(400), tools_of(MemoryStore(), extractor=Weighed()), OPTIONS)
    assert report.documents == len(made) == 400
    assert max(alive) <= 100


async def test_other_metadata_is_written_without_a_model_call() -> None:
    store, extractor = MemoryStore(), WordExtractor()
    tools = tools_of(store, extractor=extractor)
    await run_ingest(texts(1), tools, OPTIONS)
    report = await run_ingest([Document(id="d0", text=texts(1)[0].text, metadata={"a": 1}, source="s")], tools, OPTIONS)
    assert report.unchanged == 1
    assert store.documents["d0"].document.metadata == {"a": 1}
    assert len(extractor.seen) == 1


async def test_an_unfinished_update_is_replaced_by_the_same_old_content() -> None:
    store = MemoryStore()
    await run_ingest(texts(1), tools_of(store), OPTIONS)
    bad = tools_of(store, extractor=WordExtractor(failing("New", RuntimeError("no"))))
    assert (await run_ingest([Document(id="d0", text="New text.")], bad, OPTIONS)).failed == 1
    await run_ingest(texts(1), tools_of(store), OPTIONS)
    assert not store.pending
    assert store.documents["d0"].document.text.startswith("Ada")


@pytest.mark.parametrize("error", [RuntimeError("boom"), ValueError("odd"), KeyError("k"), asyncio.CancelledError()])
async def test_any_exception_of_an_extractor_is_its_documents_failure(error: BaseException) -> None:
    store = MemoryStore()
    tools = tools_of(store, extractor=WordExtractor(failing("N2.", error)))
    report = await run_ingest(texts(5), tools, OPTIONS)
    assert (report.documents, report.failed) == (4, 1)
    assert type(error).__name__ in report.errors["d2"]
    assert store.failed == dict(report.errors)


async def test_extractors_that_return_something_else_fail_their_document() -> None:
    class Wrong:
        fingerprint = "wrong"

        async def extract(self, chunk: Chunk) -> dict[str, list[str]]:
            return {"entities": []}

    report = await run_ingest(texts(1), tools_of(MemoryStore(), extractor=Wrong()), OPTIONS)  # type: ignore[arg-type]
    assert "expected Extraction" in report.errors["d0"]


async def test_retry_extracts_only_what_is_missing() -> None:
    store, extractor = MemoryStore(), WordExtractor(failing("Broken", RuntimeError("no")))
    chunks = tuple(
        Chunk(id=f"c{number}", document_id="d", text=word)
        for number, word in enumerate(["One", "Two", "Broken", "Four"])
    )
    tools = tools_of(store, extractor=extractor)
    first = await run_ingest([Document(id="d", chunks=chunks)], tools, OPTIONS)
    assert "1 of 4 chunks" in first.errors["d"]
    assert sorted(extractor.seen) == ["c0", "c1", "c2", "c3"]
    extractor.react = None
    extractor.seen.clear()
    again = await run_retry(None, tools_of(store, extractor=extractor), OPTIONS)
    assert (again.documents, again.failed, again.cached) == (1, 0, 3)
    assert extractor.seen == ["c2"]
    assert len(store.documents["d"].chunks) == 4


async def test_a_retry_that_fails_again_ends() -> None:
    store = MemoryStore()
    tools = tools_of(store, extractor=WordExtractor(failing("Ada", RuntimeError("no"))))
    await run_ingest(texts(3), tools, OPTIONS)
    report = await run_retry(None, tools, OPTIONS)
    assert (report.documents, report.failed) == (0, 3)
    assert (await run_retry(["d1"], tools, OPTIONS)).failed == 1
    assert (await run_retry(["unknown"], tools, OPTIONS)).failed == 0


async def test_bad_input_writes_nothing() -> None:
    store = MemoryStore()
    with pytest.raises(InputError):
        await run_ingest([*texts(2), Document(id="bad")], tools_of(store), OPTIONS)
    assert not store.pending
    assert not store.documents
    skipping = IngestOptions(on_invalid="skip")
    report = await run_ingest([*texts(2), Document(id="bad")], tools_of(store), skipping)
    assert (report.documents, report.failed, set(report.errors)) == (2, 1, {"bad"})


async def test_one_document_the_database_refuses_fails_alone() -> None:
    store = MemoryStore()
    store.refused = {"d3"}
    report = await run_ingest(texts(8), tools_of(store), OPTIONS)
    assert (report.documents, report.failed) == (7, 1)
    assert "a value was refused" in report.errors["d3"]


async def test_a_lost_server_raises_and_leaves_no_task() -> None:
    store = MemoryStore()

    async def lose(_: Chunk) -> None:
        store.gone = True

    before = asyncio.all_tasks()
    with pytest.raises(ConnectionFailed):
        await run_ingest(texts(50), tools_of(store, extractor=WordExtractor(lose)), OPTIONS)
    assert asyncio.all_tasks() == before
    assert store.pending


async def test_cancellation_ends_everything_and_gives_leases_back() -> None:
    store, started = MemoryStore(), asyncio.Event()

    async def hang(_: Chunk) -> None:
        started.set()
        await asyncio.Event().wait()

    before = asyncio.all_tasks()
    tools = tools_of(store, extractor=WordExtractor(hang))
    running = asyncio.create_task(run_ingest(texts(50), tools, OPTIONS))
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert asyncio.all_tasks() == before
    assert not store.leases
    assert len(store.pending) == 50
    assert (await run_retry(None, tools_of(store), OPTIONS)).documents == 50


async def test_a_slow_document_blocks_no_other() -> None:
    store, release = MemoryStore(), asyncio.Event()

    async def wait(chunk: Chunk) -> None:
        if "N0." in chunk.text:
            await release.wait()

    tools = tools_of(store, extractor=WordExtractor(wait))
    running = asyncio.create_task(run_ingest(texts(100), tools, OPTIONS))
    async with asyncio.timeout(30):
        while len(store.documents) < 99:
            await asyncio.sleep(0.01)
    assert "d0" not in store.documents
    release.set()
    assert (await running).documents == 100


async def test_equal_chunks_in_work_share_one_call() -> None:
    extractor = WordExtractor()
    documents = [Document(id=f"d{number}", text="Same Text everywhere.") for number in range(10)]
    store = MemoryStore()
    await run_ingest(documents, tools_of(store, extractor=extractor), OPTIONS)
    assert len(extractor.seen) == 1
    assert len(store.documents) == 10


async def test_given_extractions_and_vectors_are_used_as_they_are() -> None:
    store, extractor, embedder = MemoryStore(), WordExtractor(), LengthEmbedder(dimension=2)
    given = Extraction(entities=[ExtractedEntity(name="Zeus")])
    chunk = Chunk(id="c", document_id="d", text="no name here", embedding=(1.0, 0.0), extraction=given)
    await run_ingest(
        [Document(id="d", chunks=(chunk,))], tools_of(store, extractor=extractor, embedder=embedder), OPTIONS
    )
    (stored,) = store.documents["d"].chunks
    assert stored.embedding == (1.0, 0.0)
    assert [mention.surface for mention in stored.mentions] == ["Zeus"]
    assert extractor.seen == []
    assert "no name here" not in embedder.texts


async def test_nothing_is_extracted_when_told_so() -> None:
    store = MemoryStore()
    report = await run_ingest(texts(2), tools_of(store), IngestOptions(extract=False))
    assert (report.documents, report.entities, report.relations) == (2, 0, 0)
