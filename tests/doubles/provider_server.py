"""The double with the wire formats of other providers beside OpenAI's: Azure, NVIDIA NIM, Gemini, Ollama, Bedrock.

    with ProviderServer() as server:
        server.root     # http://127.0.0.1:PORT, where each provider's own paths begin

Answers, faults and counts are those of `OpenAIServer`; the shapes are those that the providers document.
"""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from tests.doubles import eventstream
from tests.doubles.answers import answer, content, kind_of
from tests.doubles.faults import Fault, spoiled
from tests.doubles.openai_bodies import used
from tests.doubles.openai_server import OpenAIServer, Request
from tests.doubles.words import vector

Shape = Callable[[str, bool, int, int], dict[str, Any]]
"""Text, whether it was cut, prompt tokens, completion tokens."""
_CODES = {400: "ValidationException", 429: "ThrottlingException", 500: "InternalServerException"}
_STATES = {400: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL"}


class ProviderServer(OpenAIServer):
    """Use it as `OpenAIServer`; the limit that the last chat call set is `limits[-1]`."""

    def clear(self) -> None:
        """Forget limits, too."""
        super().clear()
        self.limits: list[int | None] = []

    @property
    def root(self) -> str:
        """The address without a path."""
        return self.base_url.removesuffix("/v1")

    def _routes(self, app: web.Application) -> None:
        super()._routes(app)
        post = app.router.add_post
        post("/openai/deployments/{model}/chat/completions", self._chat)
        post("/openai/deployments/{model}/embeddings", self._embeddings)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/v1beta/models/{model}", self._gemini_model)
        post("/v1beta/models/{model}:generateContent", self._gemini)
        post("/v1beta/models/{model}:streamGenerateContent", self._gemini)
        post("/v1beta/models/{model}:batchEmbedContents", self._gemini_embed)
        post("/api/chat", self._ollama)
        post("/api/embed", self._ollama_embed)
        post("/model/{model}/converse", self._bedrock)
        post("/model/{model}/converse-stream", self._bedrock)
        post("/model/{model}/invoke", self._bedrock_embed)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.limits.append(body.get("max_completion_tokens") or body.get("max_tokens"))
        return await super()._chat(request)

    async def _models(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "object": "list",
                "data": [
                    {"id": name, "object": "model", "owned_by": "x"} for name in ("m", "meta/llama-3.1-8b-instruct")
                ],
            }
        )

    # --- Gemini

    async def _gemini_model(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"name": f"models/{request.match_info['model']}", "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536}
        )

    async def _gemini(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        turns = [_turn("system", body["systemInstruction"]["parts"])] if "systemInstruction" in body else []
        turns += [
            _turn("assistant" if each.get("role") == "model" else "user", each["parts"]) for each in body["contents"]
        ]
        self.limits.append((body.get("generationConfig") or {}).get("maxOutputTokens"))
        stream = request.path.endswith("streamGenerateContent")
        return await self._spoken(
            request, body, turns, shape=_gemini, error=_gemini_error, frame=_sse if stream else None
        )

    async def _gemini_embed(self, request: web.Request) -> web.Response:
        body = await request.json()
        texts = ["".join(part["text"] for part in each["content"]["parts"]) for each in body["requests"]]
        return await self._embedded(
            request, body, texts, lambda rows: {"embeddings": [{"values": row} for row in rows]}, _gemini_error
        )

    # --- Ollama

    async def _ollama(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.limits.append((body.get("options") or {}).get("num_predict"))
        frame = _json_line if body.get("stream", True) else None
        return await self._spoken(request, body, body["messages"], shape=_ollama, error=_ollama_error, frame=frame)

    async def _ollama_embed(self, request: web.Request) -> web.Response:
        body = await request.json()
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        return await self._embedded(
            request, body, texts, lambda rows: {"model": "m", "embeddings": rows}, _ollama_error
        )

    # --- Bedrock

    async def _bedrock(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        turns = [{"role": "system", "content": part["text"]} for part in body.get("system", []) if "text" in part]
        turns += [_turn(each["role"], each["content"]) for each in body["messages"]]
        self.limits.append((body.get("inferenceConfig") or {}).get("maxTokens"))
        frame = eventstream.converse if request.path.endswith("converse-stream") else None
        return await self._spoken(request, body, turns, shape=_bedrock, error=_bedrock_error, frame=frame)

    async def _bedrock_embed(self, request: web.Request) -> web.Response:
        body = await request.json()
        return await self._embedded(
            request, body, [body["inputText"]],
            lambda rows: {"embedding": rows[0], "inputTextTokenCount": self.count(body["inputText"])}, _bedrock_error,
        )  # fmt: skip

    # --- common

    async def _spoken(
        self,
        request: web.Request,
        body: dict[str, Any],
        turns: list[dict[str, Any]],
        *,
        shape: Shape,
        error: Callable[[Fault], web.Response],
        frame: Callable[[dict[str, Any]], bytes] | None,
    ) -> web.StreamResponse:
        said = "\n".join(content(turn) for turn in turns)
        kind = kind_of(turns, {})
        with self._flight(Request("chat", kind, "text", body, dict(request.headers), said)):
            fault = self._struck("chat", kind, said, "text")
            if fault is not None and fault.trouble == "status":
                return error(fault)
            text = spoiled(answer(kind, turns), fault.trouble if fault is not None else "slow")
            cut = fault is not None and fault.trouble == "truncated"
            usage = used(self.count(said), self.count(text))
            self._answered(kind, usage)
            told = shape(text, cut, usage["prompt_tokens"], usage["completion_tokens"])
            if frame is None:
                return web.json_response(told)
            response = web.StreamResponse(headers={"Content-Type": _TYPES[frame]})
            await response.prepare(request)
            await response.write(frame(told))
            return response

    async def _embedded(
        self,
        request: web.Request,
        body: dict[str, Any],
        texts: list[str],
        shape: Callable[[list[list[float]]], dict[str, Any]],
        error: Callable[[Fault], web.Response],
    ) -> web.Response:
        said = "\n".join(texts)
        with self._flight(Request("embeddings", "embed", "text", body, dict(request.headers), said)):
            fault = self._struck("embeddings", "embed", said, "float")
            if fault is not None:
                return error(fault)
            self._answered("embed", used(self.count(said), 0))
            return web.json_response(shape([vector(text, self.dimension) for text in texts]))


def _turn(role: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"role": role, "content": "\n".join(part["text"] for part in parts if "text" in part)}


def _gemini(text: str, cut: bool, prompt: int, completion: int) -> dict[str, Any]:
    return {
        "candidates": [
            {
                "content": {"parts": [{"text": text}], "role": "model"},
                "finishReason": "MAX_TOKENS" if cut else "STOP",
                "index": 0,
            }
        ],
        "usageMetadata": {
            "promptTokenCount": prompt,
            "candidatesTokenCount": completion,
            "totalTokenCount": prompt + completion,
        },
        "modelVersion": "gemini-2.5-flash",
        "responseId": "double",
    }


def _gemini_error(fault: Fault) -> web.Response:
    told = {"code": fault.status, "message": fault.message, "status": _STATES[fault.status]}
    return web.json_response({"error": told}, status=fault.status)


def _ollama(text: str, cut: bool, prompt: int, completion: int) -> dict[str, Any]:
    return {
        "model": "m",
        "created_at": "2026-01-01T00:00:00.000000Z",
        "message": {"role": "assistant", "content": text},
        "done": True,
        "done_reason": "length" if cut else "stop",
        "total_duration": 5_000_000,
        "load_duration": 1_000_000,
        "prompt_eval_count": prompt,
        "prompt_eval_duration": 1_000_000,
        "eval_count": completion,
        "eval_duration": 3_000_000,
    }


def _ollama_error(fault: Fault) -> web.Response:
    return web.json_response({"error": fault.message}, status=fault.status)


def _bedrock(text: str, cut: bool, prompt: int, completion: int) -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": "max_tokens" if cut else "end_turn",
        "usage": {"inputTokens": prompt, "outputTokens": completion, "totalTokens": prompt + completion},
        "metrics": {"latencyMs": 5},
    }


def _bedrock_error(fault: Fault) -> web.Response:
    headers = {"x-amzn-ErrorType": _CODES[fault.status]}
    return web.json_response({"message": fault.message}, status=fault.status, headers=headers)


def _sse(told: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(told)}\r\n\r\n".encode()


def _json_line(told: dict[str, Any]) -> bytes:
    return json.dumps(told).encode() + b"\n"


_TYPES = {
    _sse: "text/event-stream",
    _json_line: "application/x-ndjson",
    eventstream.converse: "application/vnd.amazon.eventstream",
}
