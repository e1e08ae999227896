"""A handle's work as OpenTelemetry spans: shape, attributes, parents, errors, and nothing that was said."""

import asyncio
import contextvars
import gc
import json
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import astuple
from typing import Any

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_openai import ChatOpenAI
from opentelemetry.trace import SpanKind, StatusCode

from lightrag_integrations import (
    Chunk,
    ConfigurationError,
    Document,
    IndexOptions,
    IngestOptions,
    LightRAGIndex,
    ModelError,
    OpenAIChatModel,
    OpenAIEmbedder,
    OpenTelemetryTracer,
)
from lightrag_integrations.providers.attributes import attributes_of
from lightrag_integrations.tracing import NO_SPAN, Attribute, Span
from tests.doubles.openai_server import OpenAIServer
from tests.integration.telemetry.conftest import Spans


class Odd:
    """A model of somebody's own, whose address is none."""

    base_url = "http://[half"
    name = "odd"


MakeIndex = Callable[..., LightRAGIndex]
SECRET = "Zanzibar"
QUESTION = f"Who designed the {SECRET} Engine in London?"
SEARCH = {"lightrag.walk": {}, "lightrag.describe": {}}
EMBED = {"lightrag.embed_query": {"embeddings e": {}}}


@pytest.fixture
def make_traced(make_index: MakeIndex, openai_server: OpenAIServer, spans: Spans) -> MakeIndex:
    def make(*, record_content: bool = False, **settings: object) -> LightRAGIndex:
        return make_index(
            llm=OpenAIChatModel("m", base_url=openai_server.base_url, api_key="sk-hidden"),
            embed_model=OpenAIEmbedder("e", base_url=openai_server.base_url, api_key="sk-hidden"),
            telemetry=OpenTelemetryTracer(spans.provider, record_content=record_content),
            options=IndexOptions(ingest=IngestOptions(attempts=1)),
            **settings,
        )

    return make


def filled(index: LightRAGIndex, documents: list[Document]) -> LightRAGIndex:
    secret = Document(id="secret", title="A secret", text=f"The {SECRET} Engine was built by Ada Lovelace in London.")
    index.ingest([*documents, secret]).raise_if_failed()
    return index


def test_an_ingestion(make_traced: MakeIndex, documents: list[Document], spans: Spans, openai_server) -> None:
    index = filled(make_traced(), documents)
    root = spans.one("lightrag.ingest")
    assert root.parent is None
    told = dict(root.attributes or {})
    assert told["lightrag.index"] == index.name
    assert (told["lightrag.documents.given"], told["lightrag.documents"], told["lightrag.failed"]) == (4, 4, 0)
    extracts = spans.named("lightrag.extract")
    assert {span.attributes["lightrag.document.id"] for span in extracts} == {"secret", "lovelace", "babbage", "engine"}
    for extract in extracts:
        assert extract.parent.span_id == root.context.span_id
        (chat,) = spans.children(extract)
        assert (chat.name, chat.kind) == ("chat m", SpanKind.CLIENT)
        assert chat.attributes["lightrag.task"] == "extract"
    stores = spans.named("lightrag.store")
    assert sum(span.attributes["lightrag.documents"] for span in stores) == 4
    used = [span.attributes for span in spans.named("chat m")]
    assert sum(span["gen_ai.usage.input_tokens"] for span in used) == openai_server.prompt_tokens
    assert sum(span["gen_ai.usage.output_tokens"] for span in used) == openai_server.completion_tokens
    embedded = [span.attributes["gen_ai.usage.input_tokens"] for span in spans.named("embeddings e")]
    assert sum(embedded) == openai_server.embedding_tokens
    assert {span.context.trace_id for span in spans.all} == {root.context.trace_id}


async def test_an_answer_has_the_caller_as_parent_and_says_nothing(
    make_traced: MakeIndex, documents: list[Document], spans: Spans, openai_server
) -> None:
    index = filled(make_traced(), documents)
    spans.exporter.clear()
    with spans.provider.get_tracer("caller").start_as_current_span("request") as request:
        await index.aanswer(QUESTION, k=2, filter={"x": {"$exists": False}}, rerank="llm")
    answer = spans.one("lightrag.answer")
    assert answer.parent.span_id == request.get_span_context().span_id
    retrieval = f"retrieval {index.name}"
    assert spans.tree(answer) == {
        retrieval: {**EMBED, "lightrag.search": SEARCH, "lightrag.rerank": {"chat m": {}}},
        "chat m": {},
    }
    told = spans.one(retrieval).attributes
    assert told["gen_ai.operation.name"] == "retrieval" and told["gen_ai.data_source.id"] == index.name
    assert (told["gen_ai.request.top_k"], told["lightrag.mode"], told["lightrag.hits"]) == (2, "mix", 2)
    assert (told["lightrag.filtered"], told["lightrag.rerank"]) == (True, "llm")
    chat = spans.children(answer)[-1].attributes
    host, port = openai_server.base_url.removesuffix("/v1").removeprefix("http://").split(":")
    assert {name: chat[name] for name in chat if not name.startswith("gen_ai.usage")} == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "m",
        "gen_ai.response.model": "m",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.output.type": "text",
        "lightrag.task": "answer",
        "server.address": host,
        "server.port": int(port),
    }
    for word in (SECRET, "Lovelace", "sk-hidden", "designed"):
        assert word not in spans.said()


def test_content_where_it_is_asked_for(make_traced: MakeIndex, documents: list[Document], spans: Spans) -> None:
    index = filled(make_traced(record_content=True), documents)
    spans.exporter.clear()
    answer = index.answer(QUESTION, k=2)
    told = spans.one(f"retrieval {index.name}").attributes
    assert told["gen_ai.retrieval.query.text"] == QUESTION
    found = json.loads(told["gen_ai.retrieval.documents"])
    assert [(one["id"], one["score"]) for one in found] == [(hit.chunk_id, hit.score) for hit in answer.retrieval.hits]
    chat = spans.one("chat m").attributes
    assert json.loads(chat["gen_ai.input.messages"])[-1] == {
        "role": "user",
        "parts": [{"type": "text", "content": QUESTION}],
    }
    assert SECRET in json.loads(chat["gen_ai.system_instructions"])[0]["content"]
    assert json.loads(chat["gen_ai.output.messages"])[0]["parts"][0]["content"] == answer.text
    assert "sk-hidden" not in spans.said()


def test_a_failing_model(make_traced: MakeIndex, documents: list[Document], spans: Spans, openai_server) -> None:
    index = filled(make_traced(), documents)
    spans.exporter.clear()
    openai_server.fault("status", status=429, path="chat")
    with pytest.raises(ModelError):
        index.answer(QUESTION)
    failed = {span.name for span in spans.all if span.status.status_code is StatusCode.ERROR}
    assert failed == {"lightrag.answer", "chat m"}
    chat = spans.one("chat m")
    assert (chat.attributes["error.type"], chat.status.description, chat.events) == ("429", "429", ())
    report = index.ingest(Document(id="lost", text=f"{SECRET} is lost."))
    assert report.failed == 1
    assert spans.one("lightrag.ingest").attributes["lightrag.failed"] == 1
    assert spans.one("lightrag.extract").status.status_code is StatusCode.ERROR
    assert SECRET not in spans.said()


@pytest.mark.parametrize("stop", [True, False])
async def test_a_stream_ends_its_spans(
    make_traced: MakeIndex, documents: list[Document], spans: Spans, openai_server, stop: bool
) -> None:
    index = filled(make_traced(), documents)
    spans.exporter.clear()
    openai_server.script(QUESTION, "One answer in several pieces, long enough for some of them.")
    pieces = index.astream_answer(QUESTION, k=2)
    with spans.provider.get_tracer("caller").start_as_current_span("request") as request:
        async for _ in pieces:
            assert not spans.named("chat m")
            if stop:
                break
        await pieces.aclose()
    answer = spans.one("lightrag.answer")
    assert answer.parent.span_id == request.get_span_context().span_id
    assert spans.tree(answer) == {f"retrieval {index.name}": {**EMBED, "lightrag.search": SEARCH}, "chat m": {}}
    for span in (answer, spans.one("chat m")):
        assert span.status.status_code is StatusCode.UNSET
        assert span.attributes.get("lightrag.stopped", False) is stop
    assert ("gen_ai.response.finish_reasons" in spans.one("chat m").attributes) is not stop
    for piece in index.stream_answer(QUESTION, k=2):
        assert piece
        break
    assert len(spans.named("chat m")) == 2


async def test_calls_at_the_same_time_keep_to_their_traces(
    make_traced: MakeIndex, documents: list[Document], spans: Spans
) -> None:
    index = filled(make_traced(), documents)
    spans.exporter.clear()
    tracer = spans.provider.get_tracer("caller")
    traces: dict[str, int] = {}

    async def ask(name: str) -> None:
        with tracer.start_as_current_span(name) as span:
            traces[name] = span.get_span_context().trace_id
            await index.aanswer(f"{name} of London?", k=2)

    def ask_in_thread(name: str) -> None:
        with tracer.start_as_current_span(name) as span:
            traces[name] = span.get_span_context().trace_id
            index.ingest(Document(id=name, text=f"{name} was seen in London."))

    threads = [threading.Thread(target=ask_in_thread, args=(f"thread {number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    await asyncio.gather(*(ask(f"task {number}") for number in range(5)))
    for thread in threads:
        await asyncio.to_thread(thread.join)
    assert len(set(traces.values())) == 8
    for name, trace in traces.items():
        mine = [span.name for span in spans.all if span.context.trace_id == trace]
        assert mine.count("chat m") == 1 and mine.count(name) == 1
        if name.startswith("task"):  # answer, chat, retrieval, embed_query, embeddings, search, walk, describe
            assert len(mine) == 1 + 8
    assert {span.context.trace_id for span in spans.all} == set(traces.values())


def test_models_of_frameworks(make_index: MakeIndex, spans: Spans) -> None:
    chat = GenericFakeChatModel(messages=iter([AIMessage('{"entities": [], "relations": []}')]))
    index = make_index(
        llm=chat, embed_model=DeterministicFakeEmbedding(size=8), telemetry=OpenTelemetryTracer(spans.provider)
    )
    index.ingest(Document(id="d", text="The Fram was designed by Colin Archer.")).raise_if_failed()
    told = spans.one("chat GenericFakeChatModel").attributes
    assert (told["gen_ai.provider.name"], "server.address" in told) == ("langchain_core", False)
    assert spans.named("embeddings DeterministicFakeEmbedding")[0].attributes["gen_ai.embeddings.dimension.count"] == 8


AZURE = "me.openai.azure.com"


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (OpenAIChatModel("gpt-x"), ("gpt-x", "openai", "api.openai.com", 443)),
        (
            OpenAIChatModel("m", base_url="https://me.openai.azure.com/v1"),
            ("m", "azure.ai.openai", "me.openai.azure.com", 443),
        ),
        (OpenAIChatModel("m", base_url="http://[::1]:8000/v1"), ("m", "openai", "::1", 8000)),
        (ChatOpenAI(model="g", base_url="https://api.x.ai/v1", api_key="k"), ("g", "x_ai", "api.x.ai", 443)),
        (
            ChatOpenAI(model="meta/l3", base_url="http://u:pw@host:1/v1", api_key="k"),
            ("meta/l3", "openai", "host", 1),
        ),
        (Odd(), ("odd", "tests", "", 0)),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_told_of_models(made: Any, expected: tuple[object, ...]) -> None:
    live = {"gpt-x": "gpt-x@api.openai.com", "m": "m@elsewhere", "odd": "odd"}.get(str(expected[0]), "ChatOpenAI")
    assert astuple(attributes_of(made, live)) == expected


def test_off_imports_nothing_and_a_copy_finds_its_provider() -> None:
    code = (
        "import sys, lightrag_integrations as p; p.LightRAGIndex('x').stats(); "
        "print([m for m in sys.modules if m.startswith('opentelemetry')])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
    copy = pickle.loads(pickle.dumps(OpenTelemetryTracer(record_content=True)))
    assert copy.content and copy.on
    own = pickle.loads(pickle.dumps(OwnTracer("search")))
    assert isinstance(own, OwnTracer) and own.left_out == "search" and not own.content
    with own.span("lightrag.search") as none, own.span("lightrag.walk") as some:
        assert none is NO_SPAN and some is not NO_SPAN


class OwnTracer(OpenTelemetryTracer):
    """Leaves some spans out."""

    def __init__(self, left_out: str) -> None:
        super().__init__()
        self.left_out = left_out

    def span(self, name: str, attributes: Mapping[str, Attribute] | None = None, **how: bool) -> Span:
        return NO_SPAN if self.left_out in name else super().span(name, attributes, **how)


def test_what_is_no_tracer_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="telemetry: got str"):
        LightRAGIndex("x", telemetry="otel")


def test_what_lives_long_keeps_no_callers_context(make_index: MakeIndex, documents: list[Document]) -> None:
    index = make_index()
    held: contextvars.ContextVar[object] = contextvars.ContextVar("held")

    class Run:
        """As a callback manager or a span of the first caller would be."""

    def first() -> None:
        held.set(Run())
        index.ingest(documents)
        index.retrieve("Who?")

    contextvars.copy_context().run(first)
    index.retrieve("Who?")
    gc.collect()
    contexts = [one for one in gc.get_objects() if isinstance(one, contextvars.Context) and held in one]
    keepers = [one for context in contexts for one in gc.get_referrers(context)]
    # Cancelled time limits stay with the loop until their time comes.
    lasting = [one for one in keepers if isinstance(one, asyncio.Handle | asyncio.Task) and not timed_out(one)]
    assert lasting == []


def timed_out(keeper: object) -> bool:
    return isinstance(keeper, asyncio.TimerHandle) and keeper.cancelled()


async def test_chunks_filled_outside_an_ingestion_are_one_trace(
    make_traced: MakeIndex, documents: list[Document], spans: Spans
) -> None:
    index = make_traced()
    chunks = [Chunk(id=one.id, document_id=one.id, text=one.text, end=len(one.text)) for one in documents]
    await index.aenrich(chunks)
    root = spans.one("lightrag.enrich")
    assert spans.tree(root) == {"lightrag.extract": {"chat m": {}}, "embeddings e": {}}
    assert {span.context.trace_id for span in spans.all} == {root.context.trace_id}
