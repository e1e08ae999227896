"""Suggested duplicates: pairs of entities that may be one, with scores and reasons. Nothing is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from heapq import nsmallest

from lightrag_integrations.errors import InputError
from lightrag_integrations.filters import parse_filter
from lightrag_integrations.graph.likeness import Name, candidates, likeness
from lightrag_integrations.graph.reading import Reading, Where, positive
from lightrag_integrations.models import Frozen
from lightrag_integrations.reader import Reader

__all__ = ["Duplicate", "Suggesting"]

_NEAREST = 5
_LOOK = 20
"""For each pair asked for, so many are compared in meaning, too."""
_NEAR = 0.75
"""Below this cosine nearness says nothing."""
Pair = tuple[int, int]


class Duplicate(Frozen):
    """Two entities that may be one."""

    first: str
    """The one with more mentions."""
    second: str
    score: float
    """From 0 to 1."""
    name_score: float
    """How alike the names are."""
    meaning: float | None = None
    """Cosine of the vectors of the names; None: they have none, or were not compared."""
    reasons: tuple[str, ...] = ()


class Suggesting(Reading):
    """The suggestions of `index.graph`."""

    def duplicates(self, *, limit: int = 50, min_score: float = 0.8, filter: Where = None) -> list[Duplicate]:
        """Pairs of entities that may be one, likeliest first. Read only; which are one is for you to say.

        Names are compared that share a rare word, follow each other in order, or may be the initials of the other, and
        names whose vectors are near each other, where there is a vector index or there are at most 2,000 entities.

        Args:
            limit: At most so many pairs.
            min_score: Only pairs of at least this score, 0 to 1.
            filter: See the class.
        """
        return self._live.read(lambda: self._duplicates(limit, min_score, filter))

    async def aduplicates(self, *, limit: int = 50, min_score: float = 0.8, filter: Where = None) -> list[Duplicate]:
        """Like `duplicates`."""
        return await self._live.aread(lambda: self._duplicates(limit, min_score, filter))

    async def _duplicates(self, limit: int, min_score: float, where: Where) -> list[Duplicate]:
        positive("limit", limit)
        if not isinstance(min_score, int | float) or not 0 <= min_score <= 1:
            raise InputError(f"min_score: got {min_score!r:.40}; expected a number from 0 to 1")
        async with self._live.reading(parse_filter(where)) as reader:
            names = [
                Name(row.id, row.key, row.name, row.type, row.mentions) async for row in reader.whole_entities()
            ]  # fmt: skip
            named = await asyncio.to_thread(_by_name, names, _LOOK * limit)
            meanings = await _meanings(reader, names, named)
        found = await asyncio.to_thread(_judged, names, {*named, *meanings}, meanings)
        good = (one for one in found if one.score >= min_score)
        return nsmallest(limit, good, key=lambda one: (-one.score, one.first, one.second))


def _by_name(names: Sequence[Name], most: int) -> list[Pair]:
    """The pairs most alike in name, as positions."""
    scored = ((-likeness(names[a], names[b])[0], a, b) for a, b in candidates(names))
    return [(a, b) for _, a, b in nsmallest(most, scored)]


async def _meanings(reader: Reader, names: Sequence[Name], pairs: Sequence[Pair]) -> dict[Pair, float]:
    """Cosines of these pairs, and of near ones, by position."""
    places = {name.id: place for place, name in enumerate(names)}
    rows = [
        *await reader.near_entities([name.id for name in names], _NEAREST),
        *await reader.entity_cosines([(names[a].id, names[b].id) for a, b in pairs]),
    ]
    found: dict[Pair, float] = {}
    for first, second, cosine in rows:
        if first in places and second in places:  # what no visible chunk mentions is not there
            a, b = sorted((places[first], places[second]))
            found[a, b] = cosine
    return found


def _judged(names: Sequence[Name], pairs: set[Pair], meanings: Mapping[Pair, float]) -> list[Duplicate]:
    return [_duplicate(names[a], names[b], meanings.get((a, b))) for a, b in sorted(pairs)]


def _duplicate(one: Name, other: Name, meaning: float | None) -> Duplicate:
    first, second = sorted((one, other), key=lambda name: (-name.mentions, name.key))
    alike, reason = likeness(one, other)
    near = meaning if meaning is not None and meaning >= _NEAR else 0.0
    high, low = max(alike, near), min(alike, near)
    reasons = [reason] if alike else []
    reasons += ["near in meaning"] if near else []
    reasons += [f"both are of type {one.type}"] if one.type and one.type.casefold() == other.type.casefold() else []
    # What both say counts for more than either, and never for more than certain.
    score = min(high + (1 - high) * low / 2, 1.0)
    return Duplicate(
        first=first.name, second=second.name, score=round(score, 4), name_score=round(alike, 4),
        meaning=None if meaning is None else round(meaning, 4), reasons=tuple(reasons),
    )  # fmt: skip
