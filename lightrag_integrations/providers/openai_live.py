"""The live side of the OpenAI-compatible models: one client each, on the loop of the handle that made it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any, cast

import openai

from lightrag_integrations.errors import ModelError
from lightrag_integrations.protocols import ChatReply, Message, ReplyFormat, TextKind
from lightrag_integrations.providers.errors import ForeignErrors
from lightrag_integrations.providers.strict import strict_schema

__all__ = ["LiveChat", "LiveEmbedder"]

Vectors = Sequence[Sequence[float]]
_NEWER_LIMIT_HOSTS = ("api.openai.com", ".openai.azure.com")


class LiveChat:
    """A connected chat model."""

    def __init__(
        self,
        client: openai.AsyncOpenAI,
        model: str,
        *,
        temperature: float | None,
        max_tokens_field: str | None,
        formats: tuple[ReplyFormat, ...],
        extra_body: Mapping[str, Any],
    ) -> None:
        """Take the client over.

        Args:
            client: Closed with this object.
            model: Its name at the endpoint.
            temperature: Sent until the endpoint refuses it.
            max_tokens_field: Name of the length limit; `None`: chosen by host.
            formats: Ways of asking for structured output.
            extra_body: Further fields of each request.
        """
        host = _host(client)
        self.name = f"{model}@{host}"
        self.formats = formats
        self._client = client
        self._model = model
        self._temperature = temperature
        newer = host.endswith(_NEWER_LIMIT_HOSTS)
        self._limit_field = max_tokens_field or ("max_completion_tokens" if newer else "max_tokens")
        self._stream_usage = True
        self._extra_body = dict(extra_body)

    async def chat(
        self,
        messages: Sequence[Message],
        *,
        format: ReplyFormat = "text",
        schema: Mapping[str, Any] | None = None,
        max_tokens: int | None = None,
    ) -> ChatReply:
        """Answer once.

        Raises:
            ModelError: The call failed; `FormatUnsupported`: because of `format`.
        """
        with ForeignErrors(f"chat model {self.name}", format=format):
            asked = _format_fields(format, schema)
            return self._reply(await self._send(messages, max_tokens, asked), format)

    async def stream(self, messages: Sequence[Message], *, max_tokens: int | None = None) -> AsyncIterator[str]:
        """Yield the answer in pieces.

        Raises:
            ModelError: The call failed, at its start or in the middle.
        """
        events = self.stream_events(messages, max_tokens=max_tokens)
        try:
            async for event in events:
                if isinstance(event, str):
                    yield event
        finally:
            await events.aclose()

    async def stream_events(
        self, messages: Sequence[Message], *, max_tokens: int | None = None
    ) -> AsyncGenerator[str | ChatReply, None]:
        """Yield the answer in pieces, then a `ChatReply` with the tokens used, where the endpoint tells."""
        with ForeignErrors(f"chat model {self.name}"):
            stream = await self._send(messages, max_tokens, {"stream": True})
            if not hasattr(stream, "__aiter__"):
                raise _nonsense(self.name, stream)
            spoke = False
            try:
                async for event in stream:
                    spoke = True
                    piece = _piece(event)
                    if piece:
                        yield piece
                    if getattr(event, "usage", None):
                        yield ChatReply("", *_tokens(event))
            finally:
                await stream.close()
            if not spoke:
                raise _nonsense(self.name, "an empty stream", retryable=True)

    async def aclose(self) -> None:
        """Close the client's connections."""
        await self._client.close()

    async def _send(self, messages: Sequence[Message], max_tokens: int | None, fields: Mapping[str, Any]) -> Any:
        """Send, and send again without what this model turns out to refuse (reasoning models differ in these)."""
        turns = [{"role": message.role, "content": message.content} for message in messages]
        while True:
            request: dict[str, Any] = {"model": self._model, "messages": turns, **fields}
            if self._temperature is not None:
                request["temperature"] = self._temperature
            if fields.get("stream") and self._stream_usage:
                request["stream_options"] = {"include_usage": True}
            # In the extra part, as older clients know only one of the limit's two names.
            limit = {} if max_tokens is None else {self._limit_field: max_tokens}
            request["extra_body"] = {**limit, **self._extra_body}
            try:
                return await self._client.chat.completions.create(**request)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if not self._learn(str(error), request):
                    raise

    def _learn(self, refusal: str, request: Mapping[str, Any]) -> bool:
        """Change what was refused; False when there is nothing to change."""
        if "temperature" in request and "temperature" in refusal:
            self._temperature = None
            return True
        if "stream_options" in request and "stream_options" in refusal:
            self._stream_usage = False
            return True
        asks = re.search(r"unsupported|not supported|unknown|unrecognized|use '?max", refusal, re.IGNORECASE)
        if asks and self._limit_field in request["extra_body"] and re.search(rf"\b{self._limit_field}\b", refusal):
            other = "max_tokens" if self._limit_field == "max_completion_tokens" else "max_completion_tokens"
            self._limit_field, tried = other, self._limit_field
            return tried == "max_tokens" or other in refusal
        return False

    def _reply(self, completion: Any, format: ReplyFormat) -> ChatReply:
        choices = getattr(completion, "choices", None)
        message = getattr(choices[0], "message", None) if choices else None
        if not choices or message is None:
            raise _nonsense(self.name, completion)
        refusal = getattr(message, "refusal", None)
        if refusal:
            raise ModelError(f"chat model {self.name} refused to answer: {str(refusal)[:200]}")
        reason = getattr(choices[0], "finish_reason", None)
        text = _tool_text(message) if format == "tool" else ""
        return ChatReply(text or message.content or "", *_tokens(completion), truncated=reason == "length")


class LiveEmbedder:
    """A connected embedding model."""

    def __init__(
        self,
        client: openai.AsyncOpenAI,
        model: str,
        *,
        dimensions: int | None,
        prefixes: Mapping[TextKind, str],
        batch: int,
        extra_body: Mapping[str, Any],
    ) -> None:
        """Take the client over.

        Args:
            client: Closed with this object.
            model: Its name at the endpoint.
            dimensions: Asked for, where given.
            prefixes: Put before the texts of each kind.
            batch: Most texts in one request.
            extra_body: Further fields of each request.
        """
        self.fingerprint = _fingerprint(model, _host(client), dimensions, prefixes)
        self._client = client
        self._model = model
        self._prefixes = dict(prefixes)
        self._batch = batch
        self._fields: dict[str, Any] = {} if dimensions is None else {"dimensions": dimensions}
        if extra_body:
            self._fields["extra_body"] = dict(extra_body)

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Vectors:
        """One vector for each text, in order.

        Raises:
            ModelError: The call failed.
        """
        return (await self.embed_counted(texts, kind=kind))[0]

    async def embed_counted(self, texts: Sequence[str], *, kind: TextKind) -> tuple[Vectors, int]:
        """The vectors, and the tokens used."""
        prefix = self._prefixes.get(kind, "")
        vectors: list[Sequence[float]] = []
        tokens = 0
        for start in range(0, len(texts), self._batch):
            # An empty text is refused by most endpoints; a blank one is taken.
            inputs = [prefix + text or " " for text in texts[start : start + self._batch]]
            with ForeignErrors(f"embedding model {self.fingerprint}"):
                answer = await self._client.embeddings.create(model=self._model, input=inputs, **self._fields)
                data = getattr(answer, "data", None)
                if not isinstance(data, list):
                    raise _nonsense(self.fingerprint, answer)
                vectors += [item.embedding for item in sorted(data, key=_position)]
                tokens += _tokens(answer)[0]
        return vectors, tokens

    async def aclose(self) -> None:
        """Close the client's connections."""
        await self._client.close()


def _position(item: Any) -> int:
    return cast(int, getattr(item, "index", 0) or 0)


def _host(client: openai.AsyncOpenAI) -> str:
    # Without the port: the same model on the same machine stays the same when its server moves to another one.
    return str(client.base_url.host)


def _fingerprint(model: str, host: str, dimensions: int | None, prefixes: Mapping[TextKind, str]) -> str:
    parts = [f"{model}@{host}"]
    if dimensions is not None:
        parts.append(str(dimensions))
    if any(prefixes.values()):
        said = "\0".join(prefixes.get(kind, "") for kind in ("document", "query"))
        parts.append(hashlib.sha256(said.encode()).hexdigest()[:8])
    return ":".join(parts)


def _format_fields(format: ReplyFormat, schema: Mapping[str, Any] | None) -> dict[str, Any]:
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


def _tool_text(message: Any) -> str:
    calls = getattr(message, "tool_calls", None) or []
    return next((str(call.function.arguments) for call in calls if getattr(call, "function", None)), "")


def _piece(event: Any) -> str:
    choices = getattr(event, "choices", None)
    delta = getattr(choices[0], "delta", None) if choices else None
    return getattr(delta, "content", None) or ""


def _tokens(answer: Any) -> tuple[int, int]:
    usage = getattr(answer, "usage", None)
    return (getattr(usage, "prompt_tokens", None) or 0, getattr(usage, "completion_tokens", None) or 0)


def _nonsense(name: str, answer: Any, *, retryable: bool | None = None) -> ModelError:
    # Gateways report trouble of the model behind them in an answer of status 200.
    told = getattr(answer, "error", None) or (answer if isinstance(answer, str) else type(answer).__name__)
    return ModelError(
        f"model {name}: expected a completion or embeddings, got {' '.join(str(told).split())[:200]!r}; "
        "check the base_url (most end in /v1)",
        retryable=not isinstance(answer, str) if retryable is None else retryable,
    )
