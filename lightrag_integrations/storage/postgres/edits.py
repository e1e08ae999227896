"""Edits by hand: kept as they were made, and applied to what is said, in one transaction for each change.

Writers of documents hold a lock of the index together, an edit holds it alone, each before anything else; readers hold
nothing. So an edit sees every mention that it is about, and a writer every edit.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from lightrag_integrations.edits import Alias, Edits, Hidden, Override
from lightrag_integrations.storage.postgres.identities import hold_entities, hold_relations
from lightrag_integrations.storage.postgres.parts import StorePart, columns, run
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.rows import pair_code
from lightrag_integrations.storage.postgres.schema import Layout
from lightrag_integrations.storage.postgres.wire import int4_array, signed_hash

__all__ = ["EditPart", "apply_edits", "apply_to_new", "lock_edits", "read_edits", "share_edits", "write_edits"]

_MENTIONS = ("put_mentions_aside", "show_mentions", "put_mentions_back", "put_facts_aside", "hide_facts")
_FACTS = ("show_hidden_facts", "show_facts", "put_facts_back", "release_vectors")
_AT_ONCE = 5000
_MANY = 100
"""From so many chunks on each table is read once, instead of looking up row by row."""


class EditPart(StorePart):
    """`edits` and `edit` of the store."""

    async def edits(self) -> Edits:
        """See `store.Store.edits`."""
        async with self._database.snapshot() as (connection, layout):
            return await read_edits(connection, layout)

    async def edit(self, change: Callable[[Edits], Edits]) -> tuple[Edits, Edits]:
        """See `store.Store.edit`."""
        before, after = await self._transact(partial(_edit, change=change), _both)
        if after != before:
            self._changed(removed=True)
        return before, after


def _both(first: tuple[Edits, Edits], second: tuple[Edits, Edits]) -> tuple[Edits, Edits]:
    """What the first try changed, if it stands, the second finds as it should be."""
    return first[0], second[1]


async def _edit(connection: Connection, layout: Layout, *, change: Callable[[Edits], Edits]) -> tuple[Edits, Edits]:
    await lock_edits(connection, layout)
    before = await read_edits(connection, layout)
    after = change(before)
    if after != before:
        await write_edits(connection, layout, before=before, after=after)
        keys = sorted(after.differing(before))
        rows = await run(connection, layout, "chunks_of_keys", keys=keys)
        await apply_edits(connection, layout, sorted(row[0] for row in rows))
        after = await read_edits(connection, layout)
    return before, after


async def lock_edits(connection: Connection, layout: Layout) -> None:
    """Keep writers of documents and other edits out until the transaction ends."""
    await run(connection, layout, "lock_index", key=_key(layout))


async def share_edits(connection: Connection, layout: Layout) -> None:
    """Keep edits out until the transaction ends; the first thing that a writer of documents does."""
    await run(connection, layout, "share_edits", key=_key(layout))


async def read_edits(connection: Connection, layout: Layout) -> Edits:
    """All edits."""
    aliases = {
        key: (target, Alias(name=name, into=into, reason=reason, score=score, at=at))
        for key, target, name, into, reason, score, at in await run(connection, layout, "aliases")
    }
    hidden = {
        (low, high): Hidden(names=tuple(names), reason=reason, at=at)
        for low, high, names, reason, at in await run(connection, layout, "hidden")
    }
    overrides = {
        key: Override(name=name, type=kind, description=description, reason=reason, at=at)
        for key, name, kind, description, reason, at in await run(connection, layout, "overrides")
    }
    return Edits(aliases, hidden, overrides)


async def write_edits(connection: Connection, layout: Layout, *, before: Edits, after: Edits) -> None:
    """Make the tables say the new edits, roots included."""
    await run(connection, layout, "remove_aliases", keys=list(before.aliases.keys() - after.aliases.keys()))
    lows, highs = columns(list(before.hidden.keys() - after.hidden.keys()), 2)
    await run(connection, layout, "remove_hidden", lows=lows, highs=highs)
    await run(connection, layout, "remove_overrides", keys=list(before.overrides.keys() - after.overrides.keys()))
    aliases = [
        (key, target, after.root(key), one.name, one.into, one.reason, one.score)
        for key, (target, one) in after.aliases.items()
        if before.aliases.get(key) != (target, one) or before.root(key) != after.root(key)
    ]
    names: tuple[str, ...] = ("keys", "targets", "roots", "names", "target_names", "reasons", "scores")
    await _write(connection, layout, "write_aliases", names=names, rows=aliases)
    hidden = [
        (*pair, *after.roots(pair), json.dumps(one.names), one.reason)
        for pair, one in after.hidden.items()
        if before.hidden.get(pair) != one or before.roots(pair) != after.roots(pair)
    ]
    names = ("lows", "highs", "low_roots", "high_roots", "names", "reasons")
    await _write(connection, layout, "write_hidden", names=names, rows=hidden)
    overrides = [
        (key, after.root(key), one.name, one.type, one.description, one.reason)
        for key, one in after.overrides.items()
        if before.overrides.get(key) != one or before.root(key) != after.root(key)
    ]
    names = ("keys", "roots", "names", "types", "descriptions", "reasons")
    await _write(connection, layout, "write_overrides", names=names, rows=overrides)


async def _write(
    connection: Connection, layout: Layout, name: str, *, names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    if rows:
        await run(connection, layout, name, **dict(zip(names, columns(rows, len(names)), strict=True)))


async def apply_to_new(connection: Connection, layout: Layout, chunks: Iterable[int]) -> bool:
    """Apply the edits to chunks just stored; whether there was anything to apply."""
    rows = await run(connection, layout, "edited_chunks", chunks=int4_array(sorted(chunks)))
    await apply_edits(connection, layout, sorted(row[0] for row in rows))
    return bool(rows)


async def apply_edits(connection: Connection, layout: Layout, chunks: Sequence[int]) -> None:
    """Make what is shown of some chunks what the edits make of what they say; only what differs is written.

    Args:
        connection: In a transaction that holds the lock of the edits, or wrote these chunks while sharing it.
        layout: Schema and statements.
        chunks: Surrogate ids.
    """
    if len(chunks) >= _MANY:
        await run(connection, layout, "plan_for_many")
    for begin in range(0, len(chunks), _AT_ONCE):
        some = int4_array(chunks[begin : begin + _AT_ONCE])
        roots = [row[0] for row in await run(connection, layout, "roots_of_chunks", chunks=some)]
        await hold_entities(connection, layout, sorted(roots))
        for name in _MENTIONS:
            await run(connection, layout, name, chunks=some)
        pairs = [pair_code(low, high) for low, high in await run(connection, layout, "wanted_pairs", chunks=some)]
        await hold_relations(connection, layout, pairs)
        for name in _FACTS:
            await run(connection, layout, name, chunks=some)


def _key(layout: Layout) -> int:
    return signed_hash(layout.schema, "edits")
