"""A deterministic OpenAI-compatible endpoint on 127.0.0.1, in a thread of its own.

    with OpenAIServer() as server:
        model = OpenAIChatModel("m", base_url=server.base_url, api_key="k")
        server.fault("status", status=429, retry_after=0, first=2)      # the first two calls fail
        server.fault("unsupported", format="json_schema")               # 400 for this response_format
        server.script("capital of France", "Paris [1]")                 # a fixed answer where the prompt holds that
        server.calls["extract"], server.prompt_tokens, server.max_in_flight, server.requests

Kinds of calls: extract, summarise, decompose, keywords, rerank, answer (chat); embed; rerank_api.
"""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from tests.doubles.answers import answer, content, kind_of
from tests.doubles.faults import Fault, Trouble, bent, spoiled
from tests.doubles.openai_bodies import asked, completion, encoded, error, event, used
from tests.doubles.words import overlap, tokens, vector


@dataclass(frozen=True)
class Request:
    path: str
    kind: str
    format: str
    body: dict[str, Any]
    headers: dict[str, str]
    said: str


class OpenAIServer:
    """Start it with `with`; everything can be changed while it runs."""

    def __init__(self, *, dimension: int = 64, latency_s: float = 0.0, count: Callable[[str], int] = tokens) -> None:
        self.dimension = dimension
        self.count = count
        self.latency_s = latency_s
        self.base_url = ""
        self._lock = threading.Lock()
        self._loop = asyncio.SelectorEventLoop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="openai-double", daemon=True)
        self._runner: web.AppRunner | None = None
        self.clear()

    def clear(self) -> None:
        """Forget faults, scripts and counts."""
        self._faults: list[Fault] = []
        self._scripts: list[tuple[str, str | Callable[[str], str]]] = []
        self._in_flight = 0
        self.max_in_flight = 0
        self.calls: Counter[str] = Counter()
        """Calls received, by kind."""
        self.answered: Counter[str] = Counter()
        """Calls answered with status 200, by kind: those whose tokens are counted."""
        self.whole: Counter[str] = Counter()
        """Chat calls answered without any fault, by their last message."""
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.embedding_tokens = 0
        self.largest = 0
        """Tokens of the largest chat call."""
        self.requests: list[Request] = []

    @property
    def url(self) -> str:
        """The same as `base_url`."""
        return self.base_url

    @property
    def chat_calls(self) -> int:
        return sum(count for kind, count in self.calls.items() if kind not in ("embed", "rerank_api"))

    def fault(self, trouble: Trouble, **rule: Any) -> Fault:
        """Add a rule (see `Fault`); earlier rules go first."""
        fault = Fault(trouble, **rule)
        self._faults.append(fault)
        return fault

    def script(self, match: str, text: str | Callable[[str], str]) -> None:
        """Answer `text`, or what it makes of the prompt, to chat prompts that hold `match`."""
        self._scripts.append((match, text))

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(30)
        return self

    def __exit__(self, *_: object) -> None:
        if self._runner is not None:
            asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    async def _start(self) -> None:
        app = web.Application(client_max_size=64 << 20)
        self._routes(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, handle_signals=False)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"

    # --- endpoints

    def _routes(self, app: web.Application) -> None:
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/embeddings", self._embeddings)
        app.router.add_post("/v1/rerank", self._rerank)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        due = self._due()
        body = await request.json()
        schema, format = asked(body)
        messages = body["messages"]
        said = "\n".join(content(message) for message in messages)
        kind = kind_of(messages, schema)
        with self._flight(Request("chat", kind, format, body, dict(request.headers), said)):
            fault = self._struck("chat", kind, said, format)
            refused = await self._trouble(request, fault, due)
            if refused is not None:
                return refused
            text = next((text for match, text in self._scripts if match in said), None) or answer(kind, messages)
            if not isinstance(text, str):
                text = text(said)
            if fault is not None:
                text = spoiled(text, fault.trouble)
            usage = used(self.count(said), self.count(text))
            told = None if fault is not None and fault.trouble == "no_usage" else usage
            whole = json.dumps(completion(body, text, format, usage=told, fault=fault)).encode()
            await self._wait(due)
            self.whole[content(messages[-1])] += fault is None
            self._answered(kind, usage)
            if body.get("stream"):
                return await self._streamed(request, body, text=text, usage=told, fault=fault)
            return web.Response(body=whole, content_type="application/json")

    async def _streamed(
        self,
        request: web.Request,
        body: dict[str, Any],
        *,
        text: str,
        usage: dict[str, int] | None,
        fault: Fault | None,
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        pieces = [text[start : start + 12] for start in range(0, len(text), 12)]
        for piece in pieces:
            await response.write(event(body, [{"index": 0, "delta": {"content": piece}, "finish_reason": None}], None))
            if fault is not None and fault.trouble == "reset":
                await asyncio.sleep(0.05)  # the first piece is to arrive
                _cut(request)
                return response
        await response.write(event(body, [{"index": 0, "delta": {}, "finish_reason": "stop"}], None))
        if (body.get("stream_options") or {}).get("include_usage"):
            await response.write(event(body, [], usage))
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _embeddings(self, request: web.Request) -> web.StreamResponse:
        due = self._due()
        body = await request.json()
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        said = "\n".join(texts)
        with self._flight(Request("embeddings", "embed", "text", body, dict(request.headers), said)):
            fault = self._struck("embeddings", "embed", said, body.get("encoding_format", "float"))
            refused = await self._trouble(request, fault, due)
            if refused is not None:
                return refused
            if not all(texts):
                return error(400, "input must not be empty")
            vectors = bent([vector(text, body.get("dimensions") or self.dimension) for text in texts], fault)
            encode = encoded if body.get("encoding_format") == "base64" else list
            data = [{"object": "embedding", "index": i, "embedding": encode(v)} for i, v in enumerate(vectors)]
            usage = used(self.count(said), 0)
            if fault is not None and fault.trouble == "unordered":
                data.reverse()
            await self._wait(due)
            self._answered("embed", usage)
            return web.json_response({"object": "list", "data": data, "model": body.get("model", "m"), "usage": usage})

    async def _rerank(self, request: web.Request) -> web.StreamResponse:
        due = self._due()
        body = await request.json()
        texts = [item if isinstance(item, str) else item["text"] for item in body["documents"]]
        said = "\n".join([body["query"], *texts])
        with self._flight(Request("rerank", "rerank_api", "text", body, dict(request.headers), said)):
            refused = await self._trouble(request, self._struck("rerank", "rerank_api", said, "text"), due)
            if refused is not None:
                return refused
            scored = [{"index": i, "relevance_score": overlap(body["query"], text)} for i, text in enumerate(texts)]
            scored.sort(key=lambda item: (-item["relevance_score"], item["index"]))
            await self._wait(due)
            self._answered("rerank_api", used(self.count(said), 0))
            return web.json_response(
                {"results": scored[: body.get("top_n") or len(scored)], "model": body.get("model", "m")}
            )

    # --- bookkeeping

    @contextmanager
    def _flight(self, request: Request) -> Iterator[None]:
        with self._lock:
            self.calls[request.kind] += 1
            self.requests.append(request)
            self._in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self._in_flight)
        try:
            yield
        finally:
            with self._lock:
                self._in_flight -= 1

    def _struck(self, path: str, kind: str, said: str, format: str) -> Fault | None:
        for fault in self._faults:
            if fault.strikes(path=path, kind=kind, said=said, format=format):
                return fault
        return None

    def _answered(self, kind: str, usage: dict[str, int]) -> None:
        with self._lock:
            self.answered[kind] += 1
            if kind == "embed":
                self.embedding_tokens += usage["prompt_tokens"]
            elif kind != "rerank_api":
                self.prompt_tokens += usage["prompt_tokens"]
                self.completion_tokens += usage["completion_tokens"]
                self.largest = max(self.largest, usage["total_tokens"])

    def _due(self) -> float:
        """When the answer to a call that comes now is to go out: making it is a part of the latency."""
        return self._loop.time() + self.latency_s

    async def _wait(self, due: float) -> None:
        left = due - self._loop.time()
        if left > 0:
            await asyncio.sleep(left)

    async def _trouble(self, request: web.Request, fault: Fault | None, due: float) -> web.Response | None:
        """The answer, when it is due, of faults that leave no room for another one."""
        if fault is None:
            return None
        await self._wait(due + (fault.seconds if fault.trouble == "slow" else 0.0))
        if fault.trouble == "status":
            return error(fault.status, fault.message, fault.retry_after)
        if fault.trouble == "unsupported":
            return error(400, f"'{fault.format}' of 'response_format' or 'tools' is not supported with this model")
        if fault.trouble == "body":
            return web.Response(text=fault.message, content_type="application/json")
        if fault.trouble == "reset" and not (await request.json()).get("stream"):
            _cut(request)
            return web.Response()
        return None


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
