"""Bodies of requests and answers as OpenAI writes them."""

import base64
import json
import struct
from typing import Any

from aiohttp import web

from tests.doubles.faults import Fault


def used(prompt: int, completion: int) -> dict[str, int]:
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def asked(body: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The schema and the format of a request."""
    asked = body.get("response_format") or {}
    if asked.get("type") == "json_schema":
        return asked["json_schema"]["schema"], "json_schema"
    if body.get("tools"):
        return body["tools"][0]["function"]["parameters"], "tool"
    return {}, "json_object" if asked.get("type") == "json_object" else "text"


def completion(
    body: dict[str, Any], text: str, format: str, *, usage: dict[str, int] | None, fault: Fault | None
) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    trouble = fault.trouble if fault is not None else ""
    if trouble == "refusal":
        message["refusal"] = "I cannot help with that."
    elif format == "tool" and trouble not in ("prose", "empty"):
        function = {"name": body["tools"][0]["function"]["name"], "arguments": text}
        message = {"role": "assistant", "content": None,
                   "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}  # fmt: skip
    reason = "length" if trouble == "truncated" else "stop"
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": body.get("model", "m"),
        "choices": [{"index": 0, "message": message, "finish_reason": reason}], "usage": usage,
    }  # fmt: skip


def event(body: dict[str, Any], choices: list[dict[str, Any]], usage: dict[str, int] | None) -> bytes:
    event = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": body.get("model", "m"),
             "choices": choices, "usage": usage}  # fmt: skip
    return f"data: {json.dumps(event)}\n\n".encode()


def error(status: int, message: str, retry_after: float | None = None) -> web.Response:
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    return web.json_response(
        {"error": {"message": message, "type": "double", "code": None}}, status=status, headers=headers
    )


def encoded(numbers: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
