"""Where a walk starts: chunks that match, names in the question, facts near it."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from lightrag_integrations.reader import Reader
from lightrag_integrations.retrieve.bm25 import Bm25, best
from lightrag_integrations.retrieve.question import Question
from lightrag_integrations.retrieve.ranking import settled
from lightrag_integrations.rows import Statement
from lightrag_integrations.text.keys import normalise_name
from lightrag_integrations.text.scripts import UNSPACED
from lightrag_integrations.text.terms import term_hash, terms

if TYPE_CHECKING:
    from lightrag_integrations.rows import Floats

__all__ = [
    "FACTS_READ",
    "Seeds",
    "chunk_seeds",
    "fact_seeds",
    "keyword_list",
    "name_seeds",
    "share",
    "statements_by_words",
]

_SHARPNESS = 8
"""Power of the chunk prior: a flat prior drowns the names."""
_LEAST = 1e-9
"""What is smaller beside the best weighs nothing once it is sharpened."""
_NEAREST_FACTS = 2
FACTS_READ = 24
"""Facts between several pairs of one sentence count as one; so many are read to find two."""
_FACTS_OF_CHUNK = 64
_TIES = 200
"""Chunks that are looked at beyond the last one of a list, if they tie with it."""
_SPACED = re.compile(f"[^\\W{UNSPACED}]")


@dataclass(slots=True)
class Seeds:
    """Shares by node and signal."""

    keyword: dict[int, float] = field(default_factory=dict)
    """Chunk to share."""
    vector: dict[int, float] = field(default_factory=dict)
    """Chunk to share."""
    name: dict[int, float] = field(default_factory=dict)
    """Entity to share."""
    fact: dict[int, float] = field(default_factory=dict)
    """Entity to share."""
    facts: tuple[int, ...] = ()
    """The facts behind `fact`, strongest first."""


def chunk_seeds(keyword: Sequence[tuple[int, float]], vector: Sequence[tuple[int, float]]) -> Seeds:
    """The chunk prior: mean of both lists, each over its maximum, sharpened; split by what made it.

    Args:
        keyword: (chunk, BM25 with squared idf), best first.
        vector: (chunk, cosine), best first; empty without a real embedding model.
    """
    lists = {"keyword": _over_maximum(keyword), "vector": _over_maximum(vector)}
    given = [scores for scores in lists.values() if scores]
    seeds = Seeds()
    for chunk in dict.fromkeys(chunk for scores in given for chunk in scores):
        total = sum(scores.get(chunk, 0.0) for scores in given)
        mass = (total / len(given)) ** _SHARPNESS
        for name, scores in lists.items():
            if chunk in scores:
                getattr(seeds, name)[chunk] = mass * scores[chunk] / total
    return seeds


async def name_seeds(question: Question, reader: Reader) -> dict[int, float]:
    """Entities named in the question, longest names first and none inside another; 1/√(chunks that mention it)."""
    known = await reader.named(question.keys)
    left = f" {normalise_name(question.text)} "
    found: dict[int, float] = {}
    for key in question.keys:
        if key in known:
            left, times = _taken_out(key, left)
            if times:
                entity, mentions = known[key]
                found[entity] = 1 / math.sqrt(max(mentions, 1))
    return found


def _taken_out(key: str, text: str) -> tuple[str, int]:
    """The text without the key where it is no part of a longer word, and how often that was.

    Scripts without spaces have no such words. The text begins and ends with a space.
    """
    words = (_SPACED.match(key[0]), _SPACED.match(key[-1]))
    parts: list[str] = []
    begin, place = 0, text.find(key)
    while place >= 0:
        end = place + len(key)
        if (words[0] and _SPACED.match(text[place - 1])) or (words[1] and _SPACED.match(text[end])):
            place = text.find(key, place + 1)
        else:
            parts.append(text[begin:place])
            begin, place = end, text.find(key, end)
    return "\x00".join((*parts, text[begin:])), len(parts)


async def fact_seeds(
    question: Question, reader: Reader, bm25: Bm25, keyword: Sequence[tuple[int, float]]
) -> tuple[dict[int, float], tuple[int, ...]]:
    """Ends of the two facts nearest to the question.

    Args:
        question: Its vector finds facts where it knows more than words.
        reader: The snapshot.
        bm25: Weighs words where it does not.
        keyword: Chunks whose facts are looked at then.

    Returns:
        Entity to share, and the facts themselves.
    """
    near = await reader.nearest_facts(question.vector, FACTS_READ) if question.semantic and question.vector else []
    return _ends(near or await statements_by_words(question, reader, bm25, keyword))


async def statements_by_words(
    question: Question, reader: Reader, bm25: Bm25, keyword: Sequence[tuple[int, float]]
) -> list[tuple[Statement, float]]:
    """Facts told by the given chunks, each with the nearness of its statement's words to the question's."""
    told = await reader.statements([chunk for chunk, _ in keyword], _FACTS_OF_CHUNK)
    return _by_words(question, told, bm25)


def _ends(scored: Sequence[tuple[Statement, float]]) -> tuple[dict[int, float], tuple[int, ...]]:
    """The ends of the best two statements; facts that share a statement stand together."""
    statements: dict[tuple[int, str], list[Statement]] = defaultdict(list)
    scores: dict[tuple[int, str], float] = {}
    for fact, score in scored:
        statement = (fact.chunk, fact.description)
        statements[statement].append(fact)
        scores[statement] = max(score, scores.get(statement, 0.0))
    # The sort is stable: equal statements stay in the order read, which is that of their chunks.
    chosen = sorted(scores, key=lambda statement: -scores[statement])
    found: dict[int, float] = defaultdict(float)
    facts: list[int] = []
    for statement in chosen[:_NEAREST_FACTS]:
        if scores[statement] <= 0:
            break
        ends = dict.fromkeys(end for fact in statements[statement] for end in (fact.source, fact.target))
        for end in ends:
            found[end] += scores[statement] / len(ends)
        facts.extend(fact.fact for fact in statements[statement])
    return dict(found), tuple(facts)


def _by_words(question: Question, facts: Sequence[Statement], bm25: Bm25) -> list[tuple[Statement, float]]:
    """Cosine between the question and each statement, words weighted by squared idf.

    Words that the question lacks only lengthen the statement's vector; their idf is taken from the statements at hand,
    as reading the postings of every word would cost more than it tells.
    """
    texts = {text: Counter(terms(text)) for text in dict.fromkeys(fact.description for fact in facts)}
    frequency: Counter[str] = Counter(chain.from_iterable(texts.values()))
    squared = {word: math.log1p((len(texts) - n + 0.5) / (n + 0.5)) ** 2 for word, n in frequency.items()}
    asked = {word: bm25.idf.get(term_hash(word), 0.0) ** 2 for word in dict.fromkeys(terms(question.text))}
    squared.update((word, weight) for word, weight in asked.items() if weight)
    scores = {text: _cosine(asked, counts, squared) for text, counts in texts.items()}
    return [(fact, scores[fact.description]) for fact in facts]


def _cosine(asked: Mapping[str, float], counts: Mapping[str, int], idf: Mapping[str, float]) -> float:
    weights = {word: (1 + math.log(count)) * idf[word] for word, count in counts.items()}
    length = math.sqrt(sum(weight * weight for weight in weights.values()))
    asked_length = math.sqrt(sum(weight * weight for weight in asked.values()))
    if not length or not asked_length:
        return 0.0
    return sum(weight * weights.get(word, 0.0) for word, weight in asked.items()) / (length * asked_length)


def _over_maximum(scored: Sequence[tuple[int, float]]) -> dict[int, float]:
    top = max((score for _, score in scored), default=0.0)
    return {chunk: score / top for chunk, score in scored if score / top > _LEAST} if top > 0 else {}


async def keyword_list(bm25: Bm25, scores: Floats, reader: Reader, limit: int) -> list[tuple[int, float]]:
    """The first chunks by these scores of `bm25`."""
    return await settled(best(bm25.ids, scores, limit, ties=_TIES), reader, limit)


def share(values: Mapping[int, float]) -> dict[int, float]:
    """Values that sum to 1."""
    total = float(np.sum(list(values.values()))) if values else 0.0
    return {node: value / total for node, value in values.items()} if total > 0 else {}
