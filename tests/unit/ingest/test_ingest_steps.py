"""Single steps: commit, window, leases, embedding, upsert, enrich, estimate."""

import asyncio
from dataclasses import replace

import pytest

from lightrag_integrations.contributions import Fact
from lightrag_integrations.errors import InputError, SchemaError
from lightrag_integrations.ingest.embed import fact_text
from lightrag_integrations.ingest.estimate import estimate
from lightrag_integrations.ingest.lexical import LexicalExtractor
from lightrag_integrations.ingest.pipeline import run_enrich, run_ingest, run_retry
from lightrag_integrations.ingest.window import Window
from lightrag_integrations.models import Chunk, Document
from lightrag_integrations.options import IngestOptions
from tests.unit.ingest.memory import MemoryStore
from tests.unit.ingest.parts import LengthEmbedder, WordExtractor, tools_of

OPTIONS = IngestOptions()
UPSERT = IngestOptions(on_existing="upsert_chunks")


def piece(chunk_id: str, text: str, **fields: object) -> Chunk:
    return Chunk(id=chunk_id, document_id="d", text=text, **fields)


def pieces(*chunks: Chunk, **fields: object) -> list[Document]:
    return [Document(id="d", chunks=chunks, **fields)]


async def test_small_documents_share_transactions_up_to_the_limit() -> None:
    store = MemoryStore()
    documents = [Document(id=f"d{number:03}", text=f"Text {number}") for number in range(100)]
    await run_ingest(documents, tools_of(store, concurrency=16), IngestOptions(commit_documents=10))
    assert max(map(len, store.commits)) <= 10
    assert len(store.commits) < 30
    assert sorted(i for batch in store.commits for i in batch) == [document.id for document in documents]


async def test_what_is_done_does_not_wait_for_the_last_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lightrag_integrations.ingest.commit._LINGER_S", 3600)
    store = MemoryStore()

    async def react(chunk: Chunk) -> None:
        async with asyncio.timeout(10):
            while chunk.document_id >= "d4" and not store.commits:
                await asyncio.sleep(0)

    documents = [Document(id=f"d{number}", text=f"Text {number}") for number in range(8)]
    report = await run_ingest(documents, tools_of(store, extractor=WordExtractor(react), concurrency=4), OPTIONS)
    assert (report.documents, report.failed) == (8, 0)
    assert [sorted(batch) for batch in store.commits] == [["d0", "d1", "d2", "d3"], ["d4", "d5", "d6", "d7"]]


async def test_the_window_counts_documents_and_size() -> None:
    window = Window(documents=3, size=100)
    await window.enter(1_000_000)
    await window.enter(10)
    await window.enter(10)
    waiting = asyncio.create_task(window.enter(10))
    await asyncio.sleep(0)
    assert not waiting.done()
    window.leave(10)
    await waiting
    window.leave(1_000_000)
    window.leave(10)
    window.leave(10)
    assert window.empty


async def test_leases_are_kept_while_work_goes_on() -> None:
    store, release = MemoryStore(), asyncio.Event()

    async def wait(_: Chunk) -> None:
        await release.wait()

    tools = tools_of(store, extractor=WordExtractor(wait))
    running = asyncio.create_task(run_ingest([Document(id="d", text="Ada")], tools, IngestOptions(lease_s=0.06)))
    async with asyncio.timeout(30):
        while store.extended.count(0.06) < 3:
            await asyncio.sleep(0.01)
    release.set()
    assert (await running).documents == 1


async def test_facts_without_description_are_embedded_by_names_and_keywords() -> None:
    surfaces = {"a": "Ada", "b": "Bob"}
    assert fact_text(Fact("a", "b", "Ada met Bob."), surfaces) == "Ada met Bob."
    assert fact_text(Fact("a", "b", keywords=("met", "saw")), surfaces) == "Ada met, saw Bob"
    assert fact_text(Fact("a", "b"), surfaces) == "Ada Bob"


async def test_names_facts_and_chunks_are_embedded_once_and_known_ones_not_again() -> None:
    store, embedder = MemoryStore(), LengthEmbedder()
    tools = tools_of(store, embedder=embedder)
    await run_ingest([Document(id="d", text="Ada met Bob.")], tools, OPTIONS)
    assert sorted(embedder.texts) == ["Ada is beside Bob.", "Ada met Bob.", "ada", "bob"]
    assert set(store.documents["d"].entity_embeddings) == {"ada", "bob"}
    await run_ingest([Document(id="d", text="Ada met Bob.", title="New")], tools, OPTIONS)
    assert sorted(embedder.texts[4:]) == ["New\nAda met Bob.", "new"]


async def test_lexical_vectors_are_made_for_chunks_only() -> None:
    embedder = LengthEmbedder()
    embedder.lexical = True  # type: ignore[attr-defined]
    store = MemoryStore()
    text = "Ada Lovelace met Charles Babbage."
    await run_ingest(
        [Document(id="d", text=text)], tools_of(store, embedder=embedder, extractor=LexicalExtractor()), OPTIONS
    )
    assert embedder.texts == [text]
    (chunk,) = store.documents["d"].chunks
    assert chunk.facts
    assert all(fact.embedding is None for fact in chunk.facts)


async def test_a_sentence_of_several_facts_is_embedded_once() -> None:
    embedder, text = LengthEmbedder(), "Ada Lovelace and Mary Somerville met Charles Babbage."
    store = MemoryStore()
    await run_ingest(
        [Document(id="d", text=text)], tools_of(store, embedder=embedder, extractor=LexicalExtractor()), OPTIONS
    )
    (chunk,) = store.documents["d"].chunks
    assert len(chunk.facts) > 1
    assert embedder.texts.count(text) == 1


async def test_vectors_of_another_size_than_the_index_holds() -> None:
    store, extractor = MemoryStore(), WordExtractor()
    await run_ingest([Document(id="d", text="Ada")], tools_of(store), OPTIONS)
    given = Document(id="g", chunks=(Chunk(id="g", document_id="g", text="Bob", embedding=(1.0,)),))
    with pytest.raises(InputError, match=r"1 values; expected 3, as the index holds .*index\.reembed"):
        await run_ingest([given], tools_of(store), OPTIONS)
    with pytest.raises(SchemaError):
        tools = tools_of(store, extractor=extractor, embedder=LengthEmbedder(dimension=9))
        await run_ingest([Document(id="e", text="Eve")], tools, OPTIONS)
    assert extractor.seen == []  # found out before anything was paid
    assert store.pending == {}


async def test_upsert_adds_and_replaces_chunks_and_skips_the_same_ones() -> None:
    store, extractor = MemoryStore(), WordExtractor()
    tools = tools_of(store, extractor=extractor)
    await run_ingest(pieces(piece("a", "Ada"), piece("b", "Bob")), tools, UPSERT)
    report = await run_ingest(pieces(piece("b", "Bob"), piece("c", "Cid")), tools, UPSERT)
    assert (report.documents, report.chunks) == (1, 1)
    await run_ingest(pieces(piece("a", "Zoe")), tools, UPSERT)
    assert {chunk.chunk.id: chunk.chunk.text for chunk in store.documents["d"].chunks} == {
        "a": "Zoe",
        "b": "Bob",
        "c": "Cid",
    }
    assert extractor.seen == ["a", "b", "c", "a"]
    commits = len(store.commits)
    assert (await run_ingest(pieces(piece("b", "Bob"), piece("c", "Cid")), tools, UPSERT)).unchanged == 1
    assert len(store.commits) == commits


async def test_upsert_of_a_ready_made_extraction_is_seen_as_a_change_once() -> None:
    store = MemoryStore()
    tools = tools_of(store, extractor=WordExtractor())
    await run_ingest(pieces(piece("a", "Ada")), tools, UPSERT)
    (enriched,) = await run_enrich([piece("a", "Ada", title="T")], tools, UPSERT, extract=True, embed=True)
    first = await run_ingest(pieces(enriched.model_copy(update={"title": ""})), tools, UPSERT)
    again = await run_ingest(pieces(enriched.model_copy(update={"title": ""})), tools, UPSERT)
    assert (first.documents, again.documents, again.unchanged) == (1, 0, 1)


async def test_upsert_takes_over_what_an_earlier_call_left_unfinished() -> None:
    store = MemoryStore()

    async def refuse(chunk: Chunk) -> None:
        if chunk.id == "a":
            raise RuntimeError("no")

    await run_ingest(pieces(piece("a", "Ada")), tools_of(store, extractor=WordExtractor(refuse)), UPSERT)
    assert store.failed
    await run_ingest(pieces(piece("b", "Bob")), tools_of(store), UPSERT)
    assert {chunk.chunk.id for chunk in store.documents["d"].chunks} == {"a", "b"}


async def test_upserts_of_one_document_at_the_same_time_lose_no_chunk() -> None:
    store = MemoryStore()
    calls = [run_ingest(pieces(piece(f"c{n}", f"Name{n}")), tools_of(store), UPSERT) for n in range(8)]
    async with asyncio.timeout(60):
        await asyncio.gather(*calls)
    assert {chunk.chunk.id for chunk in store.documents["d"].chunks} == {f"c{n}" for n in range(8)}
    assert not store.pending


async def test_a_failed_upsert_can_be_retried() -> None:
    store = MemoryStore()

    async def refuse(_: Chunk) -> None:
        raise RuntimeError("no")

    await run_ingest(pieces(piece("a", "Ada")), tools_of(store), UPSERT)
    await run_ingest(pieces(piece("b", "Bob")), tools_of(store, extractor=WordExtractor(refuse)), UPSERT)
    assert (await run_retry(None, tools_of(store), OPTIONS)).documents == 1
    assert {chunk.chunk.id for chunk in store.documents["d"].chunks} == {"a", "b"}


async def test_enrich_fills_what_is_missing_and_stores_only_the_cache() -> None:
    store, extractor, embedder = MemoryStore(), WordExtractor(), LengthEmbedder()
    tools = tools_of(store, extractor=extractor, embedder=embedder)
    given = [piece("a", "Ada", embedding=(9.0, 9.0, 9.0)), piece("b", "Bob met Cid")]
    done = await run_enrich(given, tools, OPTIONS, extract=True, embed=True)
    assert [chunk.id for chunk in done] == ["a", "b"]
    assert done[0].embedding == (9.0, 9.0, 9.0)
    assert done[1].embedding == (11.0, 11.0, 11.0)
    assert [len(chunk.extraction.entities) for chunk in done if chunk.extraction] == [1, 2]
    await run_enrich(given, tools, OPTIONS, extract=True, embed=False)
    assert len(extractor.seen) == 2
    assert (store.documents, store.pending) == ({}, {})
    assert await run_enrich([], tools, OPTIONS, extract=True, embed=True) == []
    with pytest.raises(InputError):
        await run_enrich([piece("c", " ")], tools, OPTIONS, extract=True, embed=True)


async def test_enriched_and_plain_chunks_are_stored_alike() -> None:
    for extractor in (WordExtractor(), LexicalExtractor()):
        plain, enriched = MemoryStore(), MemoryStore()
        chunk = piece("a", "Ada Lovelace met Bob Jones. They left London.", title="London")
        await run_ingest(pieces(chunk), tools_of(plain, extractor=extractor), OPTIONS)
        tools = tools_of(enriched, extractor=extractor)
        done = await run_enrich([chunk], tools, OPTIONS, extract=True, embed=False)
        await run_ingest(pieces(*done), tools, OPTIONS)
        (one,), (other,) = plain.documents["d"].chunks, enriched.documents["d"].chunks
        assert one.facts
        assert replace(one, chunk=other.chunk) == other


async def test_estimate_counts_chunks_calls_and_tokens() -> None:
    documents = [Document(id="a", text="one two three"), *pieces(piece("a", "four five"), piece("b", "four five"))]
    tools = tools_of(MemoryStore())
    found = await estimate(documents, tools, IngestOptions(max_completion_tokens=100))
    assert (found.documents, found.chunks, found.model_calls) == (2, 3, 2)
    assert found.prompt_tokens == 3 + 2
    assert found.embedding_tokens == 3 + 2 + 2
    assert found.max_completion_tokens == 200
    assert (await estimate(documents, tools, IngestOptions(extract=False))).model_calls == 0
    without_model = tools_of(MemoryStore(), extractor=LexicalExtractor())
    assert (await estimate(documents, without_model, OPTIONS)).model_calls == 0


async def test_estimate_leaves_out_what_is_stored_or_cached() -> None:
    tools = tools_of(MemoryStore())
    documents = [Document(id="a", text="one two three"), Document(id="b", text="four five")]
    await run_ingest(documents, tools, OPTIONS)
    again = await estimate([documents[0], Document(id="c", text="four five"), Document(text="six")], tools, OPTIONS)
    assert (again.documents, again.unchanged, again.chunks) == (2, 1, 2)
    assert (again.model_calls, again.cached, again.prompt_tokens) == (1, 1, 1)


async def test_estimate_of_added_chunks_counts_those_that_are_new_or_changed() -> None:
    tools = tools_of(MemoryStore())
    await run_ingest(pieces(piece("a", "one two"), piece("b", "three")), tools, UPSERT)
    same = await estimate(pieces(piece("b", "three")), tools, UPSERT)
    assert (same.documents, same.unchanged, same.chunks, same.embedding_tokens) == (0, 1, 0, 0)
    more = await estimate(pieces(piece("a", "one two"), piece("b", "four five"), piece("c", "six")), tools, UPSERT)
    assert (more.documents, more.unchanged, more.chunks, more.model_calls, more.embedding_tokens) == (1, 0, 2, 2, 3)
