"""Sub-questions of a question that takes several documents, made by a model where asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field

from lightrag_integrations.calls.ladder import RungMemory, structured
from lightrag_integrations.errors import ConfigurationError
from lightrag_integrations.options import QueryOptions
from lightrag_integrations.prompts import fill, load
from lightrag_integrations.protocols import ChatModel, Message
from lightrag_integrations.retrieve.question import scrub

__all__ = ["Step", "find_steps", "texts_of"]

_MOST = 6
_REFERENCE = re.compile(r"#(\d{1,2})(?!\d)")


class SubQuestion(BaseModel):
    """One record of what the model answers."""

    question: str
    expected_answer: str = ""


class Decomposition(BaseModel):
    """What the model answers; empty for a question that needs no splitting."""

    sub_questions: list[SubQuestion] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Step:
    """A sub-question; `#1` in its text stands for the answer to the first."""

    text: str
    guess: str = ""
    """The answer that the model expects; used only where the documents hold it."""
    needs: tuple[int, ...] = ()
    """Places of the earlier steps that the text refers to."""

    def filled(self, answers: Mapping[int, str]) -> str:
        """The text with answers in place of references; references without one are left out.

        Args:
            answers: Place of a step to what stands for its answer.
        """
        text = _REFERENCE.sub(lambda match: answers.get(int(match[1]) - 1, ""), self.text)
        return " ".join(text.split())

    @property
    def bare(self) -> str:
        """The text without references."""
        return self.filled({})


async def find_steps(
    question: str, options: QueryOptions, chat: ChatModel | None, rungs: RungMemory
) -> tuple[Step, ...]:
    """The model's sub-questions where `options.decompose` asks for them; none for a simple question.

    Args:
        question: The question.
        options: Whether to split.
        chat: The model.
        rungs: What is known of its formats.

    Raises:
        ConfigurationError: Splitting is asked for and there is no model.
        ModelError: The model failed.
    """
    if not options.decompose:
        return ()
    if chat is None:
        raise ConfigurationError("decompose=True needs a model; give the handle llm= (or options.models.decompose)")
    messages = [
        Message("system", options.decompose_prompt or load("decompose")),
        Message("user", fill(load("decompose_input"), question=question)),
    ]
    found, _ = await structured(chat, messages, Decomposition, rungs=rungs)
    return _steps(found.sub_questions[:_MOST])


def texts_of(steps: Sequence[Step]) -> list[str]:
    """All that has to be embedded for a search: known before it begins, so that one call is enough."""
    guesses = {place: step.guess for place, step in enumerate(steps)}
    texts = [text for step in steps for text in (step.bare, _expected(step, guesses))]
    return [text for text in dict.fromkeys(texts) if text]


def _expected(step: Step, guesses: Mapping[int, str]) -> str:
    """The text as it will be if every guess in it turns out right."""
    return step.filled(guesses) if all(guesses[place] for place in step.needs) else ""


def _steps(records: Sequence[SubQuestion]) -> tuple[Step, ...]:
    """Records as steps. One alone is the question in other words, which is nothing to search for apart."""
    texts = [scrub(record.question, optional=True) for record in records]
    steps = tuple(
        Step(text, scrub(record.expected_answer, optional=True), _earlier(text, place))
        for place, (text, record) in enumerate(zip(texts, records, strict=True))
    )
    return steps if sum(bool(step.bare) for step in steps) > 1 else ()


def _earlier(text: str, place: int) -> tuple[int, ...]:
    named: Iterable[int] = (int(number) - 1 for number in _REFERENCE.findall(text))
    return tuple(sorted({number for number in named if 0 <= number < place}))
