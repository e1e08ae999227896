"""A live chat model at an OpenAI-compatible endpoint: one client, on the loop of the handle that made it."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import openai

from lightrag_integrations.errors import ModelError
from lightrag_integrations.protocols import ChatReply, Message, ReplyFormat
from lightrag_integrations.providers.errors import ForeignErrors
from lightrag_integrations.providers.openai_wire import (
    format_fields,
    host_of,
    nonsense,
    parsed,
    part,
    piece_of,
    tokens_of,
    tool_text,
)

__all__ = ["LiveChat"]

T = TypeVar("T")
_Send = Callable[[dict[str, Any], Mapping[str, Any]], Awaitable[T]]

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
        host = host_of(client)
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
            asked = format_fields(format, schema)
            return self._reply(parsed(await self._send(self._whole, messages, max_tokens, asked)), format)

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
            stream = await self._send(self._opened, messages, max_tokens, {"stream": True})
            if not hasattr(stream, "__aiter__"):
                raise nonsense(self.name, stream)
            spoke = False
            try:
                async for event in stream:
                    spoke = True
                    piece = piece_of(event)
                    if piece:
                        yield piece
                    if getattr(event, "usage", None):
                        yield ChatReply("", *tokens_of(event), model=str(getattr(event, "model", None) or ""))
            finally:
                await stream.close()
            if not spoke:
                raise nonsense(self.name, "an empty stream", retryable=True)

    async def aclose(self) -> None:
        """Close the client's connections."""
        await self._client.close()

    async def _whole(self, request: dict[str, Any], extra: Mapping[str, Any]) -> bytes:
        """The body of an answer: the client's models of what goes out and comes in cost more than all the rest."""
        return await self._client.post("/chat/completions", cast_to=bytes, body={**request, **extra})

    async def _opened(self, request: dict[str, Any], extra: Mapping[str, Any]) -> Any:
        """A stream, as the client has it; what older clients don't know goes into the extra part."""
        return await self._client.chat.completions.create(**request, extra_body=dict(extra))

    async def _send(
        self, send: _Send[T], messages: Sequence[Message], max_tokens: int | None, fields: Mapping[str, Any]
    ) -> T:
        """Send, and send again without what this model turns out to refuse (reasoning models differ in these)."""
        turns = [{"role": message.role, "content": message.content} for message in messages]
        renamed = False
        while True:
            request: dict[str, Any] = {"model": self._model, "messages": turns, **fields}
            if self._temperature is not None:
                request["temperature"] = self._temperature
            if fields.get("stream") and self._stream_usage:
                request["stream_options"] = {"include_usage": True}
            named = self._limit_field
            limit = {} if max_tokens is None else {named: max_tokens}
            try:
                return await send(request, {**limit, **self._extra_body})
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if self._left_out(str(error), request):
                    continue
                # Once a call: some gateways refuse each of the two names in favour of the other.
                if renamed or not limit or not self._renamed(str(error), named):
                    raise
                renamed = True

    def _left_out(self, refusal: str, request: Mapping[str, Any]) -> bool:
        """Leave out from now on what was refused; False when this request did without it."""
        if "temperature" in request and "temperature" in refusal:
            self._temperature = None
            return True
        if "stream_options" in request and "stream_options" in refusal:
            self._stream_usage = False
            return True
        return False

    def _renamed(self, refusal: str, named: str) -> bool:
        """Call the limit by its other name from now on; False when its name was not what was refused.

        Args:
            refusal: What the endpoint said.
            named: The name in the request that was refused; another request may have changed it in the meantime.
        """
        other = "max_tokens" if named == "max_completion_tokens" else "max_completion_tokens"
        asks = re.search(r"unsupported|not supported|unknown|unrecognized|use '?max", refusal, re.IGNORECASE)
        if not asks or not re.search(rf"\b{named}\b", refusal) or (named != "max_tokens" and other not in refusal):
            return False
        self._limit_field = other
        return True

    def _reply(self, completion: Any, format: ReplyFormat) -> ChatReply:
        choices = part(completion, "choices")
        first = choices[0] if isinstance(choices, list) and choices else None
        message = part(first, "message")
        if message is None:
            raise nonsense(self.name, completion)
        refusal = part(message, "refusal")
        if refusal:
            told = f"chat model {self.name} refused to answer: {str(refusal)[:200]}"
            raise ModelError(told, tokens=tokens_of(completion))
        text = tool_text(message) if format == "tool" else ""
        return ChatReply(
            text or part(message, "content") or "",
            *tokens_of(completion),
            truncated=part(first, "finish_reason") == "length",
            model=str(part(completion, "model") or ""),
        )
