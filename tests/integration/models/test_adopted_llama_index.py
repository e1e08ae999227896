"""LlamaIndex's models as ours: real classes."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, LLMMetadata
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.llms.custom import CustomLLM

from lightrag_integrations.errors import ModelError
from lightrag_integrations.protocols import ChatModel, Embedder, Message
from lightrag_integrations.providers.adopt import adopt_chat, adopt_embedder

HELLO = [Message("system", "Be short."), Message("user", "hello")]


async def run_blocking(fn: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(fn)


class Telling(CustomLLM):
    """A LlamaIndex model that reports usage, as the hosted ones do."""

    reason: str = "stop"
    fails_with: str = ""

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="telling-1")

    def chat(self, messages: list[ChatMessage], **_: Any) -> ChatResponse:
        if self.fails_with:
            raise {"time": TimeoutError, "value": ValueError}[self.fails_with]("made to fail")
        said = " | ".join(f"{message.role.value}: {message.content}" for message in messages)
        raw = {"usage": {"prompt_tokens": 11, "completion_tokens": 3}, "choices": [{"finish_reason": self.reason}]}
        return ChatResponse(message=ChatMessage(role="assistant", content=said), raw=raw)

    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        return CompletionResponse(text=prompt)

    def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> Any:
        return (CompletionResponse(text=prompt[: end + 1], delta=char) for end, char in enumerate(prompt))


async def test_a_model_that_tells_usage() -> None:
    chat = adopt_chat(Telling(), run_blocking=run_blocking)
    assert isinstance(chat, ChatModel)
    assert (chat.name, chat.formats) == ("Telling/telling-1", ("text",))
    reply = await chat.chat(HELLO)
    assert reply.text == "system: Be short. | user: hello"
    assert (reply.prompt_tokens, reply.completion_tokens, reply.truncated) == (11, 3, False)
    assert (await adopt_chat(Telling(reason="length"), run_blocking=run_blocking).chat(HELLO)).truncated


async def test_the_framework_s_own_double() -> None:
    chat = adopt_chat(MockLLM(max_tokens=4), run_blocking=run_blocking)
    assert chat.name == "MockLLM"
    reply = await chat.chat(HELLO)
    assert reply.text
    assert reply.prompt_tokens == 0
    assert [piece async for piece in chat.stream(HELLO)]


@pytest.mark.parametrize(("fails_with", "retryable"), [("time", True), ("value", False)])
async def test_errors_keep_their_meaning(fails_with: str, retryable: bool) -> None:
    with pytest.raises(ModelError, match=r"chat model Telling/telling-1: \w+: made to fail") as caught:
        await adopt_chat(Telling(fails_with=fails_with), run_blocking=run_blocking).chat(HELLO)
    assert caught.value.retryable is retryable


async def test_embeddings() -> None:
    embedder = adopt_embedder(MockEmbedding(embed_dim=5), run_blocking=run_blocking)
    assert isinstance(embedder, Embedder)
    assert embedder.fingerprint == "MockEmbedding"
    assert [len(vector) for vector in await embedder.embed(["a", "b"], kind="document")] == [5, 5]
    assert [len(vector) for vector in await embedder.embed(["q"], kind="query")] == [5]
