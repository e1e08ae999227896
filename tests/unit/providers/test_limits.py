"""The length limit of an answer on its way to a framework's model; wrong kinds of models are refused at once."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from lightrag_integrations import HashEmbedder, IndexOptions, LightRAGIndex, OpenAIChatModel, OpenAIEmbedder, TaskModels
from lightrag_integrations.errors import ConfigurationError, ModelError
from lightrag_integrations.protocols import Message
from lightrag_integrations.providers.adopt import adopt_chat

ASKED = [Message("user", "Question: hello?")]


class Model(BaseModel):
    """Shaped like a framework's model; notes the limit of each call."""

    max_tokens: int | None = None
    most: int = 10_000
    seen: list[int | None] = []

    def invoke(self, messages: Any) -> str:
        self.seen.append(self.max_tokens)
        if self.max_tokens is not None and self.max_tokens > self.most:
            raise ValueError(f"max_tokens is too large: {self.max_tokens}")
        return "hello"

    def stream(self, messages: Any) -> Iterator[str]:
        return iter((self.invoke(messages)[:3], "lo"))

    def batch(self, inputs: list[Any]) -> list[str]:
        return [self.invoke(each) for each in inputs]


class WithDefault(Model):
    max_tokens: int | None = 512


class DefaultOfInit(Model):
    def __init__(self, max_tokens: int = 512, **fields: Any) -> None:
        super().__init__(max_tokens=max_tokens, **fields)


async def beside(fn: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(fn)


@pytest.mark.parametrize("kind", [Model, WithDefault, DefaultOfInit])
async def test_our_limit_is_passed_on_and_the_users_own_stands(kind: type[Model]) -> None:
    for own, passed in ((None, 99), (50, 50)):
        model = kind() if own is None else kind(max_tokens=own)
        before = model.max_tokens
        chat = adopt_chat(model, run_blocking=beside)
        assert (await chat.chat(ASKED, max_tokens=99)).text == "hello"
        assert "".join([piece async for piece in chat.stream(ASKED, max_tokens=99)]) == "hello"
        await chat.chat(ASKED)
        assert model.seen == [passed, passed, before]
        assert model.max_tokens == before, "the user's object stays as it was"


async def test_a_limit_that_is_refused_is_left_out_from_then_on() -> None:
    model = Model(most=2048)
    chat = adopt_chat(model, run_blocking=beside)
    assert (await chat.chat(ASKED, max_tokens=1024)).text == "hello"
    assert (await chat.chat(ASKED, max_tokens=4096)).text == "hello"
    assert (await chat.chat(ASKED, max_tokens=4096)).text == "hello"
    assert model.seen == [1024, 4096, None, None]


async def test_calls_that_are_refused_at_the_same_time_and_streams_do_without_the_limit() -> None:
    gate = threading.Barrier(4)

    class Meeting(Model):
        def invoke(self, messages: Any) -> str:
            if self.max_tokens is not None:
                gate.wait(10)  # all have been sent before the first is refused
            return super().invoke(messages)

    chat = adopt_chat(Meeting(most=2048), run_blocking=beside)
    replies = await asyncio.gather(*(chat.chat(ASKED, max_tokens=4096) for _ in range(4)))
    assert [reply.text for reply in replies] == ["hello"] * 4
    model = Model(most=2048)
    streaming = adopt_chat(model, run_blocking=beside)
    for _ in range(2):
        assert "".join([piece async for piece in streaming.stream(ASKED, max_tokens=4096)]) == "hello"
    assert model.seen == [4096, None, None]


async def test_a_refusal_of_the_users_own_limit_is_an_error() -> None:
    model = Model(most=2048, max_tokens=9000)
    chat = adopt_chat(model, run_blocking=beside)
    with pytest.raises(ModelError, match="too large"):
        await chat.chat(ASKED, max_tokens=4096)
    assert model.seen == [9000]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"llm": "gpt-4.1"}, "llm: got str; expected OpenAIChatModel"),
        ({"llm": OpenAIChatModel}, "llm: got the class OpenAIChatModel; give an object"),
        ({"llm": OpenAIEmbedder("e", api_key="k")}, "llm: got .*OpenAIEmbedder; expected"),
        ({"llm": HashEmbedder()}, "llm: got .*HashEmbedder; expected"),
        ({"embed_model": "text-embedding-3-small"}, "embed_model: got str; expected OpenAIEmbedder"),
        ({"embed_model": HashEmbedder}, "embed_model: got the class HashEmbedder"),
        ({"embed_model": OpenAIChatModel("m", api_key="k")}, "embed_model: got .*OpenAIChatModel; expected"),
        ({"embed_model": Model()}, "embed_model: got .*Model; expected"),
        ({"options": IndexOptions(models=TaskModels(answer="gpt-4.1"))}, r"TaskModels\(answer=…\): got str; expected"),
    ],
)
def test_what_is_no_model_is_refused_when_the_handle_is_made(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        LightRAGIndex("wrong", **wrong)
