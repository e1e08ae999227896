"""Mirrors of the graph: entities, then relations, then chunks with what they mention.

The interface that graph stores share takes out a node with all that hangs on it, but no single relation, and few stores
change one that is there. Where a store's own language isn't known, one end of a relation that isn't told any more, or
is told otherwise, is taken out. That end is then put anew, and what hung on it, too: the hashes of relations and chunks
cover when their entities were put.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from uuid import uuid4

from lightrag_integrations.mirror.tools import Counts, Mirror, chunk_items, nothing, parts, under_way
from lightrag_integrations.mirrored import (
    ChunkItem,
    Compared,
    EntityItem,
    GraphTarget,
    MirrorKind,
    Recorded,
    RelationItem,
)
from lightrag_integrations.reader import Reader

__all__ = ["BETWEEN", "node_id", "sync_graph"]

BETWEEN = "\x1f"
"""Stands between the ids of a relation's ends where it is recorded."""
_ENTITIES = 200
_CHUNKS = 200
_SOURCES = 100
"""Chunks and documents that an entity or relation names as its sources."""
Graph = Mirror[GraphTarget]


def node_id(chunk_id: str) -> str:
    """The id of a chunk among the nodes: chunks and entities share one space of ids there."""
    return f"chunk:{chunk_id}"


async def sync_graph(mirror: Graph) -> Counts:
    """Bring the graph up to date.

    Args:
        mirror: The store that keeps it.

    Raises:
        MirrorError: The store failed; what was done before it did stays.
    """
    counts = Counts()
    differs = await _loosen(mirror, counts)
    moved = await _entities(mirror, counts)
    if differs or moved:
        await _relations(mirror, counts)
    await _nodes(mirror, counts)
    return counts


async def _loosen(mirror: Graph, counts: Counts) -> bool:
    """Take out each relation that isn't told any more, or told otherwise; whether relations differ at all."""
    differs = False
    unchanged = 0
    async for part in parts(mirror, "relation", _ENTITIES, nothing):
        stale = [state for state in part.states if state.past is not None and _said(state.past) != _said(state.present)]
        same = sum(state.same for state in part.states)
        differs |= same < len(part.states)
        unchanged += same
        if not stale:
            continue
        pairs = [_pair(state.stored) for state in stale]
        if not await mirror.run(partial(mirror.target.unrelate, pairs)):
            out = await _lighter_ends(mirror, stale)
            if out:
                await mirror.run(partial(mirror.target.remove, [*out.values()]))
                await mirror.store.forget_mirrored(mirror.name, "entity", [(key, "") for key in out])
        await mirror.store.forget_mirrored(mirror.name, "relation", [(state.key, state.part) for state in stale])
        counts.removed += sum(state.present is None for state in stale)
    counts.unchanged += 0 if differs else unchanged  # else they are gone through once more
    return differs


def _pair(stored: str) -> tuple[str, str]:
    source, _, target = stored.partition(BETWEEN)
    return source, target


async def _lighter_ends(mirror: Graph, stale: Sequence[Compared]) -> dict[str, str]:
    """Of each of these relations the end that is mentioned less, as its key and id; none where one goes anyway.

    Mentions are counted up to a limit; of two ends beyond it either may go.
    """
    ends = {state: (state.key, state.part[1:]) for state in stale}
    keys = [*dict.fromkeys(key for pair in ends.values() for key in pair)]
    async with mirror.store.snapshot() as reader:
        known = await reader.named(keys)
        kept = {one.key: one.stored for one in await reader.mirror_states(mirror.name, "entity", keys) if one.stored}
    out: dict[str, str] = {}
    for pair in ends.values():
        there = [key for key in pair if key in known and key in kept]
        if len(there) == 2 and not out.keys() & set(there):
            lighter = min(there, key=lambda key: (known[key][1], key))
            out[lighter] = kept[lighter]
    return out


def _said(hash: str | None) -> str:
    """Of a relation's hash the part that is about what is said."""
    return (hash or "").partition(":")[0]


# --- entities ------------------------------------------------------------------------------------------------------


async def _entities(mirror: Graph, counts: Counts) -> bool:
    """Bring entities up to date; whether some are new, or kept otherwise than before, so that relations differ."""
    moved = False
    async for part in parts(mirror, "entity", _ENTITIES, _read_entities):
        before = {state.key: state for state in part.states}
        other = [key for key, item in part.items if before[key].stored and _moved(before[key], item)]
        moved |= bool(other) or any(before[key].past is None for key, _ in part.items)
        out = {before[key].stored: key for key in other} | {state.stored: state.key for state in part.gone}
        await _take_out(mirror, out)
        rows = [
            Recorded(key=key, stored=item.id, hash=item.hash, label=item.type, made=uuid4().hex)
            for key, item in part.items
        ]
        if rows:
            async with under_way(mirror, "entity", rows):
                await mirror.run(partial(mirror.target.put_entities, [item for _, item in part.items]))
        _count(counts, part.states, put=len(rows), removed=len(part.gone))
    return moved


async def _read_entities(reader: Reader, states: Sequence[Compared]) -> Sequence[tuple[str, EntityItem]]:
    hashes = {state.key: state.present or "" for state in states}
    known = await reader.named([*hashes])
    rows = await reader.entities([entity for entity, _ in known.values()])
    return [
        (
            key,
            EntityItem(
                id=rows[entity].name.replace('"', " "),
                type=rows[entity].type,
                description=rows[entity].description,
                mentions=rows[entity].mentions,
                document_ids=rows[entity].document_ids[:_SOURCES],
                hash=hashes[key],
            ),
        )
        for key, (entity, _) in known.items()
    ]


def _moved(before: Compared, item: EntityItem) -> bool:
    """Whether an entity can't be brought up to date where it is: it has another id, or a label that would stay."""
    return (before.stored, before.label) != (item.id, item.type)


async def _take_out(mirror: Graph, out: Mapping[str, str]) -> None:
    """Take out nodes that entities are kept as, but for those that others have taken over meanwhile.

    Args:
        mirror: The store.
        out: Key by id.
    """
    if not out:
        return
    taken = await mirror.store.mirrored_elsewhere(mirror.name, "entity", [*out], [*out.values()])
    ids = [one for one in out if one not in taken]
    if ids:
        await mirror.run(partial(mirror.target.remove, ids))
    await mirror.store.forget_mirrored(mirror.name, "entity", [(key, "") for key in out.values()])


# --- relations -----------------------------------------------------------------------------------------------------


async def _relations(mirror: Graph, counts: Counts) -> None:
    async for part in parts(mirror, "relation", _ENTITIES, _read_relations):
        rows = [
            Recorded(key=state.key, part=state.part, stored=f"{item.source}{BETWEEN}{item.target}", hash=item.hash)
            for state, item in part.items
        ]
        if rows:
            async with under_way(mirror, "relation", rows):
                await mirror.run(partial(mirror.target.put_relations, [item for _, item in part.items]))
        _count(counts, part.states, put=len(rows))


async def _read_relations(reader: Reader, states: Sequence[Compared]) -> Sequence[tuple[Compared, RelationItem]]:
    # What was told otherwise since the ends of such were taken out waits for the next sync.
    fit = [
        state
        for state in states
        if state.first and state.second and (state.past is None or _said(state.past) == _said(state.present))
    ]
    told = await reader.mirror_facts([_ends(state, state.key, state.part[1:]) for state in fit])
    items = []
    for place, state in enumerate(fit):
        facts = told.get(place, ())
        source, target = _ends(state, state.first, state.second)
        items.append(
            (
                state,
                RelationItem(
                    source=source,
                    target=target,
                    description="\n".join(dict.fromkeys(fact[0] for fact in facts if fact[0])),
                    keywords=tuple(dict.fromkeys(word for fact in facts for word in fact[1])),
                    weight=sum(fact[2] for fact in facts),
                    chunk_ids=tuple(dict.fromkeys(node_id(fact[3]) for fact in facts))[:_SOURCES],
                    document_ids=tuple(dict.fromkeys(fact[4] for fact in facts))[:_SOURCES],
                    hash=state.present or "",
                ),
            )
        )
    return items


def _ends(state: Compared, low: str, high: str) -> tuple[str, str]:
    """Source and target."""
    return (low, high) if state.part.startswith(">") else (high, low)


# --- chunks --------------------------------------------------------------------------------------------------------


async def _nodes(mirror: Graph, counts: Counts) -> None:
    async def read(reader: Reader, states: Sequence[Compared]) -> Sequence[ChunkItem]:
        mentions = await reader.mirror_mentions(mirror.name, [state.key for state in states])
        return await chunk_items(reader, states, {one.key: node_id(one.key) for one in states}, mentions=mentions)

    kind: MirrorKind = "node"
    async for part in parts(mirror, kind, _CHUNKS, read):
        rows = [Recorded(key=item.chunk_id, stored=item.id, hash=item.hash) for item in part.items]
        out = [state.stored for state in (*part.gone, *part.changed) if state.stored]
        async with under_way(mirror, kind, rows):
            if out:
                await mirror.run(partial(mirror.target.remove, out))
            await mirror.store.forget_mirrored(mirror.name, kind, [(state.key, "") for state in part.gone])
            if rows:
                await mirror.run(partial(mirror.target.put_nodes, part.items))
        _count(counts, part.states, put=len(rows), removed=len(part.gone))


def _count(counts: Counts, states: Sequence[Compared], *, put: int, removed: int = 0) -> None:
    counts.put += put
    counts.removed += removed
    counts.unchanged += sum(state.same for state in states)
