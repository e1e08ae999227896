"""Entities and relations as identities: inserted once, locked against the sweep, in the order of their keys."""

from __future__ import annotations

from collections.abc import Sequence

from lightrag_integrations.storage.postgres.parts import columns, run
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.schema import Layout
from lightrag_integrations.storage.postgres.wire import Raw, halfvec_array, int4_array, text_array

__all__ = ["hold_entities", "hold_relations"]


async def hold_entities(connection: Connection, layout: Layout, keys: Sequence[str]) -> None:
    """Have these entities, without vectors where they are new.

    Args:
        connection: In a transaction.
        layout: Schema and statements.
        keys: Theirs, sorted.
    """
    missing = list(keys)
    # A sweep may remove an entity between our look and our lock: then it is inserted again.
    while missing:
        found = {row[0] for row in await run(connection, layout, "lock_entities", keys=text_array(missing))}
        missing = [key for key in missing if key not in found]
        if missing:
            none = halfvec_array([None] * len(missing), layout.halfvec_oid)
            await run(connection, layout, "insert_entities", keys=text_array(missing), embeddings=none)


async def hold_relations(
    connection: Connection, layout: Layout, wanted: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], int]:
    """Have the relations of these pairs; their ids.

    Args:
        connection: In a transaction.
        layout: Schema and statements.
        wanted: Pairs of entities, the lower first, sorted.
    """
    missing, found = list(wanted), {}
    while missing:
        lows, highs = _ends(missing)
        for low, high, surrogate in await run(connection, layout, "lock_relations", lows=lows, highs=highs):
            found[low, high] = surrogate
        missing = [pair for pair in missing if pair not in found]
        if missing:
            lows, highs = _ends(missing)
            await run(connection, layout, "insert_relations", lows=lows, highs=highs)
    return found


def _ends(pairs: Sequence[tuple[int, int]]) -> list[Raw]:
    return [int4_array(column) for column in columns(pairs, 2)]
