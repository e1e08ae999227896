"""Models that users write themselves against our protocols."""

from collections.abc import Sequence

import pytest

from lightrag_integrations.errors import ModelError
from lightrag_integrations.protocols import ChatReply, Message
from lightrag_integrations.providers.adopt import adopt_chat, adopt_embedder
from lightrag_integrations.providers.offline import HashEmbedder


class OwnEmbedder:
    fingerprint = "own"

    async def embed(self, texts: Sequence[str], *, kind: str) -> list[list[float]]:
        return [[1.0 / len(text)] for text in texts]


class OwnChat:
    name = "own"
    formats = ("text",)

    async def chat(self, messages, *, format="text", schema=None, max_tokens=None) -> ChatReply:
        return ChatReply(messages[0].content.upper())

    async def stream(self, messages, *, max_tokens=None):
        yield messages[0].content
        raise KeyError("lost")

    async def aclose(self) -> None:
        raise AssertionError("only who made this closes it")


class TellingChat(OwnChat):
    async def stream_events(self, messages, *, max_tokens=None):
        yield messages[0].content
        yield ChatReply("", 3, 1)


async def never(_: object) -> None:
    raise AssertionError("nothing of this blocks")


async def test_an_embedder_and_its_errors() -> None:
    own = OwnEmbedder()
    embedder = adopt_embedder(own, run_blocking=never)
    assert (embedder.fingerprint, embedder.lexical) == ("own", False)
    assert await embedder.embed(["ab"], kind="query") == [[0.5]]
    with pytest.raises(ModelError, match="embedding model own: ZeroDivisionError"):
        await embedder.embed([""], kind="query")


async def test_the_lexical_one_stays_lexical() -> None:
    embedder = adopt_embedder(HashEmbedder(), run_blocking=never)
    assert embedder.lexical is True
    assert len(await embedder.embed(["some words"], kind="document")) == 1


async def test_a_chat_model_and_its_errors() -> None:
    own = OwnChat()
    chat = adopt_chat(own, run_blocking=never)
    assert (await chat.chat([Message("user", "hi")])).text == "HI"
    with pytest.raises(ModelError, match="chat model own: IndexError"):
        await chat.chat([])
    pieces = []
    with pytest.raises(ModelError, match="KeyError"):
        async for piece in chat.stream([Message("user", "hi")]):
            pieces.append(piece)
    assert pieces == ["hi"]
    await chat.aclose()


async def test_what_a_stream_cost_is_passed_on() -> None:
    chat = adopt_chat(TellingChat(), run_blocking=never)
    assert [event async for event in chat.stream_events([Message("user", "hi")])] == ["hi", ChatReply("", 3, 1)]
    assert not hasattr(adopt_chat(OwnChat(), run_blocking=never), "stream_events")
