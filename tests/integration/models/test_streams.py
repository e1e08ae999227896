"""Streamed answers, through the real client."""

import asyncio

import pytest

from lightrag_integrations.errors import BudgetExceeded, ModelError
from lightrag_integrations.protocols import Message
from lightrag_integrations.providers.openai import OpenAIChatModel

PASSAGE = "The Analytical Engine was designed by Charles Babbage in London."
ASK = [Message("system", f"---Context---\n[1] {PASSAGE}"), Message("user", "Question: Who designed the engine?")]


async def test_pieces_add_up_and_tokens_are_counted(models) -> None:
    pieces = [piece async for piece in models.chat(kind="answer").stream(ASK)]
    assert "".join(pieces) == f"{PASSAGE} [1]"
    assert len(pieces) > 3
    assert models.meter.model_calls == 1
    assert models.meter.prompt_tokens == models.server.prompt_tokens
    assert models.meter.completion_tokens == models.server.completion_tokens


async def test_errors_before_the_first_piece_are_retried(models) -> None:
    models.server.fault("status", status=503, first=2)
    pieces = [piece async for piece in models.chat().stream(ASK)]
    assert "".join(pieces).endswith("[1]")
    assert models.server.calls["answer"] == 3


async def test_a_break_in_the_middle_is_an_error_after_what_came(models) -> None:
    models.server.fault("reset")
    pieces: list[str] = []
    with pytest.raises(ModelError) as caught:
        async for piece in models.chat().stream(ASK):
            pieces.append(piece)
    assert caught.value.retryable
    assert PASSAGE.startswith("".join(pieces))
    assert models.server.calls["answer"] == 1
    # What was read has cost something, whatever the endpoint did not get to say.
    assert models.meter.prompt_tokens > 0


async def test_endpoints_that_know_no_stream_options_are_asked_without(models) -> None:
    models.server.fault("status", status=400, message="Unrecognized request argument: stream_options", first=1)
    assert [piece async for piece in models.chat().stream(ASK)]
    assert models.meter.prompt_tokens > 0


async def test_a_slow_start_is_given_up(models) -> None:
    models.server.fault("slow")
    models.retry.attempts = 1
    with pytest.raises(ModelError, match="did not answer within"):
        [piece async for piece in models.chat(call_timeout_s=0.1).stream(ASK)]


async def test_the_budget_holds_for_streams(models) -> None:
    models.meter._token_budget = 1
    with pytest.raises(BudgetExceeded):
        [piece async for piece in models.chat().stream(ASK)]
    assert models.server.chat_calls == 0


async def test_a_reader_may_stop_early_and_may_ask_for_more_meanwhile(models) -> None:
    models.semaphore = asyncio.Semaphore(1)
    chat = models.chat()
    stream = chat.stream(ASK)
    assert await anext(stream)
    assert (await asyncio.wait_for(chat.chat(ASK), 30)).text
    await stream.aclose()
    assert models.meter.model_calls == 2
    assert not models.semaphore.locked()


async def test_the_plain_stream_of_a_live_model_is_text_only(openai_server) -> None:
    live = OpenAIChatModel("double", base_url=openai_server.base_url, api_key="k").connect()
    try:
        pieces = [piece async for piece in live.stream(ASK)]
    finally:
        await live.aclose()
    assert "".join(pieces) == f"{PASSAGE} [1]"


async def test_a_stream_that_is_no_stream_is_tried_again(models) -> None:
    models.server.fault("body", message='{"choices": []}', first=1)
    assert [piece async for piece in models.chat().stream(ASK)]
    models.server.fault("body", message='{"choices": []}')
    with pytest.raises(ModelError, match="got 'an empty stream'"):
        [piece async for piece in models.chat().stream(ASK)]
