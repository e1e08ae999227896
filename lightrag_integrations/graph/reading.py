"""Entities and relations, read from the visible contributions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lightrag_integrations.errors import InputError
from lightrag_integrations.filters import parse_filter
from lightrag_integrations.models import EntityView, RelationView, Subgraph
from lightrag_integrations.rows import relation_views

if TYPE_CHECKING:
    from lightrag_integrations._live import Live
    from lightrag_integrations.reader import Reader
    from lightrag_integrations.rows import FactRow

__all__ = ["ALL", "Reading", "Where", "find_entities", "positive"]

ALL = 2**31 - 1
"""The limit of what has none."""
_HOPS_MAX = 4
Where = Mapping[str, Any] | None


class Reading:
    """What can be asked of a graph. Names are matched as ingestion normalises them.

    Every method takes a metadata `filter`: what is said only by documents that do not pass is not there.
    """

    def __init__(self, live: Live, keeper: object) -> None:
        """Keep the handle's live part, and what keeps it open."""
        self._live = live
        self._keeper = keeper

    def entity(self, name: str, *, filter: Where = None) -> EntityView | None:
        """One entity; None when no visible chunk mentions it."""
        return self._live.read(lambda: self._entity(name, filter))

    async def aentity(self, name: str, *, filter: Where = None) -> EntityView | None:
        """Like `entity`."""
        return await self._live.aread(lambda: self._entity(name, filter))

    def relation(self, first: str, second: str, *, filter: Where = None) -> RelationView | None:
        """Everything visible that is said of a pair of entities; None when nothing is."""
        return self._live.read(lambda: self._relation(first, second, filter))

    async def arelation(self, first: str, second: str, *, filter: Where = None) -> RelationView | None:
        """Like `relation`."""
        return await self._live.aread(lambda: self._relation(first, second, filter))

    def neighbours(self, name: str, *, limit: int = 20, filter: Where = None) -> list[RelationView]:
        """Relations of an entity, heaviest first.

        Args:
            name: The entity.
            limit: At most so many relations.
            filter: See the class.
        """
        return self._live.read(lambda: self._neighbours(name, limit, filter))

    async def aneighbours(self, name: str, *, limit: int = 20, filter: Where = None) -> list[RelationView]:
        """Like `neighbours`."""
        return await self._live.aread(lambda: self._neighbours(name, limit, filter))

    def subgraph(self, names: Sequence[str], *, hops: int = 1, limit: int = 100, filter: Where = None) -> Subgraph:
        """Entities within some hops of the given ones, and the relations between them.

        Args:
            names: Where to start; unknown names are left out.
            hops: 0 to 4.
            limit: At most so many entities; nearer and heavier ones first.
            filter: See the class.
        """
        return self._live.read(lambda: self._subgraph(names, hops=hops, limit=limit, where=filter))

    async def asubgraph(
        self, names: Sequence[str], *, hops: int = 1, limit: int = 100, filter: Where = None
    ) -> Subgraph:
        """Like `subgraph`."""
        return await self._live.aread(lambda: self._subgraph(names, hops=hops, limit=limit, where=filter))

    async def _entity(self, name: str, where: Where) -> EntityView | None:
        async with self._live.reading(parse_filter(where)) as reader:
            ids = await find_entities(reader, [name])
            rows = await reader.entities(ids)
            return rows[ids[0]].view() if ids else None

    async def _relation(self, first: str, second: str, where: Where) -> RelationView | None:
        async with self._live.reading(parse_filter(where)) as reader:
            ids = await find_entities(reader, [first, second])
            if len(ids) != 2:
                return None
            relations = await _relations(reader, [(ids[0], ids[1])])
            return relations[0] if relations else None

    async def _neighbours(self, name: str, limit: int, where: Where) -> list[RelationView]:
        positive("limit", limit)
        async with self._live.reading(parse_filter(where)) as reader:
            ids = await find_entities(reader, [name])
            return await _relations(reader, await reader.heaviest_pairs(ids, limit))

    async def _subgraph(self, names: Sequence[str], *, hops: int, limit: int, where: Where) -> Subgraph:
        positive("limit", limit)
        if not isinstance(hops, int) or not 0 <= hops <= _HOPS_MAX:
            raise InputError(f"hops: got {hops!r:.40}; expected 0 to {_HOPS_MAX}")
        async with self._live.reading(parse_filter(where)) as reader:
            found = dict.fromkeys((await find_entities(reader, names))[:limit])
            frontier: list[int] = [*found]
            for _ in range(hops):
                near = await reader.heaviest_pairs(frontier, limit)
                frontier = [*dict.fromkeys(other for _, other in near if other not in found)][: limit - len(found)]
                found.update(dict.fromkeys(frontier))
            rows = await reader.entities([*found])
            return Subgraph(
                entities=tuple(rows[entity].view() for entity in found if entity in rows),
                relations=tuple(await _relations(reader, await reader.pairs_among([*found]))),
            )


async def find_entities(reader: Reader, names: Sequence[str]) -> list[int]:
    """Ids of the visible entities with these names, in order, unknown ones left out."""
    from lightrag_integrations.text.keys import normalise_name

    listed: list[object] = [*names] if isinstance(names, Iterable) and not isinstance(names, str) else [names]
    if not all(isinstance(name, str) for name in listed):
        raise InputError(f"names: got {names!r:.80}; expected text")
    keys = [normalise_name(name) for name in map(str, listed)]
    known = await reader.named(keys)
    return [known[key][0] for key in dict.fromkeys(keys) if key in known]


async def _relations(reader: Reader, pairs: Sequence[tuple[int, int]]) -> list[RelationView]:
    """Everything visible that is said of these pairs, heaviest pair first, ties by names."""
    facts = await reader.facts_between(pairs, ALL)
    names = await reader.shown_names([*{end for fact in facts for end in (fact.source, fact.target)}])
    relations = relation_views(_called(fact, names[fact.source], names[fact.target]) for fact in facts)
    return sorted(relations, key=lambda relation: (-relation.weight, relation.source, relation.target))


def _called(fact: FactRow, source: str, target: str) -> FactRow:
    if (fact.view.source, fact.view.target) == (source, target):
        return fact
    return replace(fact, view=fact.view.model_copy(update={"source": source, "target": target}))


def positive(name: str, value: int) -> None:
    """Refuse what is no whole number above 0."""
    if not isinstance(value, int) or not 1 <= value < 2**31:
        raise InputError(f"{name}: got {value!r:.40}; expected a whole number above 0")
