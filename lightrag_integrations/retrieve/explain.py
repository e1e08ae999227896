"""`explain=True`: for each hit its seeds, and its path with the statements and mentions that it rests on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from lightrag_integrations.models import PathStep, Seed
from lightrag_integrations.reader import Reader
from lightrag_integrations.retrieve.neighbourhood import Node
from lightrag_integrations.retrieve.ranking import Found, Ranking
from lightrag_integrations.retrieve.trace import Path, SeedPart
from lightrag_integrations.rows import SOURCES, ChunkRow, EntityRow, FactRow
from lightrag_integrations.text.sentences import sentences

__all__ = ["Explanation", "explain"]

_SEEDS = 10
_BETWEEN = 3
_FACTS_OF_SEED = 3
_ADDED = frozenset({"fill", "guard", "rerank"})
"""Parts that no seed gave."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is told of one hit."""

    seeds: tuple[Seed, ...] = ()
    steps: tuple[PathStep, ...] = ()
    words: tuple[str, ...] = ()
    facts: tuple[FactRow, ...] = ()
    """Cited by the steps."""


@dataclass(slots=True)
class _Known:
    """All rows that the explanations of one result need, read together."""

    entities: Mapping[int, EntityRow] = field(default_factory=dict)
    chunks: dict[int, ChunkRow] = field(default_factory=dict)
    between: dict[tuple[int, int], list[FactRow]] = field(default_factory=dict)
    mentions: dict[int, dict[int, bool]] = field(default_factory=dict)
    """Chunk to {entity: is title}."""
    near: tuple[FactRow, ...] = ()
    """Facts near the question."""


async def explain(chosen: Sequence[tuple[ChunkRow, Found]], ranking: Ranking, reader: Reader) -> dict[int, Explanation]:
    """Explain the hits of a search.

    Args:
        chosen: Chunks in final order.
        ranking: What the mode found.
        reader: The snapshot.

    Returns:
        Chunk to its explanation; nothing brought those that only fill up the number.
    """
    paths = {row.id: path for row, found in chosen if (path := _path(row.id, found, ranking)) is not None}
    traced = ranking.trace.seeds(list(paths), _SEEDS) if ranking.trace else {}
    started = {row.id: traced.get(row.id) or _alike(found, paths[row.id]) for row, found in chosen if row.id in paths}
    known = await _read(paths, started, ranking, {row.id: row for row, _ in chosen}, reader)
    return {chunk: _explanation(_bridged(path, known), started[chunk], known) for chunk, path in paths.items()}


def _path(chunk: int, found: Found, ranking: Ranking) -> Path | None:
    signal = next((name for name in found.parts if name not in _ADDED), None)
    if ranking.trace is not None:
        return ranking.trace.path(chunk)
    if signal is None:
        return None
    nodes = found.path or (("chunk", chunk),)
    return Path(signal, nodes, (None,) * (len(nodes) - 1))


def _alike(found: Found, path: Path) -> list[SeedPart]:
    """Seeds of modes without a walk: they only decide which chunks are looked at, so all have the same part."""
    signals = [name for name in found.parts if name not in _ADDED]
    nodes: list[Node] = [("entity", entity) for entity in found.entities] or [path.nodes[-1]]
    part = round(1 / len(signals) / len(nodes), 9)
    return [SeedPart(name, node, 0.0, part) for name in signals for node in nodes][:_SEEDS]


async def _read(
    paths: Mapping[int, Path],
    started: Mapping[int, Sequence[SeedPart]],
    ranking: Ranking,
    rows: Mapping[int, ChunkRow],
    reader: Reader,
) -> _Known:
    nodes = {node for path in paths.values() for node in path.nodes}
    nodes |= {seed.node for seeds in started.values() for seed in seeds}
    known = _Known(chunks=dict(rows))
    stored = await reader.facts(list(ranking.facts)) if ranking.facts else {}
    known.near = tuple(stored[fact] for fact in ranking.facts if fact in stored)
    pairs = {pair for path in paths.values() for pair in _entity_steps(path)}
    for fact in await reader.facts_between(sorted(pairs), _BETWEEN) if pairs else ():
        known.between.setdefault(_pair(fact.source, fact.target), []).append(fact)
    on_paths = {node for path in paths.values() for kind, node in path.nodes if kind == "chunk"}
    for chunk, entity, is_title in await reader.mentions_of_chunks(sorted(on_paths)) if on_paths else ():
        known.mentions.setdefault(chunk, {})[entity] = is_title
    bridges = {pair for path in paths.values() for pair in pairwise(path.nodes) if pair[0][0] == pair[1][0] == "chunk"}
    shared = {entity for (_, p), (_, q) in bridges for entity in _shared(p, q, known)}
    wanted = {node for kind, node in nodes if kind == "entity"} | shared
    known.entities = await reader.entities(sorted(wanted), sources=SOURCES) if wanted else {}
    tellers = {fact.chunk for facts in (known.near, *known.between.values()) for fact in facts}
    missing = ({node for kind, node in nodes if kind == "chunk"} | tellers) - known.chunks.keys()
    known.chunks.update(await reader.chunks(sorted(missing)) if missing else {})
    return known


def _shared(p: int, q: int, known: _Known) -> list[int]:
    """Entities that two chunks mention: q's title, or where it has none that p mentions, all."""
    there = known.mentions.get(q, {})
    both = [entity for entity in known.mentions.get(p, {}) if entity in there]
    return [entity for entity in both if there[entity]] or both


def _bridged(path: Path, known: _Known) -> Path:
    """The path with the name along which the bridge goes."""
    nodes, losses = list(path.nodes[:1]), []
    for (before, node), loss in zip(pairwise(path.nodes), path.losses, strict=True):
        shared = _shared(before[1], node[1], known) if before[0] == node[0] == "chunk" else []
        entities = [known.entities[entity] for entity in shared if entity in known.entities]
        if entities:
            rarest = min(entities, key=lambda row: (row.mentions, row.key))
            nodes.append(("entity", rarest.id))
            losses.append(loss)
        nodes.append(node)
        losses.append(loss)
    return Path(path.signal, tuple(nodes), tuple(losses))


def _explanation(path: Path, started: Sequence[SeedPart], known: _Known) -> Explanation:
    seeds = tuple(_seed(part, known) for part in started if _name(part.node, known))
    if not all(_name(node, known) for node in path.nodes):
        return Explanation(seeds)
    steps = [_first(path, known)]
    for (source, target), loss in zip(pairwise(path.nodes), path.losses, strict=True):
        steps.append(_step(source, target, known).model_copy(update={"loss": loss}))
    cited = tuple(facts[0] for pair in _entity_steps(path) if (facts := _cited(pair, known)))
    return Explanation(seeds, tuple(steps), tuple(_name(node, known) for node in path.nodes), cited)


def _seed(part: SeedPart, known: _Known) -> Seed:
    kind, _ = part.node
    facts = _seeding(part.signal, part.node, known)
    return Seed(
        signal=part.signal,
        kind="chunk" if kind == "chunk" else "entity",
        name=_name(part.node, known),
        share=part.share,
        part=part.part,
        facts=tuple(fact.view for fact in facts),
    )


def _seeding(signal: str, node: Node, known: _Known) -> list[FactRow]:
    """The facts near the question that made an entity a seed."""
    if node[0] != "entity" or signal not in ("fact", "global"):
        return []
    own = [fact for fact in known.near if node[1] in (fact.source, fact.target)]
    return list({(fact.chunk, fact.view.description): fact for fact in reversed(own)}.values())[::-1][:_FACTS_OF_SEED]


def _first(path: Path, known: _Known) -> PathStep:
    kind, node = path.nodes[0]
    facts = _seeding(path.signal, path.nodes[0], known)
    step = PathStep(
        kind="seed",
        signal=path.signal,
        target=_name(path.nodes[0], known),
        target_kind="chunk" if kind == "chunk" else "entity",
    )
    if facts:
        return step.model_copy(update=_told(facts, known))
    return step.model_copy(update=_place(known.chunks[node])) if kind == "chunk" else step


def _step(source: Node, target: Node, known: _Known) -> PathStep:
    step = PathStep(
        kind="fact",
        source=_name(source, known),
        target=_name(target, known),
        target_kind="chunk" if target[0] == "chunk" else "entity",
    )
    if source[0] == target[0] == "entity":
        facts = _cited(_pair(source[1], target[1]), known)
        return step.model_copy(update=_told(facts, known) if facts else {})
    if source[0] == target[0]:
        return step.model_copy(update={"kind": "mention", **_place(known.chunks[target[1]])})
    entity, chunk = (source[1], target[1]) if source[0] == "entity" else (target[1], source[1])
    kind = "title" if known.mentions.get(chunk, {}).get(entity) else "mention"
    return step.model_copy(update={"kind": kind, **_mentioned(known.entities[entity].name, known.chunks[chunk])})


def _cited(pair: tuple[int, int], known: _Known) -> list[FactRow]:
    """Facts between two entities: those near the question first, then the heaviest."""
    near = [fact for fact in known.near if _pair(fact.source, fact.target) == pair]
    return list({fact.id: fact for fact in (*near, *known.between.get(pair, ()))}.values())[:_BETWEEN]


def _told(facts: Sequence[FactRow], known: _Known) -> dict[str, object]:
    view, row = facts[0].view, known.chunks.get(facts[0].chunk)
    place = {"document_id": view.document_id, "chunk_id": view.chunk_id, "start": view.start, "end": view.end}
    quote = row.text[view.start - row.start : view.end - row.start] if row and view.start >= row.start else ""
    return {**place, "facts": tuple(fact.view for fact in facts), "quote": quote}


def _mentioned(name: str, row: ChunkRow) -> dict[str, object]:
    """Where a chunk names an entity first, and the sentence; the whole chunk where it is spelt otherwise."""
    words = re.findall(r"\w+", name)
    match = re.search(r"[\W_]+".join(map(re.escape, words)) if words else re.escape(name), row.text, re.IGNORECASE)
    if match is None:
        return {**_place(row), "quote": row.title}
    around = (row.text[a:b] for a, b in sentences(row.text) if a <= match.start() < b)
    span = {"start": row.start + match.start(), "end": row.start + match.end()}
    return {**_place(row), **span, "quote": next(around, match[0])}


def _place(row: ChunkRow) -> dict[str, object]:
    return {"document_id": row.document_id, "chunk_id": row.chunk_id, "start": row.start, "end": row.end}


def _name(node: Node, known: _Known) -> str:
    """The entity's name or the chunk's id; empty for what is not there any more."""
    kind, number = node
    if kind == "entity":
        return known.entities[number].name if number in known.entities else ""
    return known.chunks[number].chunk_id if number in known.chunks else ""


def _entity_steps(path: Path) -> list[tuple[int, int]]:
    return [_pair(a, b) for (one, a), (two, b) in pairwise(path.nodes) if one == two == "entity"]


def _pair(one: int, other: int) -> tuple[int, int]:
    return min(one, other), max(one, other)
