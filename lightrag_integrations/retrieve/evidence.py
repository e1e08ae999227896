"""Hits with their evidence in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from lightrag_integrations.models import EntityView, Evidence, FactView, Hit, RelationView
from lightrag_integrations.protocols import ChunkRow, EntityRow, FactRow, Reader
from lightrag_integrations.retrieve.ranking import Found, Ranking

__all__ = ["make_hits", "near_entities", "near_relations"]

_FACTS = 5
_FACTS_EXPLAINED = 12
_TOLD = 60
_BETWEEN = 3


async def make_hits(
    chosen: Sequence[tuple[ChunkRow, Found]], reader: Reader, *, graph: bool, explain: bool
) -> tuple[Hit, ...]:
    """Turn chunks into hits.

    Args:
        chosen: In final order.
        reader: The snapshot.
        graph: The mode uses the graph; without it there is nothing to read.
        explain: Paths and more facts.
    """
    if not graph:
        return tuple(_hit(row, found, Evidence(parts=dict(found.parts))) for row, found in chosen)
    entities = await reader.entities(sorted(_entities_in(found for _, found in chosen)))
    facts = await reader.facts(sorted({fact for _, found in chosen for fact in found.facts}))
    told = await _told(chosen, reader)
    steps = await _steps(chosen, reader) if explain else {}
    limit = _FACTS_EXPLAINED if explain else _FACTS
    hits = []
    for row, found in chosen:
        along = [steps[pair] for pair in _pairs(found) if pair in steps]
        stored = [facts[fact].view for fact in found.facts if fact in facts]
        views = _distinct([*along, *stored, *_touching(told.get(row.id, ()), found)])[:limit]
        evidence = Evidence(
            parts=dict(found.parts),
            entities=tuple(entities[entity].name for entity in found.entities if entity in entities),
            facts=tuple(views),
            path=_words(found, entities, chosen) if explain else (),
        )
        hits.append(_hit(row, found, evidence))
    return tuple(hits)


async def near_entities(ranking: Ranking, reader: Reader) -> tuple[EntityView, ...]:
    """The ranking's entities, strongest first."""
    rows = await reader.entities(list(ranking.entities)) if ranking.entities else {}
    return tuple(
        EntityView(
            name=row.name,
            type=row.type,
            description=row.description,
            degree=row.degree,
            mentions=row.mentions,
            document_ids=row.document_ids,
        )
        for row in (rows[entity] for entity in ranking.entities if entity in rows)
    )


async def near_relations(ranking: Ranking, reader: Reader) -> tuple[RelationView, ...]:
    """The ranking's facts, gathered by pair of entities, strongest first."""
    rows = await reader.facts(list(ranking.facts)) if ranking.facts else {}
    pairs: dict[tuple[int, int], list[FactView]] = {}
    for fact in ranking.facts:
        if fact in rows:
            row = rows[fact]
            pairs.setdefault((min(row.source, row.target), max(row.source, row.target)), []).append(row.view)
    return tuple(
        RelationView(
            source=views[0].source,
            target=views[0].target,
            keywords=tuple(dict.fromkeys(word for view in views for word in view.keywords)),
            description="\n".join(dict.fromkeys(view.description for view in views if view.description)),
            weight=sum(view.weight for view in views),
            facts=tuple(views),
        )
        for views in pairs.values()
    )


def _hit(row: ChunkRow, found: Found, evidence: Evidence) -> Hit:
    return Hit(
        chunk_id=row.chunk_id,
        document_id=row.document_id,
        text=row.text,
        score=found.score,
        title=row.title,
        source=row.source,
        position=row.position,
        start=row.start,
        end=row.end,
        metadata=dict(row.metadata),
        evidence=evidence,
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


def _touching(facts: Sequence[FactRow], found: Found) -> list[FactView]:
    """A chunk's own facts about the entities it was reached through: those about two of them first."""
    through = set(found.entities)
    touching = [(len({fact.source, fact.target} & through), place, fact) for place, fact in enumerate(facts)]
    return [fact.view for count, _, fact in sorted(touching, key=lambda item: (-item[0], item[1])) if count]


def _pairs(found: Found) -> list[tuple[int, int]]:
    """Neighbouring entities of the path."""
    path = found.path
    return [(min(a, b), max(a, b)) for (kind, a), (other, b) in pairwise(path) if kind == other == "entity" and a != b]


async def _steps(chosen: Sequence[tuple[ChunkRow, Found]], reader: Reader) -> dict[tuple[int, int], FactView]:
    """The heaviest fact behind each step from entity to entity."""
    pairs = sorted({pair for _, found in chosen for pair in _pairs(found)})
    steps: dict[tuple[int, int], FactView] = {}
    for fact in await reader.facts_between(pairs, _BETWEEN) if pairs else ():
        steps.setdefault((min(fact.source, fact.target), max(fact.source, fact.target)), fact.view)
    return steps


def _distinct(views: Iterable[FactView]) -> list[FactView]:
    """Each statement of a chunk once."""
    seen: dict[tuple[str, str], FactView] = {}
    for view in views:
        said = view.description or f"{view.source} {' '.join(view.keywords)} {view.target}"
        seen.setdefault((view.chunk_id, said), view)
    return list(seen.values())


def _words(
    found: Found, entities: Mapping[int, EntityRow], chosen: Sequence[tuple[ChunkRow, Found]]
) -> tuple[str, ...]:
    chunks = {row.id: row.chunk_id for row, _ in chosen}
    return tuple(
        (entities[node].name if node in entities else "") if kind == "entity" else chunks.get(node, "")
        for kind, node in found.path
        if (node in entities if kind == "entity" else node in chunks)
    )
