"""Structured answers from any chat model: the strongest way of asking that it understands, and a patient reader."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from pydantic import BaseModel

from lightrag_integrations.calls.parse import is_whole, read
from lightrag_integrations.calls.schema import schema_of
from lightrag_integrations.errors import FormatUnsupported, ModelError
from lightrag_integrations.prompts import fill, load
from lightrag_integrations.protocols import ChatModel, ChatReply, Message, ReplyFormat

__all__ = ["RungMemory", "first_question", "structured"]

T = TypeVar("T", bound=BaseModel)

STRIKES = 3


@dataclass(slots=True)
class _Rung:
    refused: bool = False
    proven: bool = False
    strikes: int = 0
    whole: int = 0
    spoiled: int = 0


@dataclass(slots=True)
class RungMemory:
    """Which ways of asking work with which model, and what is asked for. One per handle: each is found out once."""

    _rungs: dict[tuple[str, ReplyFormat], _Rung] = field(default_factory=dict)
    _schemas: dict[type[BaseModel], Mapping[str, Any]] = field(default_factory=dict)

    def schema(self, model: type[BaseModel]) -> Mapping[str, Any]:
        """The JSON schema of what is asked for; making one costs more than reading an answer."""
        if model not in self._schemas:
            self._schemas[model] = schema_of(model)
        return self._schemas[model]

    def formats(self, chat: ChatModel) -> tuple[ReplyFormat, ...]:
        """The formats still worth trying with this model, strongest first; never none."""
        return tuple(name for name in chat.formats if not self._rung(chat, name).refused) or ("text",)

    def refuse(self, chat: ChatModel, format: ReplyFormat) -> None:
        """The endpoint does not know this format."""
        self._rung(chat, format).refused = True

    def judge(self, chat: ChatModel, format: ReplyFormat, *, usable: bool) -> None:
        """Remember an answer: a format that is accepted but never obeyed is given up after a few."""
        rung = self._rung(chat, format)
        rung.proven = rung.proven or usable
        rung.strikes = 0 if rung.proven else rung.strikes + 1
        rung.refused = format != "text" and rung.strikes >= STRIKES

    def insists(self, chat: ChatModel, format: ReplyFormat, *, spoiled: bool) -> bool:
        """Is a spoiled answer to be asked for again? Not where such answers are this model's habit.

        Args:
            chat: The model.
            format: How it was asked.
            spoiled: The answer was cut or malformed, though something could be saved from it.
        """
        rung = self._rung(chat, format)
        rung.spoiled += spoiled
        rung.whole += not spoiled
        return spoiled and rung.spoiled <= rung.whole + STRIKES

    def _rung(self, chat: ChatModel, format: ReplyFormat) -> _Rung:
        return self._rungs.setdefault((chat.name, format), _Rung())


async def structured(
    chat: ChatModel,
    messages: Sequence[Message],
    model: type[T],
    *,
    rungs: RungMemory,
    max_tokens: int | None = None,
    attempts: int = 3,
    whole: bool = False,
    on_dropped: Callable[[int], None] | None = None,
) -> tuple[T, ChatReply]:
    """Ask for an answer in the shape of a pydantic model.

    Formats the endpoint refuses are stepped down from and remembered. Answers are read with tolerance: code fences,
    prose around the JSON, malformed JSON, an answer cut at its length limit, single bad records. An answer without
    anything usable is asked for again, the last time in the weakest format.

    Args:
        chat: The model.
        messages: The conversation; the first system message may get the schema and a reminder appended.
        model: What is expected: an object, its list fields being records that stand or fall alone.
        rungs: What is known of the model's formats.
        max_tokens: Longest answer; doubled when not even one record fitted.
        attempts: Usable answers may take so many calls.
        whole: What can be saved from an answer that was cut or malformed is taken only when further attempts bring
            nothing better, or when such answers are the model's habit.
        on_dropped: Told how many records were refused.

    Returns:
        The result and the last reply, its token counts being those of all the calls made here.

    Raises:
        ModelError: A call failed, or no answer was usable.
    """
    schema = rungs.schema(model)
    total = ChatReply("")
    reason = ""
    best: tuple[T, int] | None = None
    for attempt in range(attempts):
        weakest = best is None and 0 < attempt == attempts - 1
        reply, used = await _ask(chat, messages, schema, rungs=rungs, max_tokens=max_tokens, problem=reason,
                                 weakest=weakest)  # fmt: skip
        total = _added(total, reply)
        try:
            found = read(model, reply.text, truncated=reply.truncated)
        except ValueError as error:
            reason = str(error)
            rungs.judge(chat, used, usable=False)
            if reply.truncated and max_tokens is not None:
                max_tokens *= 2
            continue
        rungs.judge(chat, used, usable=True)
        spoiled = reply.truncated or not is_whole(reply.text)
        best = max(best or found, found, key=_records) if spoiled else found
        if not (whole and rungs.insists(chat, used, spoiled=spoiled)):
            break
    if best is None:
        raise ModelError(
            f"model {chat.name} gave no usable {model.__name__} in {attempts} answers, the last one: {reason}; "
            "try a stronger model or raise the completion limit"
        )
    result, dropped = best
    if on_dropped is not None and dropped:
        on_dropped(dropped)
    return result, total


def first_question(
    chat: ChatModel, messages: Sequence[Message], model: type[BaseModel], *, rungs: RungMemory
) -> list[Message]:
    """The messages that `structured` would send first; takes what it takes."""
    return _dressed(messages, rungs.schema(model), format=rungs.formats(chat)[0], problem="")


async def _ask(
    chat: ChatModel,
    messages: Sequence[Message],
    schema: Mapping[str, Any],
    *,
    rungs: RungMemory,
    max_tokens: int | None,
    problem: str,
    weakest: bool,
) -> tuple[ChatReply, ReplyFormat]:
    formats = rungs.formats(chat)
    for used in formats[-1:] if weakest else formats:
        dressed = _dressed(messages, schema, format=used, problem=problem)
        try:
            reply = await chat.chat(dressed, format=used, schema=schema, max_tokens=max_tokens)
        except FormatUnsupported:
            if used == formats[-1]:
                raise
            rungs.refuse(chat, used)
            continue
        return reply, used
    raise ModelError(f"model {chat.name} offers no format")  # unreachable: formats is never empty


def _dressed(
    messages: Sequence[Message], schema: Mapping[str, Any], *, format: ReplyFormat, problem: str
) -> list[Message]:
    """The messages with what this format needs said in words, in the first system message so that caches hit."""
    extra = []
    if format in ("json_object", "text"):
        shape = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
        extra.append(fill(load("json_shape"), schema=shape))
    if problem:
        extra.append(load("json_reminder"))
    if not extra:
        return list(messages)
    if messages and messages[0].role == "system":
        return [replace(messages[0], content="\n\n".join([messages[0].content, *extra])), *messages[1:]]
    return [Message("system", "\n\n".join(extra)), *messages]


def _added(total: ChatReply, reply: ChatReply) -> ChatReply:
    return replace(
        reply,
        prompt_tokens=total.prompt_tokens + reply.prompt_tokens,
        completion_tokens=total.completion_tokens + reply.completion_tokens,
    )


def _records(found: tuple[BaseModel, int]) -> int:
    result, _ = found
    return sum(len(value) for _, value in result if isinstance(value, Sized))
