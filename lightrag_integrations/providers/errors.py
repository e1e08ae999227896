"""Errors of model clients, ours and foreign, turned into `ModelError` at the edge."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any

from lightrag_integrations.errors import FormatUnsupported, LightRAGError, ModelError
from lightrag_integrations.protocols import ReplyFormat

__all__ = ["ForeignErrors", "model_error"]

_PASSING_STATUS = frozenset({408, 409, 423, 425, 429, 498, 499})
_PASSING_NAME = re.compile(
    r"timeout|timedout|connect|ratelimit|throttl|overload|unavailable|toomanyrequests|remoteprotocol|readerror|"
    r"writeerror|closedresource|brokenresource|incompleteread|jsondecode",
    re.IGNORECASE,
)
_LATE_NAME = re.compile(r"timeout|timedout", re.IGNORECASE)
_UNSENT_NAME = re.compile(r"(connect|pool)\w*timeout", re.IGNORECASE)
_SPENT_QUOTA = re.compile(r"insufficient[_ ]quota|exceeded your current quota|billing", re.IGNORECASE)
_OTHER_PARAMETER = re.compile(
    r"max_tokens|max_completion_tokens|temperature|context[_ ]length|context window|too many tokens|maximum context",
    re.IGNORECASE,
)
_FORMAT_WORDS = re.compile(
    r"response[_ ]?format|json[_ ]?(schema|object|mode)|\btools?\b|tool_choice|function[_ ]call|structured[_ ]output|"
    r"grammar|guided|unsupported|not supported|does not support|not implemented",
    re.IGNORECASE,
)
_KEY = re.compile(r"\b(?:sk-|Bearer )[^\s'\",}]{8,}")
_HINTS: tuple[tuple[frozenset[int], str], ...] = (
    (frozenset({401, 403}), "check the api_key and what it may use"),
    (frozenset({404}), "check the model's name and the base_url (most end in /v1)"),
    (
        frozenset({400, 413, 422}),
        "the endpoint refuses the request as it stands; check the options and the text's length",
    ),
)


class ForeignErrors(AbstractContextManager[None]):
    """Whatever a model's client raises inside leaves as `ModelError`, with the original as its cause.

    A foreign client may raise anything at all; each of its failures is one failed call here, never a crash of the
    whole ingestion. Cancellation and exits pass.
    """

    def __init__(self, doing: str, *, format: ReplyFormat = "text") -> None:
        """Say what is being done.

        Args:
            doing: Begins the message: "chat model m at host".
            format: How a structured answer was asked for, if it was.
        """
        self._doing = doing
        self._format = format

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raise the error as one of ours."""
        if isinstance(error, Exception) and not isinstance(error, LightRAGError):
            raise model_error(error, self._doing, format=self._format) from error


def model_error(error: Exception, doing: str, *, format: ReplyFormat = "text") -> ModelError:
    """The error of ours that says the same: may it be retried, after how long, what to check."""
    status = next((code for code in map(_status, _chain(error)) if code is not None), None)
    text = _brief(error)
    if _is_refusal(status, text, format):
        return FormatUnsupported(f"{doing}: {format} is refused: {text}")
    if _SPENT_QUOTA.search(text):
        return ModelError(f"{doing}: {text}; the account's quota is used up")
    retryable = _is_passing(error, status)
    hint = "" if retryable else next((f"; {hint}" for codes, hint in _HINTS if status in codes), "")
    return ModelError(
        f"{doing}: {text}{hint}",
        retryable=retryable,
        retry_after_s=_retry_after(error),
        unanswered=status is None and _is_late(error),
    )


def _is_refusal(status: int | None, text: str, format: ReplyFormat) -> bool:
    if format == "text" or status not in (400, 404, 415, 422, 501):
        return False
    return bool(_FORMAT_WORDS.search(text)) and not _OTHER_PARAMETER.search(text)


def _is_passing(error: Exception, status: int | None) -> bool:
    if status is not None:
        return status in _PASSING_STATUS or status >= 500
    return any(
        isinstance(each, TimeoutError | ConnectionError)
        or any(_PASSING_NAME.search(kind.__name__) for kind in type(each).__mro__)
        for each in _chain(error)
    )


def _is_late(error: Exception) -> bool:
    """No answer came in time to a call that was sent."""
    names = " ".join(type(each).__name__ for each in _chain(error))
    return bool(_LATE_NAME.search(names)) and not _UNSENT_NAME.search(names)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes: frameworks wrap what their clients raise."""
    seen: BaseException | None = error
    for _ in range(8):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__


def _status(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    told = response.get("ResponseMetadata") if isinstance(response, Mapping) else None  # as botocore has it
    candidates = (getattr(error, "status_code", None), getattr(response, "status_code", None),
                  getattr(error, "code", None), getattr(error, "http_status", None),
                  told.get("HTTPStatusCode") if isinstance(told, Mapping) else None)  # fmt: skip
    return next((code for code in candidates if isinstance(code, int) and 100 <= code < 600), None)


def _retry_after(error: Exception) -> float | None:
    for each in _chain(error):
        headers: Any = getattr(getattr(each, "response", None), "headers", None)
        if isinstance(headers, Mapping):
            return _seconds(headers)
    return None


def _seconds(headers: Mapping[str, str]) -> float | None:
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        value = headers.get("retry-after", "")
        if re.fullmatch(r"[\d.]+", value.strip()):
            return float(value)
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()) if value else None
    except (TypeError, ValueError):
        return None


def _brief(error: Exception) -> str:
    # Some endpoints repeat the key they refuse.
    text = _KEY.sub("***", " ".join(str(error).split()))
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
