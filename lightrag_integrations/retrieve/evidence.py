"""A search in words: hits with their evidence, entities and relations near the question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise, zip_longest

from lightrag_integrations.models import Evidence, Hit, RetrievalResult
from lightrag_integrations.options import QueryOptions
from lightrag_integrations.retrieve.ranking import Found, Ranking
from lightrag_integrations.rows import ChunkRow, EntityRow, FactRow, relation_views
from lightrag_integrations.store import Reader

__all__ = ["describe"]

PLAIN = ("keyword", "vector")
"""Modes without the graph: there is nothing to read."""
WALKS = ("graph", "mix")

_FACTS = 5
_FACTS_EXPLAINED = 12
_TOLD = 60
_BETWEEN = 3


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
    if options.mode in PLAIN:
        plain = tuple(row.hit(found.score, Evidence(parts=dict(found.parts))) for row, found in chosen)
        return RetrievalResult(query="", mode=options.mode, hits=plain)
    named = {*ranking.entities, *_entities_in(found for _, found in chosen)}
    entities = await reader.entities(sorted(named)) if named else {}
    stored = {*ranking.facts, *(fact for _, found in chosen for fact in found.facts)}
    facts = await reader.facts(sorted(stored)) if stored else {}
    told = await _told(chosen, reader)
    steps = await _steps(chosen, reader) if options.explain else {}
    chunks = await _chunks_on_paths(chosen, reader) if options.explain else {}
    limit = _FACTS_EXPLAINED if options.explain else _FACTS
    hits: list[Hit] = []
    along: list[list[FactRow]] = []
    for row, found in chosen:
        walked = [steps[pair] for pair in _pairs(found) if pair in steps]
        known = [facts[fact] for fact in found.facts if fact in facts]
        views = _distinct([*walked, *known, *_touching(told.get(row.id, ()), found)])[:limit]
        along.append(views)
        evidence = Evidence(
            parts=dict(found.parts),
            entities=tuple(entities[entity].name for entity in found.entities if entity in entities),
            facts=tuple(fact.view for fact in views),
            path=_words(found, entities, chunks) if options.explain else (),
        )
        hits.append(row.hit(found.score, evidence))
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
    return {
        entity for item in found for entity in (*item.entities, *(node for kind, node in item.path if kind == "entity"))
    }


async def _told(chosen: Sequence[tuple[ChunkRow, Found]], reader: Reader) -> Mapping[int, list[FactRow]]:
    """Facts that the chosen chunks tell themselves."""
    told: dict[int, list[FactRow]] = {}
    for fact in await reader.facts_of_chunks([row.id for row, _ in chosen], _TOLD):
        told.setdefault(fact.chunk, []).append(fact)
    return told


def _touching(facts: Sequence[FactRow], found: Found) -> list[FactRow]:
    """A chunk's own facts about the entities it was reached through: those about two of them first."""
    through = set(found.entities)
    touching = [(len({fact.source, fact.target} & through), place, fact) for place, fact in enumerate(facts)]
    return [fact for count, _, fact in sorted(touching, key=lambda item: (-item[0], item[1])) if count]


def _pairs(found: Found) -> list[tuple[int, int]]:
    """Neighbouring entities of the path."""
    path = found.path
    return [(min(a, b), max(a, b)) for (kind, a), (other, b) in pairwise(path) if kind == other == "entity" and a != b]


async def _steps(chosen: Sequence[tuple[ChunkRow, Found]], reader: Reader) -> dict[tuple[int, int], FactRow]:
    """The heaviest fact behind each step from entity to entity."""
    pairs = sorted({pair for _, found in chosen for pair in _pairs(found)})
    steps: dict[tuple[int, int], FactRow] = {}
    for fact in await reader.facts_between(pairs, _BETWEEN) if pairs else ():
        steps.setdefault((min(fact.source, fact.target), max(fact.source, fact.target)), fact)
    return steps


async def _chunks_on_paths(chosen: Sequence[tuple[ChunkRow, Found]], reader: Reader) -> dict[int, ChunkRow]:
    """The chunks that paths lead through; a seed need not be among the hits."""
    rows = {row.id: row for row, _ in chosen}
    others = {node for _, found in chosen for kind, node in found.path if kind == "chunk"} - set(rows)
    return {**rows, **(await reader.chunks(sorted(others)) if others else {})}


def _distinct(facts: Iterable[FactRow]) -> list[FactRow]:
    """Each statement of a chunk once."""
    seen: dict[tuple[str, str], FactRow] = {}
    for fact in facts:
        view = fact.view
        said = view.description or f"{view.source} {' '.join(view.keywords)} {view.target}"
        seen.setdefault((view.chunk_id, said), fact)
    return list(seen.values())


def _words(found: Found, entities: Mapping[int, EntityRow], chunks: Mapping[int, ChunkRow]) -> tuple[str, ...]:
    """Names of the path's entities, ids of its chunks."""
    return tuple(
        entities[node].name if kind == "entity" else chunks[node].chunk_id
        for kind, node in found.path
        if (node in entities if kind == "entity" else node in chunks)
    )
