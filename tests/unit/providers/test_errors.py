import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import httpx
import openai
import pytest

from lightrag_integrations.errors import BudgetExceeded, FormatUnsupported, ModelError
from lightrag_integrations.providers.errors import ForeignErrors, model_error


def status_error(status: int, text: str = "no", **headers: str) -> Exception:
    error = RuntimeError(text)
    error.response = SimpleNamespace(status_code=status, headers=headers)  # type: ignore[attr-defined]
    return error


class RateLimitError(Exception):
    pass


class ReadTimeout(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (status_error(429), True),
        (status_error(503), True),
        (status_error(400), False),
        (status_error(401), False),
        (RateLimitError("slow down"), True),
        (ReadTimeout(), True),
        (TimeoutError(), True),
        (ConnectionResetError(), True),
        (ValueError("bad"), False),
        (KeyError("choices"), False),
    ],
)
def test_what_may_be_retried(error: Exception, retryable: bool) -> None:
    assert model_error(error, "model m").retryable is retryable


def test_the_cause_counts_where_a_framework_wraps_it() -> None:
    wrapper = RuntimeError("the chain failed")
    wrapper.__cause__ = status_error(429, **{"retry-after": "3"})
    made = model_error(wrapper, "model m")
    assert (made.retryable, made.retry_after_s) == (True, 3.0)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert model_error(status_error(429, **headers), "model m").retry_after_s == seconds


def test_retry_after_as_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    seconds = model_error(status_error(503, **{"retry-after": later}), "model m").retry_after_s
    assert seconds is not None
    assert 3000 < seconds <= 3600


@pytest.mark.parametrize(
    ("status", "text", "refusal"),
    [
        (400, "'response_format' of type json_schema is not supported", True),
        (422, "tools: extra fields not permitted", True),
        (404, "No endpoints found that support tool use", True),
        (501, "not implemented", True),
        (400, "Unsupported parameter: 'max_tokens'", False),
        (400, "this model's maximum context length is 4096, json_schema included", False),
        (400, "bad request", False),
        (500, "response_format made me fall over", False),
    ],
)
def test_refused_formats(status: int, text: str, refusal: bool) -> None:
    error = status_error(status, text)
    assert isinstance(model_error(error, "model m", format="tool"), FormatUnsupported) is refusal
    assert not isinstance(model_error(error, "model m"), FormatUnsupported)


def test_the_message_names_the_model_the_error_and_what_to_check() -> None:
    with (
        pytest.raises(ModelError, match=r"^model m: RuntimeError: no; check the api_key") as caught,
        ForeignErrors("model m"),
    ):
        raise status_error(403)
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_ours_and_exits_pass_unchanged() -> None:
    for error in (BudgetExceeded("enough"), asyncio.CancelledError(), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught, ForeignErrors("model m"):
            raise error
        assert caught.value is error


@pytest.mark.parametrize("said", ["Incorrect API key provided: sk-proj-abcdef123456.", "got 'Bearer abcdef123456'"])
def test_a_key_that_an_endpoint_repeats_is_not_shown(said: str) -> None:
    assert "abcdef123456" not in str(model_error(status_error(401, said), "model m"))


def test_a_call_that_was_sent_and_not_answered_in_time_may_have_cost_something() -> None:
    request = httpx.Request("POST", "http://localhost")
    for reason, sent in ((httpx.ReadTimeout, True), (httpx.ConnectTimeout, False), (httpx.PoolTimeout, False)):
        late = openai.APITimeoutError(request=request)
        late.__cause__ = reason("late", request=request)
        assert model_error(late, "model m").unanswered is sent
    assert model_error(TimeoutError(), "model m").unanswered
    assert not model_error(ConnectionResetError(), "model m").unanswered
    assert not model_error(status_error(504), "model m").unanswered
