import json
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest

from lightrag_integrations.calls.meter import estimate_tokens
from lightrag_integrations.errors import ConfigurationError, ModelError
from lightrag_integrations.models import Hit
from lightrag_integrations.protocols import ChatReply, Message, ReplyFormat, Reranker
from lightrag_integrations.providers.openai import OpenAIChatModel
from lightrag_integrations.rerank.model import LLMReranker
from tests.doubles.openai_server import OpenAIServer
from tests.unit.rerank.conftest import ids


class Scripted:
    """A chat model that answers one thing and remembers what it was asked."""

    name = "scripted"
    formats: tuple[ReplyFormat, ...] = ("text",)

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def chat(
        self,
        messages: Sequence[Message],
        *,
        format: ReplyFormat = "text",
        schema: Mapping[str, Any] | None = None,
        max_tokens: int | None = None,
    ) -> ChatReply:
        self.asked.append("\n".join(message.content for message in messages))
        return ChatReply(self.answer)

    async def stream(self, messages: Sequence[Message], *, max_tokens: int | None = None) -> AsyncIterator[str]:
        yield self.answer

    async def aclose(self) -> None:
        """Nothing to give back."""


async def test_the_models_order_counts(hits: list[Hit]) -> None:
    chat = Scripted('{"ranking": [2, 3, 1, 4]}')
    reranker = LLMReranker(chat)
    assert isinstance(reranker, Reranker)
    found = await reranker.rerank("capital of France?", hits)
    assert [(hit.chunk_id, hit.score) for hit in found] == [("c1", 1.0), ("c2", 0.75), ("c0", 0.5), ("c3", 0.25)]
    assert found[0].evidence.parts == {"rerank": 1.0}
    assert all(hit.text in chat.asked[0] for hit in hits) and "capital of France?" in chat.asked[0]


@pytest.mark.parametrize(
    ("ranking", "expected"),
    [
        ([4], ["c3", "c0", "c1", "c2"]),
        ([4, 4, 9, 0, 2], ["c3", "c1", "c0", "c2"]),
        (["3", 1], ["c2", "c0", "c1", "c3"]),
    ],
)
async def test_gaps_doubles_and_strangers(ranking: list[Any], expected: list[str], hits: list[Hit]) -> None:
    found = await LLMReranker(Scripted(json.dumps({"ranking": ranking}))).rerank("q", hits)
    assert ids(found) == expected
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)


async def test_limits(hits: list[Hit]) -> None:
    chat = Scripted('{"ranking": [2, 1]}')
    found = await LLMReranker(chat, top_n=3, max_hits=2, max_chars=12).rerank("q", hits)
    assert ids(found) == ["c1", "c0", "c2"]
    assert "France" not in chat.asked[0] and "Notes\nParis" in chat.asked[0]
    assert (
        list(await LLMReranker(chat).rerank("q", [])) == list(await LLMReranker(chat).rerank("q", hits, top_n=0)) == []
    )
    assert len(chat.asked) == 1


async def test_the_prompt_is_bounded_in_any_script(hits: list[Hit]) -> None:
    long = [hit.model_copy(update={"text": "塔恩学院由埃达·奎尔创立。" * 300}) for hit in hits]
    chat = Scripted('{"ranking": [1]}')
    await LLMReranker(chat, max_prompt_tokens=400).rerank("q", long)
    passages = chat.asked[0].split("<passage", 1)[1]
    assert 300 < estimate_tokens(passages) < 500
    assert passages.count("塔恩学院") > 4


async def test_facts_that_the_text_does_not_tell_are_shown(hits: list[Hit]) -> None:
    chat = Scripted('{"ranking": [1]}')
    told = hits[0].model_copy(update={"text": "As everybody is aware, a knows b."})
    await LLMReranker(chat).rerank("q", [told, hits[1]])
    assert chat.asked[0].count("Related: a knows b") == 1
    assert "capital of France.\nRelated: a knows b" in chat.asked[0]


@pytest.mark.parametrize("answer", ["no idea", '{"ranking": []}', '{"ranking": [77]}'])
async def test_useless_answers_follow_the_policy(
    answer: str, hits: list[Hit], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ModelError):
        await LLMReranker(Scripted(answer)).rerank("q", hits)
    with caplog.at_level(logging.WARNING, logger="lightrag_integrations.rerank"):
        kept = await LLMReranker(Scripted(answer), on_failure="keep_order").rerank("q", hits, top_n=2)
    assert list(kept) == hits[:2]
    assert "their order is kept" in caplog.text


async def test_without_a_live_model_it_says_so(hits: list[Hit]) -> None:
    with pytest.raises(ConfigurationError, match="no model"):
        await LLMReranker(on_failure="keep_order").rerank("q", hits)
    with pytest.raises(ConfigurationError, match="OpenAIChatModel"):
        await LLMReranker(OpenAIChatModel("m")).rerank("q", hits)


async def test_binding_leaves_the_original_as_it_is(hits: list[Hit]) -> None:
    unbound = LLMReranker(top_n=1)
    assert ids(await unbound.bind(Scripted('{"ranking": [4]}')).rerank("q", hits)) == ["c3"]
    assert unbound.chat is None


async def test_a_real_endpoint(openai_server: OpenAIServer, hits: list[Hit]) -> None:
    chat = OpenAIChatModel("m", base_url=openai_server.base_url, api_key="k").connect()
    try:
        found = await LLMReranker(chat).rerank("What is the capital of France?", hits, top_n=2)
    finally:
        await chat.aclose()
    assert ids(found) == ["c1", "c2"]
    assert openai_server.calls["rerank"] == 1
