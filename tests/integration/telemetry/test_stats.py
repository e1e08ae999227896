"""What a handle counts agrees with what it did, whoever reads it."""

import threading
from collections.abc import Callable

import pytest

from lightrag_integrations import Document, InputError, LightRAGIndex, ModelError, OpenAIChatModel, OpenAIEmbedder
from lightrag_integrations.counters import Timing
from lightrag_integrations.options import IndexOptions, IngestOptions
from lightrag_integrations.stats import IndexStats
from tests.doubles.openai_server import OpenAIServer

MakeIndex = Callable[..., LightRAGIndex]


@pytest.fixture
def index(make_index: MakeIndex, openai_server: OpenAIServer) -> LightRAGIndex:
    return make_index(
        llm=OpenAIChatModel("m", base_url=openai_server.base_url, api_key="k"),
        embed_model=OpenAIEmbedder("e", base_url=openai_server.base_url, api_key="k"),
        options=IndexOptions(ingest=IngestOptions(attempts=2)),
    )


async def test_counts_are_those_of_the_work(index: LightRAGIndex, documents: list[Document], openai_server) -> None:
    assert (index.stats().pool, index.stats().models, index.stats().ingests.count) == (None, (), 0)
    openai_server.fault("status", status=503, retry_after=0, first=1, kind="extract")
    report = await index.aingest(documents)
    await index.aretrieve("Who?", mode="keyword")
    await index.aretrieve("Who?", k=1)
    await index.aanswer("Who?", k=1)
    with pytest.raises(InputError):
        await index.aretrieve("  ")
    stats = await index.astats()
    assert {mode: (timing.count, timing.errors) for mode, timing in stats.retrieves.items()} == {
        "keyword": (1, 0),
        "mix": (3, 1),
    }
    assert (stats.answers.count, stats.ingests.count) == (1, 1)
    assert (stats.ingested.documents, stats.ingested.chunks) == (report.documents, report.chunks) == (3, 3)
    uses = {use.task: use for use in stats.models}
    assert (uses["extract"].calls, uses["answer"].calls, stats.retries) == (3, 1, 1)
    assert (stats.calls["extract"].count, stats.calls["extract"].errors) == (4, 1)
    chats = [use for use in stats.models if use.task != "embed"]
    assert sum(use.prompt_tokens for use in chats) == openai_server.prompt_tokens
    assert sum(use.completion_tokens for use in chats) == openai_server.completion_tokens
    assert uses["embed"].prompt_tokens == openai_server.embedding_tokens
    for timing in (*stats.retrieves.values(), stats.answers, stats.ingests, *stats.calls.values()):
        assert 0 < timing.p50_s <= timing.p95_s <= timing.max_s <= timing.seconds
    assert stats.pool is not None and 0 < stats.pool.size <= stats.pool.max_size == 8
    assert (stats.calls_in_flight, stats.documents_in_work, stats.pool.in_use) == (0, 0, 0)
    again = await index.aingest([Document(id="other", text=documents[0].text, title=documents[0].title)])
    assert again.cached == 1
    assert {use.task: use.cached for use in index.stats().models}["extract"] == 1


def test_each_handle_counts_for_itself_and_failures_count(index: LightRAGIndex, documents, openai_server) -> None:
    index.ingest(documents)
    with LightRAGIndex(index.name, database=index._settings.database) as other:
        other.retrieve("Who?", mode="keyword")
        assert set(other.stats().retrieves) == {"keyword"} and not other.stats().models
    assert not index.stats().retrieves
    openai_server.fault("status", status=400, path="chat")
    with pytest.raises(ModelError):
        index.answer("Who?")
    assert index.ingest(Document(id="bad", text="It fails.")).failed == 1
    stats = index.stats()
    assert (stats.answers.errors, stats.ingests.errors, stats.ingested.failed) == (1, 0, 1)


def test_read_while_at_work(index: LightRAGIndex, documents: list[Document], openai_server) -> None:
    openai_server.latency_s = 0.2
    seen: list[IndexStats] = []
    at_work = threading.Thread(target=index.ingest, args=(documents,))
    at_work.start()
    while at_work.is_alive():
        seen.append(index.stats())
        at_work.join(0.01)
    assert max(stats.documents_in_work for stats in seen) == 3
    assert 0 < max(stats.calls_in_flight for stats in seen) <= 16


def test_flat_is_what_prometheus_reads(index: LightRAGIndex, documents: list[Document]) -> None:
    index.ingest(documents)
    index.retrieve("Who?", k=1)
    flat = index.stats().flat()
    own = f'index="{index.name}"'
    assert flat[f'lightrag_retrieve_seconds_count{{{own},mode="mix"}}'] == 1
    assert flat[f'lightrag_ingested_total{{{own},kind="documents"}}'] == 3
    assert flat[f"lightrag_pool_max_size{{{own}}}"] == 8
    assert all(isinstance(value, int | float) for value in flat.values())
    assert IndexStats(index='a"\\\n').flat()['lightrag_handle_seconds{index="a\\"\\\\\\n"}'] == 0


def test_quantiles_are_within_a_tenth() -> None:
    timing = Timing()
    for step in range(1, 1001):
        timing.add(step / 1000)
    read = timing.read()
    assert read.p50_s == pytest.approx(0.5, rel=0.1) and read.p95_s == pytest.approx(0.95, rel=0.1)
    timing.add(1e6)
    timing.add(0.0)
    assert (timing.read().max_s, timing.read().count) == (1e6, 1002)
    one = Timing()
    one.add(0.0)
    assert one.read().p95_s == 0.0
