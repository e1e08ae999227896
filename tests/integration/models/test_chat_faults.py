"""What a chat endpoint can do wrong, through the real client."""

import asyncio

import pytest

from lightrag_integrations.errors import BudgetExceeded, FormatUnsupported, ModelError
from lightrag_integrations.protocols import Message

HELLO = [Message("user", "Question: hello?")]


async def test_a_plain_answer_and_its_tokens(models) -> None:
    reply = await models.chat(kind="answer").chat(HELLO)
    assert (reply.text, reply.truncated) == ("I do not know.", False)
    assert (models.meter.model_calls, models.meter.prompt_tokens) == (1, models.server.prompt_tokens)
    assert models.meter.completion_tokens == models.server.completion_tokens > 0


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
async def test_passing_errors_are_retried(models, status: int) -> None:
    models.server.fault("status", status=status, first=2)
    assert (await models.chat().chat(HELLO)).text
    assert models.server.calls["answer"] == 3
    assert models.meter.model_calls == 1


async def test_retry_after_is_honoured(models) -> None:
    models.server.fault("status", status=429, retry_after=0.2, first=1)
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    models.retry._sleep = sleep
    await models.chat().chat(HELLO)
    assert 0.2 <= waits[0] <= 0.21


@pytest.mark.parametrize(
    ("status", "message", "hint"),
    [
        (401, "bad key", "check the api_key"),
        (403, "not yours", "check the api_key"),
        (404, "no such model", "check the model's name and the base_url"),
        (400, "maximum context length is 8192 tokens", "check the options and the text's length"),
        (429, "You exceeded your current quota", "quota is used up"),
    ],
)
async def test_lasting_errors_say_what_to_check(models, status: int, message: str, hint: str) -> None:
    models.server.fault("status", status=status, message=message)
    with pytest.raises(ModelError, match=hint) as caught:
        await models.chat().chat(HELLO, format="json_object")
    assert message in str(caught.value)
    assert "sk-secret" not in str(caught.value)
    assert caught.value.__cause__ is not None
    assert not isinstance(caught.value, FormatUnsupported)
    assert models.server.chat_calls == 1


async def test_a_reset_connection_is_retried(models) -> None:
    models.server.fault("reset", first=1)
    assert (await models.chat().chat(HELLO)).text
    assert models.server.calls["answer"] == 2


async def test_a_slow_answer_is_given_up_by_the_client_and_retried(models) -> None:
    models.server.fault("slow", first=1)
    assert (await models.chat(timeout_s=0.2).chat(HELLO)).text


async def test_a_slow_answer_is_given_up_by_the_call_limit(models) -> None:
    models.server.fault("slow")
    models.retry.attempts = 2
    with pytest.raises(ModelError, match=r"did not answer within 0.6 s; raise call_timeout_s") as caught:
        await models.chat(call_timeout_s=0.6).chat(HELLO)
    assert caught.value.retryable
    assert models.server.calls["answer"] == 2


@pytest.mark.parametrize("body", ['{"error": {"message": "upstream fell over", "code": 502}}', '{"choices": []}', "[]"])
async def test_a_good_status_with_a_bad_body(models, body: str) -> None:
    models.server.fault("body", message=body, first=1)
    assert (await models.chat().chat(HELLO)).text == "I do not know."


async def test_a_body_is_read_as_unicode_with_or_without_a_mark(models) -> None:
    whole = '{"choices": [{"message": {"content": "Łódź"}}]}'
    models.server.fault("body", message=f"\ufeff{whole}")
    assert (await models.chat().chat(HELLO)).text == "Łódź"


async def test_a_body_that_breaks_off(models) -> None:
    models.server.fault("body", message='{"choices": [{"mess', first=1)
    assert (await models.chat().chat(HELLO)).text == "I do not know."


@pytest.mark.parametrize("format", ["json_schema", "json_object", "tool"])
async def test_an_unsupported_format_is_told_apart(models, format) -> None:
    models.server.fault("unsupported", format=format)
    schema = {"title": "Answer", "type": "object", "properties": {"answer": {"type": "string"}}}
    with pytest.raises(FormatUnsupported, match=f"{format} is refused"):
        await models.chat().chat(HELLO, format=format, schema=schema)
    assert models.server.chat_calls == 1


@pytest.mark.parametrize("refused", ["temperature", "max_tokens"])
async def test_a_refused_parameter_is_left_out_from_then_on(models, refused: str) -> None:
    hint = " Use 'max_completion_tokens' instead." if refused == "max_tokens" else ""
    message = f"Unsupported parameter: '{refused}' is not supported with this model.{hint}"
    models.server.fault("status", status=400, first=1, message=message)
    chat = models.chat()
    for _ in range(2):
        assert (await chat.chat(HELLO, max_tokens=50)).text
    bodies = [request.body for request in models.server.requests]
    assert [refused in body for body in bodies] == [True, False, False]
    assert ("max_completion_tokens" in bodies[2]) == (refused == "max_tokens")


async def test_first_calls_at_the_same_time_all_learn_the_limits_name(models) -> None:
    models.server.latency_s = 0.1
    message = (
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    )
    models.server.fault("status", status=400, first=4, message=message)
    chat = models.chat()
    replies = await asyncio.gather(*(chat.chat(HELLO, max_tokens=50) for _ in range(4)))
    assert len(replies) == 4
    bodies = [request.body for request in models.server.requests]
    assert [("max_tokens" in body, "max_completion_tokens" in body) for body in bodies] == [
        *[(True, False)] * 4,
        *[(False, True)] * 4,
    ]


async def test_a_gateway_that_refuses_both_names_of_the_limit_is_asked_twice(models) -> None:
    message = "Unsupported: use max_tokens in place of max_completion_tokens, and max_completion_tokens for max_tokens."
    models.server.fault("status", status=400, message=message)
    with pytest.raises(ModelError, match="in place of max_completion_tokens"):
        await models.chat(call_timeout_s=5).chat(HELLO, max_tokens=50)
    assert models.server.chat_calls == 2


async def test_a_limit_that_is_too_high_is_an_error_not_a_loop(models) -> None:
    models.server.fault("status", status=400, message="max_tokens is too large: 99999")
    with pytest.raises(ModelError, match="max_tokens is too large"):
        await models.chat().chat(HELLO, max_tokens=99999)
    assert models.server.chat_calls == 1


async def test_unknown_usage_is_estimated(models) -> None:
    models.server.fault("no_usage")
    await models.chat().chat([Message("user", "Question: " + "word " * 100)])
    assert 100 <= models.meter.prompt_tokens <= 200
    assert models.meter.completion_tokens > 0


async def test_no_more_calls_in_flight_than_allowed(models) -> None:
    models.server.latency_s = 0.05
    chat = models.chat()
    await asyncio.gather(*(chat.chat(HELLO) for _ in range(12)))
    assert models.server.max_in_flight == 4


async def test_waiting_for_a_retry_holds_no_place(models) -> None:
    models.semaphore = asyncio.Semaphore(1)
    retrying, release = asyncio.Event(), asyncio.Event()

    async def sleep(_: float) -> None:
        retrying.set()
        await release.wait()

    models.retry._sleep = sleep
    models.server.fault("status", match="first", first=1)
    chat = models.chat()
    first = asyncio.create_task(chat.chat([Message("user", "Question: first?")]))
    await asyncio.wait_for(retrying.wait(), 30)
    assert (await asyncio.wait_for(chat.chat([Message("user", "Question: second?")]), 30)).text
    release.set()
    assert (await first).text


async def test_the_budget_stops_calls_before_they_are_sent(models) -> None:
    models.meter._token_budget = 40
    chat = models.chat()
    answered = 0
    with pytest.raises(BudgetExceeded, match="token budget of 40"):
        for _ in range(20):
            await chat.chat(HELLO)
            answered += 1
    assert answered == models.server.chat_calls > 0
    assert models.meter.spent <= 40 + 10


async def test_a_cancelled_call_frees_its_place(models) -> None:
    models.semaphore = asyncio.Semaphore(1)
    models.server.fault("slow", match="slow")
    chat = models.chat()
    task = asyncio.create_task(chat.chat([Message("user", "Question: slow?")]))
    while not models.server.chat_calls:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await asyncio.wait_for(chat.chat(HELLO), 30)).text
