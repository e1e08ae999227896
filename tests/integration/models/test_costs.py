"""What a handle says of costs before, and what it allows during an ingestion, by the endpoint's own count."""

import asyncio
import random
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lightrag_integrations import Document, LightRAGIndex, OpenAIChatModel, OpenAIEmbedder
from lightrag_integrations.options import IndexOptions, IngestOptions
from lightrag_integrations.providers import documents as portions
from lightrag_integrations.text.tokens import default_tokenizer
from tests.doubles.openai_server import OpenAIServer
from tests.integration.models.conftest import counted, ledger

NAMES = ("Ada Lovelace", "Charles Babbage", "the Analytical Engine", "London", "the Royal Society", "Luigi Menabrea")
WORDS = [
    "wrote",
    "of",
    "a",
    "new",
    "kind",
    "of",
    "number",
    "that",
    "no",
    "engine",
    "before",
    "it",
    "could",
    "have",
    "held",
    "in",
    "its",
    "columns",
    "of",
    "brass",
]
MakeIndex = Callable[..., LightRAGIndex]


def varied(count: int, seed: int = 4) -> list[Document]:
    """Texts from a line to several pages."""
    rng = random.Random(seed)

    def sentence() -> str:
        return f"{rng.choice(NAMES)} {' '.join(rng.choices(WORDS, k=rng.randint(4, 16)))} {rng.choice(NAMES)}."

    return [
        Document(id=f"d{place:03}", title=f"Report {place}",
                 text=" ".join(sentence() for _ in range(int(rng.paretovariate(0.9)) % 80 + 1)))
        for place in range(count)
    ]  # fmt: skip


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    """One that counts as models do."""
    with OpenAIServer(count=default_tokenizer().count) as server:
        yield server


@pytest.fixture
def make_index(dsn: str, server: OpenAIServer) -> Iterator[MakeIndex]:
    made: list[LightRAGIndex] = []

    def make(*, concurrency: int = 8, formats: Any = ("json_schema", "text"), **ingest: Any) -> LightRAGIndex:
        at: dict[str, Any] = {"base_url": server.base_url, "api_key": "k"}
        made.append(
            LightRAGIndex(
                f"costs-{uuid.uuid4().hex[:12]}", database=dsn, options=IndexOptions(ingest=IngestOptions(**ingest)),
                llm=OpenAIChatModel("double", formats=formats, **at), embed_model=OpenAIEmbedder("double", **at),
                max_concurrency=concurrency,
            )
        )  # fmt: skip
        return made[-1]

    yield make
    for index in made:
        index.drop()
        index.close()


def near(found: int, expected: int) -> bool:
    return abs(found - expected) <= 0.1 * expected


@pytest.mark.parametrize(
    "settings",
    [{}, {"chunk_tokens": 96, "overlap_tokens": 32}, {"formats": ("text",), "chunk_tokens": 128}],
    ids=["schema", "overlap", "in words"],
)
def test_an_estimate_is_near_what_the_endpoint_counts(
    make_index: MakeIndex, server: OpenAIServer, settings: dict[str, Any]
) -> None:
    index, documents = make_index(**settings), varied(100)
    before = index.documents.estimate(documents)
    assert (before.documents, before.cached, before.unchanged, server.calls.total()) == (100, 0, 0, 0)
    report = index.ingest(documents)
    assert (before.chunks, before.model_calls) == (report.chunks, server.calls["extract"])
    assert near(before.prompt_tokens, server.prompt_tokens)
    assert 0 < server.completion_tokens <= (before.max_completion_tokens or 0)
    assert 0 < before.embedding_tokens < server.embedding_tokens
    # Most of it is known now: unchanged documents, and one whose chunks were deleted but whose answers were kept.
    index.documents.delete([document.id for document in documents[:30]])
    server.clear()
    given = [*documents, *varied(20, seed=5)[10:]]
    given[100:] = [one.model_copy(update={"id": f"new {one.id}"}) for one in given[100:]]
    then = index.documents.estimate(given)
    assert (then.documents, then.unchanged) == (40, 70)
    report = index.ingest(given)
    assert (then.model_calls, then.cached) == (server.calls["extract"], report.cached)
    assert near(then.prompt_tokens, server.prompt_tokens)


@pytest.mark.parametrize("format", ["json_schema", "json_object", "tool", "text"])
def test_requests_differ_in_the_chunk_alone_which_comes_last(
    make_index: MakeIndex, server: OpenAIServer, format: str
) -> None:
    """Endpoints keep what requests begin with: the longer that is, the less is paid."""
    texts = ["Ada Lovelace wrote the first of them.", "Brunel built the Great Western of iron and oak."]
    make_index(formats=(format, "text")).ingest([Document(text=text) for text in texts])
    requests = [request for request in server.requests if request.kind == "extract"]
    around = {request.said.partition(text)[::2] for request in requests for text in texts if text in request.said}
    assert [end for _, end in around] == ["\n</text>"]
    first, second = ({**request.body, "messages": len(request.body["messages"])} for request in requests)
    assert first == second
    assert [message["role"] for message in requests[0].body["messages"]] == ["system", "user"]


@pytest.mark.parametrize("concurrency", [1, 4, 16])
def test_the_budget_is_exceeded_by_no_more_than_the_calls_in_flight(
    make_index: MakeIndex, server: OpenAIServer, concurrency: int
) -> None:
    budget = 30_000
    index = make_index(concurrency=concurrency, chunk_tokens=128, attempts=1, token_budget=budget)
    server.latency_s = 0.01
    server.fault("prose", kind="extract", rate=0.2)
    server.fault("status", kind="extract", status=500, rate=0.1)
    report, calls = index.ingest(varied(40)), 0
    while report.failed:
        calls += 1
        used = server.prompt_tokens + server.completion_tokens
        assert used == report.prompt_tokens + report.completion_tokens
        assert budget / 2 < used <= budget + concurrency * server.largest
        server.prompt_tokens = server.completion_tokens = 0
        assert calls < 40
        report = index.documents.retry()
    assert calls
    assert {status.status for status in index.documents.list()} == {"processed"}


def test_a_stream_sends_no_more_unanswered_calls_than_a_list(
    make_index: MakeIndex, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portions, "_PORTION_DOCUMENTS", 1)
    index = make_index(concurrency=1, attempts=1, call_timeout_s=0.1, token_budget=2_500)
    server.fault("slow", kind="extract", seconds=0.3)
    whole = index.ingest(varied(8))
    sent = server.calls["extract"]
    assert 1 < sent < 8
    assert (whole.prompt_tokens, whole.failed) == (0, 8)
    assert 0 < whole.unanswered_tokens <= 2_500
    streamed = index.ingest(one.model_copy(update={"id": f"again {one.id}"}) for one in varied(8))
    assert server.calls["extract"] == 2 * sent
    assert streamed.unanswered_tokens == whole.unanswered_tokens


async def test_a_cancelled_ingestion_leaves_no_more_than_the_calls_in_flight_out_of_the_ledger(
    make_index: MakeIndex, server: OpenAIServer
) -> None:
    index = make_index(concurrency=4, chunk_tokens=128, attempts=1)
    server.latency_s = 0.02
    server.fault("prose", kind="extract", rate=0.3)
    running = asyncio.create_task(index.aingest(varied(40)))
    async with asyncio.timeout(120):
        while server.answered["extract"] < 30:
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        # The work winds up behind the caller's back, and what it held is free a moment later.
        while {status.status for status in await index.documents.alist()} != {"processed"}:
            await index.documents.aretry()
    found, expected = await asyncio.to_thread(ledger, index), counted(server)
    assert 0 <= expected["extract"][0] - found["extract"][0] <= 4
    assert 0 <= expected["embed"][0] - found["embed"][0] <= 4
    # What was in flight, or on its way from there to the cache, is paid again, nothing else.
    assert sum(server.whole.values()) - len(server.whole) <= 8
