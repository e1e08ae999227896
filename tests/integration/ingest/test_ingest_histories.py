"""After any history of calls the index equals a clean build of the final documents."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from lightrag_integrations.models import Chunk, Document
from lightrag_integrations.options import ConnectOptions
from lightrag_integrations.storage.postgres import open_store
from tests.doubles.openai_server import OpenAIServer
from tests.integration.ingest.conftest import Bench

MakeBench = Callable[..., Awaitable[Bench]]


@pytest.fixture
async def make_bench(dsn: str, openai_server: OpenAIServer) -> AsyncIterator[MakeBench]:
    async with AsyncExitStack() as stack:

        async def make(name: str, *, lexical: bool) -> Bench:
            store = await open_store(name, ConnectOptions(dsn=dsn))
            stack.push_async_callback(store.aclose)
            stack.push_async_callback(store.drop)
            bench = Bench(store, openai_server, stack, name=name, dsn=dsn)
            bench.lexical = lexical
            return bench

        yield make


def versions(number: int) -> list[Document]:
    """Some documents; another number gives other texts of the same ids."""
    people = ["Ada Lovelace", "Charles Babbage", "Mary Somerville", "Grace Hopper"]
    return [
        Document(
            id=f"d{n}",
            title=people[(n + number) % 4],
            text=f"{people[(n * number) % 4]} met {people[(n + 1) % 4]} in London in year {number}. "
            f"They described Machine {n} to the Royal Society.",
            metadata={"version": number},
        )
        for n in range(12)
    ]


@pytest.mark.parametrize("lexical", [True, False], ids=["lexical", "model"])
async def test_history_does_not_matter(make_bench: MakeBench, lexical: bool) -> None:
    lived, clean = (
        await make_bench("history-lived", lexical=lexical),
        await make_bench("history-clean", lexical=lexical),
    )
    final = [*versions(1)[:4], *versions(2)[4:8], *versions(3)[8:]]
    shuffled = random.Random(7).sample(final, len(final))
    await lived.ingest(versions(3), commit_documents=3)
    if not lexical:
        lived.server.fault("status", status=400, kind="extract", match="year 2", first=9)
    await lived.ingest(versions(2), commit_documents=5)
    await lived.retry()
    await lived.ingest([Document(id="gone", text="Alan Turing was here.")])
    await lived.store.delete(["gone"])
    await asyncio.gather(lived.ingest(shuffled[:6]), lived.ingest(shuffled[6:]))
    await clean.ingest(final)
    assert await lived.store.dump() == await clean.store.dump()
    assert not await lived.store.verify()
    await lived.store.compact()
    assert await lived.store.dump() == await clean.store.dump()


async def test_whoever_accepts_last_wins(make_bench: MakeBench) -> None:
    bench = await make_bench("history-race", lexical=True)
    await asyncio.gather(*(bench.ingest(versions(number)) for number in range(1, 6)))
    await bench.retry()
    assert not await bench.store.verify()
    assert set((await bench.states()).values()) == {"processed"}
    stored = await bench.store.stored([f"d{n}" for n in range(12)])
    for number in (stored[f"d{n}"].metadata["version"] for n in range(12)):
        assert 1 <= number <= 5


def piece(number: int, text: str) -> Chunk:
    return Chunk(id=f"c{number}", document_id="d", text=text, position=number)


async def test_upserts_equal_one_ingestion_of_all_chunks(make_bench: MakeBench) -> None:
    lived, clean = await make_bench("upsert-lived", lexical=True), await make_bench("upsert-clean", lexical=True)
    final = [piece(n, f"Ada Lovelace saw Machine {n} in London.") for n in range(8)]
    options = {"on_existing": "upsert_chunks"}
    await lived.ingest([Document(id="d", chunks=(piece(3, "Old words about Zeus."), final[5]))], **options)
    calls = [lived.ingest([Document(id="d", chunks=tuple(final[n : n + 2]))], **options) for n in range(0, 8, 2)]
    async with asyncio.timeout(120):
        await asyncio.gather(*calls)
    await clean.ingest([Document(id="d", chunks=tuple(final))], **options)
    assert await lived.store.dump() == await clean.store.dump()
    before = await lived.rows()
    report = await lived.ingest([Document(id="d", chunks=tuple(final))], **options)
    assert (report.documents, report.unchanged) == (0, 1)
    assert await lived.rows() == before


async def test_a_chunk_id_of_another_document_fails_only_its_document(make_bench: MakeBench) -> None:
    bench = await make_bench("chunk-ids", lexical=True)
    await bench.ingest([Document(id="first", chunks=(Chunk(id="same", document_id="first", text="Ada was here."),))])
    report = await bench.ingest(
        [
            Document(id="second", chunks=(Chunk(id="same", document_id="second", text="Bob was here."),)),
            Document(id="third", text="Eve was here."),
        ]
    )
    assert (report.documents, list(report.errors)) == (1, ["second"])
    assert "belongs to document 'first'" in report.errors["second"]
    assert not await bench.store.verify()
