"""A search in words: hits with their evidence, entities and relations near the question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from lightrag_integrations.models import Evidence, Hit, RetrievalResult
from lightrag_integrations.options import QueryOptions
from lightrag_integrations.reader import Reader
from lightrag_integrations.retrieve.explain import Explanation, explain
from lightrag_integrations.retrieve.ranking import Found, Ranking
from lightrag_integrations.rows import SOURCES, ChunkRow, FactRow, Statement, relation_views

__all__ = ["WALKS", "describe"]

PLAIN = ("keyword", "vector")
"""Modes without the graph: there is nothing to read."""
WALKS = ("graph", "mix")

_FACTS = 5
_FACTS_EXPLAINED = 12
_TOLD = 60


async def describe(
    chosen: Sequence[tuple[ChunkRow, Found]], ranking: Ranking, reader: Reader, options: QueryOptions
) -> RetrievalResult:
    """Put a search into words: hits with evidence, entities and relations near the question.

    Args:
        chosen: Chunks in final order.
        ranking: What the mode found.
        reader: The snapshot.
        options: Mode, `explain` (paths and more facts), `seeds` (most relations).

    Returns:
        A result without its query.
    """
    explained = await explain(chosen, ranking, reader) if options.explain else {}
    if options.mode in PLAIN:
        plain = tuple(
            row.hit(found.score, _evidence(found, told=explained.get(row.id, Explanation()))) for row, found in chosen
        )
        return RetrievalResult(query="", mode=options.mode, hits=plain)
    entities = await reader.entities(sorted(ranking.entities), sources=SOURCES) if ranking.entities else {}
    limit = _FACTS_EXPLAINED if options.explain else _FACTS
    told = await _told(chosen, reader, limit)
    stored = {*ranking.facts, *(fact for row, found in chosen for fact in (*found.facts, *told.get(row.id, ())))}
    through = _entities_in(found for _, found in chosen) - {*entities}
    facts, names = await reader.facts_and_names(sorted(stored), sorted(through))
    called = {entity: row.name for entity, row in entities.items()} | {**names}
    hits: list[Hit] = []
    along: list[list[FactRow]] = []
    for row, found in chosen:
        why = explained.get(row.id, Explanation())
        known = [facts[fact] for fact in (*found.facts, *told.get(row.id, ())) if fact in facts]
        views = _distinct([*why.facts, *known])[:limit]
        along.append(views)
        reached = tuple(called[entity] for entity in found.entities if entity in called)
        hits.append(row.hit(found.score, _evidence(found, reached, views, told=why)))
    near = [facts[fact] for fact in ranking.facts if fact in facts]
    if options.mode in WALKS:
        # The facts that a walk started from are few; what its best hits rest on belongs to them.
        near += [fact for turn in zip_longest(*along) for fact in turn if fact is not None]
    return RetrievalResult(
        query="",
        mode=options.mode,
        hits=tuple(hits),
        entities=tuple(entities[entity].view() for entity in ranking.entities if entity in entities),
        relations=tuple(relation_views(near)[: options.seeds]),
    )


def _entities_in(found: Iterable[Found]) -> set[int]:
    return {entity for item in found for entity in item.entities}


async def _told(chosen: Sequence[tuple[ChunkRow, Found]], reader: Reader, limit: int) -> dict[int, list[int]]:
    """Facts that the chosen chunks tell themselves, of each at most `limit` statements."""
    told: dict[int, list[Statement]] = {}
    for statement in await reader.statements([row.id for row, _ in chosen], _TOLD):
        told.setdefault(statement.chunk, []).append(statement)
    return {row.id: _touching(told.get(row.id, ()), found, limit) for row, found in chosen}


def _touching(statements: Sequence[Statement], found: Found, limit: int) -> list[int]:
    """A chunk's own facts about the entities it was reached through: those about two of them first."""
    through = set(found.entities)
    distinct: dict[object, int] = {}
    for one in sorted(statements, key=lambda one: -len({one.source, one.target} & through)):
        if one.source in through or one.target in through:
            distinct.setdefault(one.description or one.fact, one.fact)
    return list(distinct.values())[:limit]


def _evidence(
    found: Found, names: tuple[str, ...] = (), facts: Sequence[FactRow] = (), *, told: Explanation
) -> Evidence:
    return Evidence(
        parts=dict(found.parts),
        entities=names,
        facts=tuple(fact.view for fact in facts),
        path=told.words,
        steps=told.steps,
        seeds=told.seeds,
    )


def _distinct(facts: Iterable[FactRow]) -> list[FactRow]:
    """Each statement of a chunk once."""
    seen: dict[tuple[str, str], FactRow] = {}
    for fact in facts:
        view = fact.view
        said = view.description or f"{view.source} {' '.join(view.keywords)} {view.target}"
        seen.setdefault((view.chunk_id, said), fact)
    return list(seen.values())
