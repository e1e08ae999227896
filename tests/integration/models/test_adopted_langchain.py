"""LangChain's models as ours: real classes, against the double or in memory."""

import asyncio
import contextvars
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models import FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

from lightrag_integrations.calls.ladder import RungMemory, structured
from lightrag_integrations.errors import ConfigurationError, ModelError
from lightrag_integrations.models import Extraction
from lightrag_integrations.protocols import ChatModel, Embedder, Message
from lightrag_integrations.providers.adopt import adopt_chat, adopt_embedder

HELLO = [Message("system", "Be short."), Message("user", "Question: hello?")]


@pytest.fixture
def run_blocking() -> Iterator[Callable[[Callable[[], Any]], Any]]:
    with ThreadPoolExecutor(2) as pool:

        async def run(fn: Callable[[], Any]) -> Any:
            context = contextvars.copy_context()
            return await asyncio.get_running_loop().run_in_executor(pool, lambda: context.run(fn))

        yield run


@pytest.fixture
def chat_openai(openai_server) -> ChatOpenAI:
    return ChatOpenAI(model="double", base_url=openai_server.base_url, api_key="sk-secret", max_retries=0)


async def test_a_chat_model(chat_openai, openai_server, run_blocking) -> None:
    chat = adopt_chat(chat_openai, run_blocking=run_blocking)
    assert isinstance(chat, ChatModel)
    assert (chat.name, chat.formats) == ("ChatOpenAI/double", ("text",))
    reply = await chat.chat(HELLO)
    assert (reply.text, reply.truncated) == ("I do not know.", False)
    assert (reply.prompt_tokens, reply.completion_tokens) == (
        openai_server.prompt_tokens,
        openai_server.completion_tokens,
    )
    assert [message["role"] for message in openai_server.requests[0].body["messages"]] == ["system", "user"]


async def test_a_stream(chat_openai, openai_server, run_blocking) -> None:
    openai_server.script("hello", "One answer in several pieces.")
    chat = adopt_chat(chat_openai, run_blocking=run_blocking)
    pieces = [piece async for piece in chat.stream(HELLO)]
    assert "".join(pieces) == "One answer in several pieces."
    assert len(pieces) > 1


async def test_extraction_goes_through_in_words(chat_openai, prompt, run_blocking) -> None:
    chat = adopt_chat(chat_openai, run_blocking=run_blocking)
    extraction, _ = await structured(chat, prompt(), Extraction, rungs=RungMemory())
    assert "Ada Lovelace" in {entity.name for entity in extraction.entities}


async def test_a_cut_answer_is_told(chat_openai, openai_server, run_blocking) -> None:
    openai_server.fault("truncated")
    assert (await adopt_chat(chat_openai, run_blocking=run_blocking).chat(HELLO)).truncated


@pytest.mark.parametrize(
    ("fault", "retryable"),
    [({"status": 429, "retry_after": 3}, True), ({"status": 503}, True), ({"status": 401}, False), (None, True)],
)
async def test_errors_keep_their_meaning(chat_openai, openai_server, run_blocking, fault, retryable: bool) -> None:
    openai_server.fault("status", **fault) if fault else openai_server.fault("reset")
    with pytest.raises(ModelError, match="chat model ChatOpenAI/double") as caught:
        await adopt_chat(chat_openai, run_blocking=run_blocking).chat(HELLO)
    assert caught.value.retryable is retryable
    assert caught.value.retry_after_s == (3.0 if fault and "retry_after" in fault else None)
    assert caught.value.__cause__ is not None
    assert "sk-secret" not in str(caught.value)


async def test_an_iterator_that_ends_too_early_does_not_hang(run_blocking) -> None:
    chat = adopt_chat(GenericFakeChatModel(messages=iter([AIMessage("once")])), run_blocking=run_blocking)
    assert (await chat.chat(HELLO)).text == "once"
    with pytest.raises(ModelError, match="StopIteration"):
        await asyncio.wait_for(chat.chat(HELLO), 30)


async def test_a_stream_that_fails_in_the_middle(run_blocking) -> None:
    model = FakeListChatModel(responses=["abcdef"], error_on_chunk_number=3)
    pieces: list[str] = []
    with pytest.raises(ModelError, match="chat model FakeListChatModel"):
        async for piece in adopt_chat(model, run_blocking=run_blocking).stream(HELLO):
            pieces.append(piece)
    assert pieces == ["a", "b", "c"]


async def test_a_reader_that_stops_frees_the_thread(run_blocking) -> None:
    model = FakeListChatModel(responses=["abcdef" * 50], sleep=0.01)
    stream = adopt_chat(model, run_blocking=run_blocking).stream(HELLO)
    assert await anext(stream) == "a"
    await stream.aclose()
    both = asyncio.gather(*(run_blocking(threading.get_ident) for _ in range(4)))
    assert len(await asyncio.wait_for(both, 30)) == 4


async def test_any_runnable_from_messages_to_text(chat_openai, run_blocking) -> None:
    for chain in (chat_openai | StrOutputParser(), RunnableLambda(lambda messages: f"{len(messages)} messages")):
        chat = adopt_chat(chain, run_blocking=run_blocking)
        assert (await chat.chat(HELLO)).text in ("I do not know.", "2 messages")
        assert [piece async for piece in chat.stream(HELLO)]


async def test_blocks_are_joined(run_blocking) -> None:
    blocks = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "to"}, "gether"]
    chat = adopt_chat(RunnableLambda(lambda _: AIMessage(content=blocks)), run_blocking=run_blocking)
    assert (await chat.chat(HELLO)).text == "together"


async def test_an_answer_that_is_no_text_is_an_error(run_blocking) -> None:
    chat = adopt_chat(RunnableLambda(lambda _: {"answer": 1}), run_blocking=run_blocking)
    with pytest.raises(ModelError, match="expected text or a message, got dict"):
        await chat.chat(HELLO)


async def test_callbacks_of_the_caller_see_the_calls(chat_openai, run_blocking) -> None:
    usage = UsageMetadataCallbackHandler()
    chat = adopt_chat(chat_openai, run_blocking=run_blocking)

    async def step(_: str) -> str:
        return (await chat.chat(HELLO)).text

    await RunnableLambda(step).ainvoke("go", config={"callbacks": [usage]})
    assert sum(told["total_tokens"] for told in usage.usage_metadata.values()) > 0


async def test_embeddings(openai_server, run_blocking) -> None:
    embeddings = OpenAIEmbeddings(
        model="double", base_url=openai_server.base_url, api_key="k", max_retries=0, check_embedding_ctx_length=False
    )
    for model, name, size in (
        (embeddings, "OpenAIEmbeddings/double", openai_server.dimension),
        (DeterministicFakeEmbedding(size=6), "DeterministicFakeEmbedding", 6),
    ):
        embedder = adopt_embedder(model, run_blocking=run_blocking)
        assert isinstance(embedder, Embedder)
        assert embedder.fingerprint == name
        documents = await embedder.embed(["a", "b"], kind="document")
        assert list(documents[1]) == model.embed_documents(["b"])[0]
        assert [list(vector) for vector in await embedder.embed(["q"], kind="query")] == [model.embed_query("q")]
        assert [len(vector) for vector in documents] == [size, size]
        assert await embedder.embed([], kind="document") == []
    openai_server.fault("status", status=500)
    with pytest.raises(ModelError) as caught:
        await adopt_embedder(embeddings, run_blocking=run_blocking).embed(["x"], kind="query")
    assert caught.value.retryable


@pytest.mark.parametrize("thing", [None, 7, "gpt-4o", object(), ChatOpenAI, DeterministicFakeEmbedding(size=3)])
def test_what_is_no_chat_model(thing, run_blocking) -> None:
    with pytest.raises(ConfigurationError, match=r"^llm: got .+; (expected|give)"):
        adopt_chat(thing, run_blocking=run_blocking)


@pytest.mark.parametrize(
    "thing", [None, "text-embedding-3-small", DeterministicFakeEmbedding, FakeListChatModel(responses=[])]
)
def test_what_is_no_embedder(thing, run_blocking) -> None:
    with pytest.raises(ConfigurationError, match=r"^embed_model: got .+; (expected|give)"):
        adopt_embedder(thing, run_blocking=run_blocking)
