"""Summarise: one description of an entity that many mentions describe, written by a model, in parts where need be."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from pydantic import BaseModel

from lightrag_integrations.calls.ladder import RungMemory, first_question, structured
from lightrag_integrations.calls.meter import Meter
from lightrag_integrations.errors import BudgetExceeded, LightRAGError, ModelError
from lightrag_integrations.ingest.tasks import settle_all
from lightrag_integrations.ingest.tools import RunCPU
from lightrag_integrations.options import SummaryOptions
from lightrag_integrations.prompts import fill, load
from lightrag_integrations.protocols import ChatModel, Message, Tokenizer
from lightrag_integrations.reports import SummaryEstimate, SummaryReport
from lightrag_integrations.summaries import Limits, SummaryStore, Told

__all__ = ["SummaryTools", "estimate_summaries", "summarise_all", "summarise_documents"]

_AT_ONCE = 256
"""Entities looked at together. When all that are tried of them fail, no more are."""
_WORDS_PER_TOKEN = 0.75
_OWN_LANGUAGE = "the language of the descriptions"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class EntityDescription(BaseModel):
    """What the model answers."""

    description: str


@dataclass(frozen=True)
class SummaryTools:
    """Store, model and limits of one call."""

    store: SummaryStore
    chat: ChatModel
    rungs: RungMemory
    tokenizer: Tokenizer
    meter: Meter
    options: SummaryOptions
    run_cpu: RunCPU
    language: str = ""
    """Of the summaries; empty: that of the descriptions."""
    concurrency: int = 16

    @property
    def limits(self) -> Limits:
        """What is worth a look; a token has one byte or more, so no entity that reaches the tokens is left out."""
        return Limits(self.options.descriptions, self.options.description_tokens)

    def messages(self, name: str, lines: Sequence[str]) -> list[Message]:
        """The question about some descriptions."""
        words = str(round(self.options.length_tokens * _WORDS_PER_TOKEN))
        system = fill(load("summarise"), words=words, language=self.language or _OWN_LANGUAGE)
        user = fill(load("summarise_input"), name=" ".join(name.split()), descriptions="\n".join(lines))
        return [Message("system", system), Message("user", user)]


async def summarise_documents(document_ids: Sequence[str], tools: SummaryTools) -> SummaryReport:
    """Summarise the entities that these documents describe, as far as they need it.

    Args:
        document_ids: Stored documents.
        tools: Store, model, limits.
    """
    touched = await tools.store.touched_entities(document_ids) if document_ids else []
    return await summarise_all(touched, tools)


async def summarise_all(entities: Sequence[int] | None, tools: SummaryTools) -> SummaryReport:
    """Summarise what reaches a limit and has no summary of just its contributions. Each is kept as soon as it is made.

    Args:
        entities: Surrogate ids; None: all.
        tools: Store, model, limits.

    Raises:
        StorageError: The database is gone.
    """
    meter = tools.meter
    before = meter.model_calls, meter.prompt_tokens, meter.completion_tokens
    made, stopped, errors = 0, "", dict[str, str]()
    listed = await tools.store.much_told_entities(tools.limits) if entities is None else entities
    for start in range(0, len(listed), _AT_ONCE):
        due = await _due(listed[start : start + _AT_ONCE], tools)
        outcomes = await settle_all(partial(_summarise, tools=tools), due, limit=2 * tools.concurrency)
        failed = {one.name: error for one, error in zip(due, outcomes, strict=True) if error is not None}
        made += len(due) - len(failed)
        errors |= {name: f"{type(error).__name__}: {error}" for name, error in failed.items() if not _is_budget(error)}
        more = start + _AT_ONCE < len(listed)
        stopped = _reason([*failed.values()], hopeless=more and len(failed) == len(due) > 0)
        if stopped:
            break
    after = meter.model_calls, meter.prompt_tokens, meter.completion_tokens
    calls, prompt, completion = (late - early for late, early in zip(after, before, strict=True))
    return SummaryReport(
        made=made, failed=len(errors), stopped=stopped, errors=errors, model_calls=calls, prompt_tokens=prompt,
        completion_tokens=completion,
    )  # fmt: skip


async def estimate_summaries(entities: Sequence[int] | None, tools: SummaryTools) -> SummaryEstimate:
    """Count calls and tokens; calls no model and writes nothing.

    Args:
        entities: Surrogate ids; None: all.
        tools: Store, tokenizer, limits; its model only names the form of the question.
    """
    listed = await tools.store.much_told_entities(tools.limits) if entities is None else entities
    count = tools.tokenizer.count
    found = calls = tokens = 0
    for start in range(0, len(listed), _AT_ONCE):
        for one in await _due(listed[start : start + _AT_ONCE], tools):
            question = first_question(tools.chat, tools.messages(one.name, ()), EntityDescription, rungs=tools.rungs)
            asked = _foreseen([count(line) for line in await _lines(one.descriptions, tools)], tools)
            found += 1
            calls += len(asked)
            tokens += sum(asked) + len(asked) * sum(count(message.content) for message in question)
    limit = tools.options.max_completion_tokens
    return SummaryEstimate(
        entities=found, model_calls=calls, prompt_tokens=tokens,
        max_completion_tokens=None if limit is None else calls * limit,
    )  # fmt: skip


async def _due(entities: Sequence[int], tools: SummaryTools) -> list[Told]:
    told = await tools.store.told(entities, tools.limits)
    return await tools.run_cpu(lambda: [one for one in told if _exceeds(one, tools)])


def _exceeds(told: Told, tools: SummaryTools) -> bool:
    options = tools.options
    if len(told.descriptions) >= options.descriptions:
        return True
    return sum(map(tools.tokenizer.count, told.descriptions)) >= options.description_tokens


async def _summarise(told: Told, *, tools: SummaryTools) -> None:
    """Ask until all is in one answer, and keep that."""
    parts: Sequence[str] = told.descriptions
    while True:
        lines = await _lines(parts, tools)
        groups = await tools.run_cpu(partial(_grouped, lines, tools.tokenizer.count, tools.options.context_tokens))
        outcomes = await settle_all(
            partial(_ask, name=told.name, tools=tools, last=len(groups) == 1), groups, limit=tools.concurrency
        )
        answers: list[str] = []
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
            answers.append(outcome)
        if len(groups) == 1:
            break
        parts = answers
    await tools.store.keep_summary(told, answers[0], model=tools.chat.name)


async def _ask(lines: Sequence[str], *, name: str, tools: SummaryTools, last: bool) -> str:
    """One description of some; a single one of several groups stays as it is."""
    if len(lines) == 1 and not last:
        return str(json.loads(lines[0]))
    limit = tools.options.max_completion_tokens
    answer, _ = await structured(
        tools.chat, tools.messages(name, lines), EntityDescription, rungs=tools.rungs, max_tokens=limit
    )
    text = _UNSTORABLE.sub("", answer.description).strip()
    if limit is not None:  # which not every server heeds
        text = await tools.run_cpu(partial(tools.tokenizer.cut, text, limit))
    if not text:
        raise ModelError(f"model {tools.chat.name} gave an empty description of {name!r:.80}; try a stronger model")
    return text


async def _lines(descriptions: Sequence[str], tools: SummaryTools) -> list[str]:
    """Each as a JSON string, so that none can pass for several; cut so that any two fit into one prompt."""
    room = tools.options.context_tokens // 2

    def made() -> list[str]:
        return [_line(description, tools.tokenizer, room) for description in descriptions]

    return await tools.run_cpu(made)


def _line(description: str, tokenizer: Tokenizer, room: int) -> str:
    limit = room
    line = json.dumps(description, ensure_ascii=False)
    while limit and tokenizer.count(line) > room:
        # Quotes and line breaks take more tokens in JSON than the text has.
        limit = limit * 3 // 4
        line = json.dumps(tokenizer.cut(description, limit), ensure_ascii=False)
    return line


def _grouped(lines: Sequence[str], count: Callable[[str], int], room: int) -> list[list[str]]:
    """In order, as many as fit: two or more in each group but the last, so that there are fewer at each turn."""
    groups, left = list[list[str]](), 0
    for line in lines:
        size = count(line)
        if size > left:
            groups.append([])
            left = room
        groups[-1].append(line)
        left -= size
    return groups


def _foreseen(sizes: Sequence[int], tools: SummaryTools) -> list[int]:
    """Tokens of descriptions in each call, parts being as long as asked for."""
    asked: list[int] = []
    while True:
        groups = _grouped([str(size) for size in sizes], int, tools.options.context_tokens)
        whole = [sum(map(int, group)) for group in groups]
        asked += [size for size, group in zip(whole, groups, strict=True) if len(group) > 1 or len(groups) == 1]
        if len(groups) == 1:
            return asked
        length = min(tools.options.length_tokens, tools.options.context_tokens // 2)
        sizes = [length if len(group) > 1 else size for size, group in zip(whole, groups, strict=True)]


def _is_budget(error: BaseException) -> bool:
    return isinstance(error, BudgetExceeded)


def _reason(errors: Sequence[BaseException], *, hopeless: bool) -> str:
    """Why to go on no further; empty: go on."""
    unexpected = next((error for error in errors if not isinstance(error, LightRAGError)), None)
    if unexpected is not None:
        raise unexpected
    spent = next(filter(_is_budget, errors), None)
    return str(spent or errors[0]) if spent or hopeless else ""
