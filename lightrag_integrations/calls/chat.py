"""A chat model with the handle's limits around it: semaphore, time limit, retries, budget and meter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

from lightrag_integrations.breath import step_aside
from lightrag_integrations.calls.gate import Places
from lightrag_integrations.calls.meter import Meter, estimate_tokens
from lightrag_integrations.calls.retry import OnRetry, RetryPolicy
from lightrag_integrations.calls.spans import CallSpans
from lightrag_integrations.contributions import Usage
from lightrag_integrations.errors import ModelError
from lightrag_integrations.protocols import ChatModel, ChatReply, Message, ReplyFormat
from lightrag_integrations.tracing import NO_SPAN, within

__all__ = ["MeteredChat", "StreamsUsage", "end_stream"]


@runtime_checkable
class StreamsUsage(Protocol):
    """A chat model that can end a stream with what it cost."""

    def stream_events(
        self, messages: Sequence[Message], *, max_tokens: int | None = None
    ) -> AsyncIterator[str | ChatReply]:
        """Yield the answer in pieces, then one `ChatReply` (its text empty) with the tokens used."""
        ...


async def end_stream(pieces: AsyncIterator[Any]) -> None:
    """End a stream here and now; one left to the collector ends later, on nobody's task."""
    if isinstance(pieces, AsyncGenerator):
        await pieces.aclose()


class MeteredChat:
    """A `ChatModel` around another one.

    The semaphore is held only while a call is under way, not while waiting for the next attempt. A stream gives its
    place back with the first piece: the reader decides how long it lasts, and may ask the same handle for more
    meanwhile.
    """

    def __init__(
        self,
        chat: ChatModel,
        *,
        kind: str,
        semaphore: Places,
        retry: RetryPolicy,
        meter: Meter,
        timeout_s: float | None = None,
        on_retry: OnRetry | None = None,
        spans: CallSpans | None = None,
    ) -> None:
        """Wrap `chat`.

        Args:
            chat: The model; it stays its owner's to close.
            kind: What the calls are for, as the ledger names it.
            semaphore: Calls in flight, of the whole handle.
            retry: When to try again.
            meter: Counts and limits.
            timeout_s: Longest time of one attempt; `None`: the model's own limit.
            on_retry: Told of every retry.
            spans: Makes a span of each call.
        """
        self.name = chat.name
        self.formats = chat.formats
        self._chat = chat
        self._kind = kind
        self._semaphore = semaphore
        self._retry = retry
        self._meter = meter
        self._timeout_s = timeout_s
        self._on_retry = on_retry
        self._spans = spans

    async def chat(
        self,
        messages: Sequence[Message],
        *,
        format: ReplyFormat = "text",
        schema: Mapping[str, Any] | None = None,
        max_tokens: int | None = None,
    ) -> ChatReply:
        """Answer once, trying again as the policy says.

        Raises:
            ModelError: No attempt succeeded; `BudgetExceeded`: nothing was sent; `FormatUnsupported`: ask otherwise.
        """
        spans = self._spans
        if spans is None:
            return await self._answered(messages, format=format, schema=schema, max_tokens=max_tokens)
        with spans.chat(messages, format=format, max_tokens=max_tokens) as span:
            reply = await self._answered(messages, format=format, schema=schema, max_tokens=max_tokens)
            spans.replied(span, reply)
            return reply

    async def _answered(
        self,
        messages: Sequence[Message],
        *,
        format: ReplyFormat,
        schema: Mapping[str, Any] | None,
        max_tokens: int | None,
    ) -> ChatReply:
        estimate = _estimate(messages)

        async def attempt() -> ChatReply:
            async with self._semaphore:
                with self._meter.admit(estimate):
                    outcome: ChatReply | ModelError
                    try:
                        outcome = await self._limited(messages, format=format, schema=schema, max_tokens=max_tokens)
                    except ModelError as error:
                        outcome = self._failed(error, estimate)
                    usage = self._usage(outcome, estimate)
                    self._meter.count(usage)
            await self._meter.hand_over(usage)
            # The place is given back: the next request goes out before anyone works on this answer.
            await step_aside()
            if isinstance(outcome, ModelError):
                raise outcome
            return outcome

        return await self._retry.run(attempt, on_retry=self._on_retry)

    async def stream(self, messages: Sequence[Message], *, max_tokens: int | None = None) -> AsyncIterator[str]:
        """Yield the answer in pieces; attempts that fail before the first piece are tried again."""
        spans = self._spans
        with NO_SPAN if spans is None else spans.chat(messages, max_tokens=max_tokens, stream=True) as span:
            told: list[ChatReply] = []
            pieces = within(span, self._pieces(messages, max_tokens, told))
            whole = False
            try:
                async for piece in pieces:
                    yield piece
                whole = True
            finally:
                await end_stream(pieces)
                if spans is not None and told:
                    spans.replied(span, told[0], whole=whole)

    async def _pieces(
        self, messages: Sequence[Message], max_tokens: int | None, told: list[ChatReply]
    ) -> AsyncIterator[str]:
        """The pieces of the answer, and what it cost into `told`."""
        estimate = _estimate(messages)

        async def open_stream() -> tuple[AsyncIterator[str | ChatReply], str | ChatReply | None]:
            async with self._semaphore:
                with self._meter.admit(estimate):
                    events = self._events(messages, max_tokens)
                    return events, await self._first(events)

        events, event = await self._retry.run(open_stream, on_retry=self._on_retry)
        pieces: list[str] = []
        cost = ChatReply("")
        try:
            while event is not None:
                if isinstance(event, ChatReply):
                    cost = event
                elif event:
                    pieces.append(event)
                    yield event
                event = await anext(events, None)
        finally:
            await end_stream(events)
            cost = replace(cost, text="".join(pieces))
            told.append(cost)
            usage = self._usage(cost, estimate)
            self._meter.count(usage)
            await self._meter.hand_over(usage)

    async def aclose(self) -> None:
        """Do nothing: the model belongs to whoever connected it."""

    async def _limited(
        self,
        messages: Sequence[Message],
        *,
        format: ReplyFormat,
        schema: Mapping[str, Any] | None,
        max_tokens: int | None,
    ) -> ChatReply:
        try:
            async with asyncio.timeout(self._timeout_s):
                with self._meter.counters.call(self._kind):
                    return await self._chat.chat(messages, format=format, schema=schema, max_tokens=max_tokens)
        except TimeoutError as error:
            raise self._too_slow() from error

    async def _first(self, events: AsyncIterator[str | ChatReply]) -> str | ChatReply | None:
        try:
            async with asyncio.timeout(self._timeout_s):
                with self._meter.counters.call(self._kind):
                    return await anext(events, None)
        except TimeoutError as error:
            await end_stream(events)
            raise self._too_slow() from error

    def _failed(self, error: ModelError, estimate: int) -> ModelError:
        """The error of a failed call that the endpoint counted all the same; any other one is raised."""
        if error.unanswered:
            self._meter.hold(estimate)
        if not any(error.tokens):
            raise error
        return error

    def _too_slow(self) -> ModelError:
        limit = f"{self._timeout_s:g} s" if self._timeout_s is not None else "its own time limit"
        return ModelError(
            f"model {self.name} did not answer within {limit}; raise call_timeout_s", retryable=True, unanswered=True
        )

    def _events(self, messages: Sequence[Message], max_tokens: int | None) -> AsyncIterator[str | ChatReply]:
        if isinstance(self._chat, StreamsUsage):
            return self._chat.stream_events(messages, max_tokens=max_tokens)
        return _texts(self._chat.stream(messages, max_tokens=max_tokens))

    def _usage(self, outcome: ChatReply | ModelError, estimate: int) -> Usage:
        if isinstance(outcome, ModelError):
            return Usage(self._kind, self.name, *outcome.tokens)
        prompt, completion = outcome.prompt_tokens, outcome.completion_tokens
        if not prompt and not completion:
            # An endpoint that reports no usage must not make the budget meaningless.
            prompt, completion = estimate, estimate_tokens(outcome.text) if outcome.text else 0
        return Usage(self._kind, self.name, prompt, completion)


def _estimate(messages: Sequence[Message]) -> int:
    return sum(estimate_tokens(message.content) for message in messages)


async def _texts(pieces: AsyncIterator[str]) -> AsyncIterator[str | ChatReply]:
    try:
        async for piece in pieces:
            yield piece
    finally:
        await end_stream(pieces)
