"""Sub-questions searched one after another, each with what the step before found in place of its answer.

Nothing is answered: a reference to an earlier step is filled with names from that step's best chunks. What the model
expected as the answer counts only where these chunks hold it, so a model that is wrong costs next to nothing.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from lightrag_integrations.options import QueryOptions
from lightrag_integrations.reader import Reader
from lightrag_integrations.retrieve.bm25 import read_bm25
from lightrag_integrations.retrieve.decompose import Step
from lightrag_integrations.retrieve.fuse import fused
from lightrag_integrations.retrieve.question import Question
from lightrag_integrations.retrieve.ranking import Ranking, settled
from lightrag_integrations.retrieve.seeds import statements_by_words
from lightrag_integrations.rows import SOURCES
from lightrag_integrations.text.keys import normalise_name
from lightrag_integrations.text.scripts import UNSPACED
from lightrag_integrations.text.terms import term_hashes

__all__ = ["rank_steps"]

Rank = Callable[[Question, Reader, QueryOptions], Awaitable[Ranking]]

_BEST = 2
"""Chunks of a step that are looked at for its answer."""
_NAMES = 3
"""Names that stand for an answer that is not known."""
_TITLE, _MENTION = 0.3, 0.05
"""What a name is worth that no statement near the step is about, beside 1 for the nearest one's."""
_UNSPACED = re.compile(f"[{UNSPACED}]")


@dataclass(frozen=True, slots=True)
class _Held:
    """What a step's best chunks hold in answer to it."""

    names: tuple[str, ...] = ()
    """Likeliest first."""
    guess: str = ""
    """The model's, where the chunks hold it."""

    @property
    def words(self) -> str:
        return self.guess or ", ".join(self.names)


async def rank_steps(
    question: Question, steps: Sequence[Step], rank: Rank, reader: Reader, options: QueryOptions
) -> tuple[Ranking, tuple[str, ...]]:
    """Search for the question and for each of its steps, and add up.

    Args:
        question: The whole question; holds the vectors of the steps.
        steps: In order.
        rank: Searches in the mode chosen.
        reader: The snapshot.
        options: As for the question alone.

    Returns:
        The ranking, and the sub-questions as they were searched.
    """
    found = [await rank(question, reader, options)]
    held: list[_Held] = []
    texts: list[str] = []
    needed = {place for step in steps for place in step.needs}
    for place, step in enumerate(steps):
        asked = _asked(question, step, held)
        ranking = await rank(asked, reader, options) if asked.text else Ranking()
        found.append(ranking)
        texts.append(asked.text)
        held.append(await _answers(_sure(step, held), step.guess, ranking, reader) if place in needed else _Held())
    return fused(found), tuple(text for text in texts if text)


def _asked(question: Question, step: Step, held: Sequence[_Held]) -> Question:
    """The step as a question of its own."""
    text = step.filled({place: held[place].words for place in step.needs})
    vector = question.others.get(text, question.others.get(step.bare))
    return replace(
        _in_words(text),
        vector=vector,
        semantic=question.semantic and vector is not None,
        low_vector=vector,
        high_vector=vector,
    )


def _in_words(text: str) -> Question:
    return Question(
        text=text, terms=term_hashes(text), vector=None, semantic=False, low_vector=None, high_vector=None
    )  # fmt: skip


def _sure(step: Step, held: Sequence[_Held]) -> str:
    """The step's text with the guesses that the documents hold; names that only may be the answer are left out."""
    return step.filled({place: held[place].guess for place in step.needs})


async def _answers(asked: str, guess: str, ranking: Ranking, reader: Reader) -> _Held:
    best = await settled([(chunk, item.score) for chunk, item in ranking.chunks.items()], reader, _BEST)
    if not best:
        return _Held()
    names = await _names(asked, best, reader)
    if guess:
        rows = (await reader.chunks([chunk for chunk, _ in best])).values()
        held = any(_holds(f"{row.title}\n{row.text}", guess) for row in rows)
        guess = guess if held or any(_holds(name, guess) or _holds(guess, name) for name in names) else ""
    return _Held(names[:_NAMES], guess)


async def _names(asked: str, best: Sequence[tuple[int, float]], reader: Reader) -> tuple[str, ...]:
    """Names in the best chunks that the step itself does not name, those of the statements nearest to it first."""
    top = best[0][1]
    share = {chunk: score / top if top > 0 else 1.0 for chunk, score in best}
    worth: dict[int, float] = {}
    for chunk, entity, is_title in await reader.mentions_of_chunks(list(share)):
        worth[entity] = max(worth.get(entity, 0.0), share[chunk] * (_TITLE if is_title else _MENTION))
    near = await statements_by_words(_in_words(asked), reader, await read_bm25(reader, term_hashes(asked)), best)
    nearest = max((score for _, score in near), default=0.0) or 1.0
    for fact, score in near:
        for end in (fact.source, fact.target):
            worth[end] = max(worth.get(end, 0.0), share[fact.chunk] * score / nearest)
    rows = await reader.entities(sorted(worth), sources=SOURCES) if worth else {}
    order = sorted(rows.values(), key=lambda row: (-worth[row.id], row.key))
    return tuple(row.name for row in order if not _holds(asked, row.name))


def _holds(text: str, name: str) -> bool:
    """Whether the text has the name, not as a part of a longer word."""
    key, text = normalise_name(name), normalise_name(text)
    if _UNSPACED.search(key):
        return key in text
    return bool(key) and re.search(rf"(?<!\w){re.escape(key)}(?!\w)", text) is not None
