"""Chat models of other makes, recognised by their methods; no framework is imported to look."""

from __future__ import annotations

import importlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from lightrag_integrations.errors import ConfigurationError, ModelError
from lightrag_integrations.protocols import ChatModel, ChatReply, Message, ReplyFormat
from lightrag_integrations.providers.blocking import RunBlocking, guarded, streamed
from lightrag_integrations.providers.errors import ForeignErrors
from lightrag_integrations.providers.limits import Call, Limits
from lightrag_integrations.providers.naming import has, model_name, plain_text, type_name

__all__ = ["adopt_chat", "check_chat"]

_CUT_SHORT = frozenset({"length", "max_tokens", "max_output_tokens"})
_LLAMA_INDEX = ("chat", "complete", "stream_chat")


def adopt_chat(obj: object, *, run_blocking: RunBlocking) -> ChatModel:
    """A live `ChatModel` for whatever the user gave as `llm`.

    Models of LangChain and LlamaIndex are called through their blocking methods, in threads: their asynchronous
    clients belong to whichever loop used them first, which is the user's. Whatever a model raises becomes
    `ModelError`, retryable where its type or status says so. They are asked for structured answers in words. A length
    limit that the user gave them stands; else ours is passed on where the client has a field for it (see `Limits`).

    Args:
        obj: Settings of ours (anything with `connect()`), a `ChatModel`, a LangChain chat model or any other Runnable
            from messages to text, or a LlamaIndex `LLM`.
        run_blocking: Runs blocking calls in threads.

    Raises:
        ConfigurationError: It is none of these.
    """
    check_chat(obj)
    if has(obj, "connect"):
        connected = obj.connect()  # type: ignore[attr-defined]
        if not isinstance(connected, ChatModel):
            raise _not_a_chat("llm", obj)
        return connected
    if isinstance(obj, ChatModel):
        return _GuardedUsageChat(obj) if has(obj, "stream_events") else _GuardedChat(obj)
    return _LlamaIndexChat(obj, run_blocking) if has(obj, *_LLAMA_INDEX) else _LangChainChat(obj, run_blocking)


def check_chat(obj: object, name: str = "llm") -> None:
    """Refuse what can't be a chat model, without opening anything.

    Args:
        obj: As given by the user.
        name: What the user calls it.

    Raises:
        ConfigurationError: It is none.
    """
    if isinstance(obj, type):
        raise ConfigurationError(f"{name}: got the class {obj.__name__}; give an object made from it")
    if has(obj, "connect"):
        fine = getattr(obj, "makes", "chat") == "chat"
    else:
        fine = isinstance(obj, ChatModel) or has(obj, *_LLAMA_INDEX) or has(obj, "invoke", "stream", "batch")
    if not fine:
        raise _not_a_chat(name, obj)


def _not_a_chat(name: str, obj: object) -> ConfigurationError:
    return ConfigurationError(
        f"{name}: got {type_name(obj)}; expected OpenAIChatModel, a LangChain chat model, a LlamaIndex LLM or an "
        "object with the methods of ChatModel"
    )


class _GuardedChat:
    """A user's own `ChatModel`: its errors become ours, and it stays the user's."""

    def __init__(self, chat: ChatModel) -> None:
        self.name = chat.name
        self.formats = chat.formats
        self._chat = chat

    async def chat(
        self,
        messages: Sequence[Message],
        *,
        format: ReplyFormat = "text",
        schema: Mapping[str, Any] | None = None,
        max_tokens: int | None = None,
    ) -> ChatReply:
        """Ask the user's model."""
        with ForeignErrors(f"chat model {self.name}", format=format):
            return await self._chat.chat(messages, format=format, schema=schema, max_tokens=max_tokens)

    async def stream(self, messages: Sequence[Message], *, max_tokens: int | None = None) -> AsyncIterator[str]:
        """Pass the pieces on."""
        with ForeignErrors(f"chat model {self.name}"):
            pieces = self._chat.stream(messages, max_tokens=max_tokens)
            try:
                async for piece in pieces:
                    yield piece
            finally:
                if isinstance(pieces, AsyncGenerator):
                    await pieces.aclose()

    async def aclose(self) -> None:
        """Do nothing: the model is the user's, and other handles may use it too."""


class _GuardedUsageChat(_GuardedChat):
    """One that also tells what a stream cost."""

    async def stream_events(
        self, messages: Sequence[Message], *, max_tokens: int | None = None
    ) -> AsyncIterator[str | ChatReply]:
        """Pass the pieces on, and what they cost."""
        with ForeignErrors(f"chat model {self.name}"):
            events = self._chat.stream_events(messages, max_tokens=max_tokens)  # type: ignore[attr-defined]
            try:
                async for event in events:
                    yield event
            finally:
                if isinstance(events, AsyncGenerator):
                    await events.aclose()


class _BlockingChat:
    """What both frameworks have in common: blocking methods, text only."""

    formats: tuple[ReplyFormat, ...] = ("text",)

    def __init__(self, model: Any, run_blocking: RunBlocking) -> None:
        self.name = model_name(model)
        self._limits = Limits(model)
        self._run_blocking = run_blocking
        self._doing = f"chat model {self.name}"

    async def chat(
        self,
        messages: Sequence[Message],
        *,
        format: ReplyFormat = "text",
        schema: Mapping[str, Any] | None = None,
        max_tokens: int | None = None,
    ) -> ChatReply:
        """Ask in a thread, again without the limit where it is refused; `format` and `schema` say nothing here."""
        call = self._limits.call(max_tokens)
        try:
            return await self._run_blocking(guarded(lambda: self._answer(messages, call), self._doing))
        except ModelError as error:
            if not self._limits.given_up(error, call):
                raise
        return await self._run_blocking(guarded(lambda: self._answer(messages, self._limits.call(None)), self._doing))

    async def stream(self, messages: Sequence[Message], *, max_tokens: int | None = None) -> AsyncIterator[str]:
        """Iterate in a thread, again without the limit where it is refused."""
        call = self._limits.call(max_tokens)
        begun = False
        try:
            async with aclosing(self._streamed(messages, call)) as pieces:
                async for piece in pieces:
                    begun = True
                    yield piece
            return
        except ModelError as error:
            if begun or not self._limits.given_up(error, call):
                raise
        async with aclosing(self._streamed(messages, self._limits.call(None))) as pieces:
            async for piece in pieces:
                yield piece

    async def aclose(self) -> None:
        """Nothing: the model is the user's."""

    def _streamed(self, messages: Sequence[Message], call: Call) -> AsyncGenerator[str]:
        return streamed(lambda: self._pieces(messages, call), self._run_blocking, self._doing)

    def _answer(self, messages: Sequence[Message], call: Call) -> ChatReply:
        raise NotImplementedError

    def _pieces(self, messages: Sequence[Message], call: Call) -> Iterator[str]:
        raise NotImplementedError


class _LangChainChat(_BlockingChat):
    def _answer(self, messages: Sequence[Message], call: Call) -> ChatReply:
        model, further = call
        answer = model.invoke(_pairs(messages), **further)
        usage = getattr(answer, "usage_metadata", None) or {}
        return ChatReply(
            plain_text(answer),
            int(usage.get("input_tokens") or 0),
            int(usage.get("output_tokens") or 0),
            truncated=_cut_short(getattr(answer, "response_metadata", None)),
            model=_text(getattr(answer, "response_metadata", None), "model_name", "model"),
        )

    def _pieces(self, messages: Sequence[Message], call: Call) -> Iterator[str]:
        model, further = call
        return (plain_text(piece) for piece in model.stream(_pairs(messages), **further))


class _LlamaIndexChat(_BlockingChat):
    def _answer(self, messages: Sequence[Message], call: Call) -> ChatReply:
        model, further = call
        answer = model.chat(_llama_messages(messages), **further)
        raw = getattr(answer, "raw", None)
        prompt, completion = _llama_tokens(answer, raw)
        text = getattr(answer.message, "content", None) or ""
        truncated = _cut_short(_first_choice(raw))
        return ChatReply(text, prompt, completion, truncated=truncated, model=_text(raw, "model"))

    def _pieces(self, messages: Sequence[Message], call: Call) -> Iterator[str]:
        model, further = call
        return (piece.delta or "" for piece in model.stream_chat(_llama_messages(messages), **further))


def _pairs(messages: Sequence[Message]) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in messages]


def _llama_messages(messages: Sequence[Message]) -> list[Any]:
    # A LlamaIndex model is at hand, so its framework is there; nothing is imported where it is not used.
    make: Callable[..., Any] = importlib.import_module("llama_index.core.llms").ChatMessage
    return [make(role=message.role, content=message.content) for message in messages]


def _llama_tokens(answer: Any, raw: Any) -> tuple[int, int]:
    for holder in (_get(raw, "usage"), getattr(answer, "additional_kwargs", None)):
        for names in (("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens")):
            prompt, completion = (_get(holder, name) for name in names)
            if isinstance(prompt, int) and isinstance(completion, int):
                return prompt, completion
    return 0, 0


def _first_choice(raw: Any) -> Any:
    choices = _get(raw, "choices")
    return choices[0] if isinstance(choices, Sequence) and choices else raw


def _cut_short(told: Any) -> bool:
    reasons = (_get(told, name) for name in ("finish_reason", "stop_reason", "stopReason", "done_reason"))
    return any(str(getattr(reason, "value", reason)).lower() in _CUT_SHORT for reason in reasons if reason)


def _text(holder: Any, *names: str) -> str:
    """The first of these that is text."""
    values = (_get(holder, name) for name in names)
    return next((value for value in values if isinstance(value, str) and value), "")


def _get(holder: Any, name: str) -> Any:
    return holder.get(name) if isinstance(holder, Mapping) else getattr(holder, name, None)
