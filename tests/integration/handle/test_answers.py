"""Answers through the real client: context, citations, history, streams, models of their own for tasks."""

import asyncio

import pytest

from lightrag_integrations import (
    ConfigurationError,
    Document,
    IndexOptions,
    IngestOptions,
    LLMReranker,
    ModelError,
    OpenAIChatModel,
    OpenAIEmbedder,
    TaskModels,
)
from lightrag_integrations.protocols import ChatReply

DOCUMENTS = [
    Document(
        id="fram", title="Fram", text="The Fram was designed by Colin Archer for Fridtjof Nansen.", source="a.txt"
    ),
    Document(id="archer", title="Colin Archer", text="Colin Archer was born at Larvik.", source="b.txt"),
    Document(id="tea", title="Tea", text="Tea is a drink."),
]
QUESTION = "Where was the designer of the Fram born?"


@pytest.fixture
def index(make_index, openai_server):
    made = make_index(llm=OpenAIChatModel("double", base_url=openai_server.url, api_key="secret-key"))
    made.ingest(DOCUMENTS)
    openai_server.clear()
    return made


def test_an_answer_cites_its_passages(index) -> None:
    answer = index.answer(QUESTION, k=2)
    assert answer.text
    assert answer.citations
    for citation in answer.citations:
        assert f"[{citation.number}]" in answer.text
        assert citation.document_id in {"fram", "archer"}
        assert citation.end > citation.start
    assert answer.prompt_tokens > 0
    assert answer.retrieval.context is not None


def test_the_model_sees_context_history_and_the_users_wish(index, openai_server) -> None:
    index.answer(QUESTION, k=2, history=[("user", "Hello"), ("assistant", "Good day")], user_prompt="Answer in rhymes.")
    sent = str(openai_server.requests[-1].body)
    for part in ("Colin Archer was born at Larvik.", "Answer in rhymes.", "Hello", "Good day", QUESTION):
        assert part in sent


def test_a_stream_yields_the_same_text_in_pieces(index) -> None:
    whole = index.answer(QUESTION, k=2).text
    pieces = list(index.stream_answer(QUESTION, k=2))
    assert len(pieces) > 1
    assert "".join(pieces) == whole

    async def streamed() -> list[str]:
        return [piece async for piece in index.astream_answer(QUESTION, k=2)]

    assert "".join(asyncio.run(streamed())) == whole


def test_a_stream_may_be_left_early(index) -> None:
    for _ in index.stream_answer(QUESTION, k=2):
        break
    assert index.answer(QUESTION, k=2).text


class Pausing:
    """A model that says one word and thinks for ever."""

    name = "pausing"
    formats = ("text",)

    def __init__(self) -> None:
        self.ended = 0

    async def chat(self, messages, *, format="text", schema=None, max_tokens=None) -> ChatReply:
        return ChatReply("one")

    async def stream(self, messages, *, max_tokens=None):
        try:
            yield "one"
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.02)
            self.ended += 1

    async def aclose(self) -> None:
        """Nothing to give back."""


def test_whoever_leaves_a_stream_early_has_ended_the_models_stream(make_index) -> None:
    model = Pausing()
    index = make_index(llm=model)
    for _ in index.stream_answer(QUESTION, mode="bypass"):
        break
    assert model.ended == 1

    async def give_up() -> None:
        async with asyncio.timeout(0.5):
            async for _ in index.astream_answer(QUESTION, mode="bypass"):
                pass

    with pytest.raises(TimeoutError):
        asyncio.run(give_up())
    assert model.ended == 2


def test_bypass_asks_the_model_alone(index, openai_server) -> None:
    answer = index.answer("What is tea?", mode="bypass", history=[("user", "Hello")])
    assert answer.text
    assert answer.citations == ()
    assert "Larvik" not in str(openai_server.requests[-1].body)


def test_context_only(index, openai_server) -> None:
    result = index.retrieve(QUESTION, k=3, context=True, context_tokens=200)
    assert result.context is not None
    assert 0 < result.context.token_count <= 200
    assert [citation.number for citation in result.context.citations] == [1, 2, 3][: len(result.context.citations)]
    assert "Larvik" in result.context.text
    assert openai_server.calls == {}


def test_no_model_no_answer(make_index) -> None:
    index = make_index()
    index.ingest(DOCUMENTS)
    with pytest.raises(ConfigurationError, match="llm="):
        index.answer(QUESTION)
    with pytest.raises(ConfigurationError, match="llm="):
        list(index.stream_answer(QUESTION))


def test_a_model_that_fails_for_good(index, openai_server) -> None:
    openai_server.fault("status", status=401)
    with pytest.raises(ModelError) as caught:
        index.answer(QUESTION)
    assert "secret-key" not in str(caught.value)


@pytest.mark.parametrize("mode", ["local", "global", "hybrid"])
def test_keywords_by_the_model(index, openai_server, mode: str) -> None:
    assert index.retrieve(QUESTION, mode=mode, k=2, keywords=True).hits
    assert openai_server.calls.get("keywords") == 1


def test_a_model_of_its_own_for_each_task(make_index, openai_server) -> None:
    def model(name: str) -> OpenAIChatModel:
        return OpenAIChatModel(name, base_url=openai_server.url, api_key="k")

    tasks = TaskModels(
        extract=model("extractor"), answer=model("answerer"), keywords=model("finder"), rerank=model("judge")
    )
    index = make_index(options=IndexOptions(models=tasks), reranker=LLMReranker())
    assert index.ingest(DOCUMENTS).model_calls == 3
    index.answer(QUESTION, mode="local", keywords=True, rerank=True, k=2)
    asked = [request.body["model"] for request in openai_server.requests]
    assert asked == ["extractor"] * 3 + ["finder", "judge", "answerer"]


def test_a_longer_limit_asks_again_for_what_was_cut_short(make_index, openai_server) -> None:
    index = make_index(llm=OpenAIChatModel("double", base_url=openai_server.url, api_key="k"))
    short, longer = (IngestOptions(max_completion_tokens=limit) for limit in (64, 4096))
    openai_server.fault("truncated", kind="extract")
    index.ingest(DOCUMENTS[0], options=short)
    cut = index.status().facts
    openai_server.clear()
    assert index.ingest(DOCUMENTS[0], options=short).unchanged == 1
    report = index.ingest(DOCUMENTS[0], options=longer)
    assert (report.documents, report.model_calls) == (1, 1)
    assert index.status().facts > cut


def test_everything_with_models(make_index, openai_server) -> None:
    index = make_index(
        llm=OpenAIChatModel("double", base_url=openai_server.url, api_key="k"),
        embed_model=OpenAIEmbedder("double", base_url=openai_server.url, api_key="k"),
        reranker=LLMReranker(),
    )
    report = index.ingest(DOCUMENTS)
    assert (report.documents, report.failed, report.model_calls) == (3, 0, 3)
    assert report.prompt_tokens == openai_server.prompt_tokens
    assert report.completion_tokens == openai_server.completion_tokens
    calls = sum(openai_server.calls.values())
    assert index.ingest(DOCUMENTS).unchanged == 3
    assert sum(openai_server.calls.values()) == calls
    for mode in ("keyword", "vector", "local", "global", "hybrid", "graph", "mix"):
        result = index.retrieve(QUESTION, mode=mode, k=2, rerank=True)
        assert len(result.hits) == 2, mode
    assert index.verify() == []
