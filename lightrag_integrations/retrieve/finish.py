"""From a ranking to exactly the chunks that are returned: topped up, guarded, doubles set back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lightrag_integrations.errors import EmbeddingMismatch
from lightrag_integrations.options import QueryOptions
from lightrag_integrations.reader import Reader
from lightrag_integrations.retrieve.bm25 import best, read_bm25
from lightrag_integrations.retrieve.evidence import WALKS
from lightrag_integrations.retrieve.plain import wanted
from lightrag_integrations.retrieve.question import Question
from lightrag_integrations.retrieve.ranking import Found, Ranking, ordered, settled
from lightrag_integrations.rows import ChunkRow

__all__ = ["finish"]

_PIN = 5
"""Pinned chunks stay within so many first places."""
_TIES = 200
"""Chunks that are looked at beyond the last one of a list, if they tie with it."""
_MOST = 2**31 - 1
"""PostgreSQL's largest LIMIT of type int."""


async def finish(
    ranking: Ranking, question: Question, reader: Reader, options: QueryOptions
) -> list[tuple[ChunkRow, Found]]:
    """Chunks in their final order.

    Args:
        ranking: What the mode found.
        question: For topping up.
        reader: The snapshot.
        options: `keyword` returns matching chunks only; every other mode exactly `k` where so many are visible.
    """
    rows = dict(await reader.chunks(list(ranking.chunks)))
    order = ordered(ranking.chunks, rows)
    found = dict(ranking.chunks)
    if options.mode in WALKS:
        first, doubles = _apart(order, rows)
        first = _guarded(first, ranking.pinned, min(options.walk.guard, _PIN))
        found = _descending(first, doubles, found)
        order = first + doubles
    missing = wanted(options) - len(order)
    if missing > 0 and options.mode != "keyword":
        floor = found[order[-1]].score if order else 0.0
        if options.mode == "vector":  # its scores are cosines, and nothing is known of these
            floor = min(floor, 0.0)
        more = await _more(question, reader, set(order), missing)
        rows.update(await reader.chunks(more))
        order += more
        found.update({chunk: Found({"fill": _below(floor, place)}) for place, chunk in enumerate(more, start=1)})
    return [(rows[chunk], found[chunk]) for chunk in order[: wanted(options)] if chunk in rows]


def _apart(order: Sequence[int], rows: Mapping[int, ChunkRow]) -> tuple[list[int], list[int]]:
    """The first chunk of each content, and the doubles: they go behind all others, as they add nothing to read."""
    seen: set[str] = set()
    first: list[int] = []
    doubles: list[int] = []
    for chunk in order:
        (doubles if rows[chunk].content_hash in seen else first).append(chunk)
        seen.add(rows[chunk].content_hash)
    return first, doubles


def _guarded(order: Sequence[int], pinned: Sequence[int], guard: int) -> list[int]:
    """The order with the first pinned chunks moved up into the first places, no further than needed.

    They take the places of the last ones there that are not pinned themselves. Doubles are not in the order: the next
    pinned chunk takes their turn.
    """
    kept = [chunk for chunk in pinned if chunk in order][:guard]
    head, tail = order[:_PIN], order[_PIN:]
    late = [chunk for chunk in kept if chunk in tail]
    loose = [chunk for chunk in head if chunk not in kept]
    out = loose[len(loose) - len(late) :]
    return [
        *(chunk for chunk in head if chunk not in out),
        *late,
        *out,
        *(chunk for chunk in tail if chunk not in late),
    ]


def _descending(first: Sequence[int], doubles: Sequence[int], found: Mapping[int, Found]) -> dict[int, Found]:
    """Scores that agree with the order.

    Who was moved up is given the difference as a part of its own; doubles are brought down to the last one before
    them, all parts alike.
    """
    settled: dict[int, Found] = {}
    highest_below = _suffix_maxima([found[chunk].score for chunk in first] + [0.0] * len(doubles))
    ceiling = float("inf")
    for place, chunk in enumerate([*first, *doubles]):
        item = found[chunk]
        score = min(max(item.score, highest_below[place + 1]), ceiling)
        parts = dict(item.parts)
        if score > item.score:
            parts["guard"] = score - item.score
        elif score < item.score:
            parts = {name: value * score / item.score for name, value in parts.items()}
        settled[chunk] = replace(item, parts=parts, given=score)
        ceiling = score
    return settled


def _suffix_maxima(scores: Sequence[float]) -> list[float]:
    maxima = [0.0] * (len(scores) + 1)
    for place in range(len(scores) - 1, -1, -1):
        maxima[place] = max(scores[place], maxima[place + 1])
    return maxima


def _below(floor: float, place: int) -> float:
    """A score under the last one found, falling with the place; cosines may be negative."""
    return floor - abs(floor) * (1 - 0.5 / place)


async def _more(question: Question, reader: Reader, have: set[int], missing: int) -> list[int]:
    """Chunks not found yet: by vector, then by words, then in the order of documents."""
    more: dict[int, None] = {}
    if question.vector is not None:
        near = await _near(question, question.vector, reader, missing + len(have))
        more.update(dict.fromkeys(chunk for chunk in near if chunk not in have))
    if len(more) < missing:
        bm25 = await read_bm25(reader, question.terms)
        most = missing + len(have)
        listed = await settled(best(bm25.ids, bm25.scores(), most, ties=_TIES), reader, most)
        more.update(dict.fromkeys(chunk for chunk, _ in listed if chunk not in have))
    if len(more) < missing:
        listed_rows = await reader.all_chunks(min(missing + len(have) + len(more), _MOST))
        more.update(dict.fromkeys(row.id for row in listed_rows if row.id not in have))
    return list(more)[:missing]


async def _near(question: Question, vector: Sequence[float], reader: Reader, limit: int) -> list[int]:
    try:
        return [chunk for chunk, _ in await reader.nearest_chunks(vector, limit)]
    except EmbeddingMismatch:
        # Without the index's model a handle goes by words here as everywhere; it has said so.
        if question.semantic:
            raise
        return []
