"""The fields of OpenAI's wire format: what goes into a request, what is read from an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import openai

from lightrag_integrations.errors import ModelError
from lightrag_integrations.protocols import ReplyFormat
from lightrag_integrations.providers.strict import strict_schema

__all__ = ["format_fields", "host_of", "nonsense", "parsed", "part", "piece_of", "tokens_of", "tool_text"]


def host_of(client: openai.AsyncOpenAI) -> str:
    """The endpoint's host. Without the port: the same model there stays the same when its server moves to another."""
    return str(client.base_url.host)


def format_fields(format: ReplyFormat, schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """The request fields that ask for a format."""
    if format == "json_object":
        return {"response_format": {"type": "json_object"}}
    if format == "text" or schema is None:
        return {}
    name = re.sub(r"\W+", "_", str(schema.get("title") or "answer"))[:60]
    strict = strict_schema(schema)
    if format == "json_schema":
        return {
            "response_format": {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": strict}}
        }
    function = {"name": name, "description": "Give the answer.", "parameters": strict}
    return {
        "tools": [{"type": "function", "function": function}],
        "tool_choice": {"type": "function", "function": {"name": name}},
    }


def parsed(body: bytes) -> Any:
    """What a body says; plain text, such as a page that stands at a wrong address, is given back as text.

    JSON is read as Unicode, whatever character set its header names.

    Raises:
        ValueError: It was to be JSON and is not whole.
    """
    try:
        return json.loads(body)
    except ValueError:
        text = body.decode(errors="replace")
        if text.lstrip()[:1] in ("", "{", "["):
            raise
        return text


def part(answer: Any, name: str) -> Any:
    """A field of an answer, parsed by us or by the client; None where there is none."""
    return answer.get(name) if isinstance(answer, dict) else getattr(answer, name, None)


def tool_text(message: Any) -> str:
    """The arguments of the first tool call."""
    calls = part(message, "tool_calls") or []
    functions = (part(call, "function") for call in calls)
    return next((str(part(function, "arguments")) for function in functions if function), "")


def piece_of(event: Any) -> str:
    """The text in one event of a stream."""
    choices = getattr(event, "choices", None)
    delta = getattr(choices[0], "delta", None) if choices else None
    return getattr(delta, "content", None) or ""


def tokens_of(answer: Any) -> tuple[int, int]:
    """Prompt and completion tokens, 0 where the endpoint does not tell."""
    usage = part(answer, "usage")
    return (part(usage, "prompt_tokens") or 0, part(usage, "completion_tokens") or 0)


def nonsense(name: str, answer: Any, *, retryable: bool | None = None) -> ModelError:
    """The error for an answer that is none.

    Args:
        name: The model.
        answer: What came.
        retryable: May it be better next time; by default unless it was plain text (a wrong address).
    """
    # Gateways report trouble of the model behind them in an answer of status 200.
    told = part(answer, "error") or (answer if isinstance(answer, str) else type(answer).__name__)
    return ModelError(
        f"model {name}: expected a completion or embeddings, got {' '.join(str(told).split())[:200]!r}; "
        "check the base_url (most end in /v1)",
        retryable=not isinstance(answer, str) if retryable is None else retryable,
        tokens=tokens_of(answer),
    )
