"""Entities and relations as identities: inserted once, locked against the sweep, in the order of their keys."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lightrag_integrations.storage.postgres.parts import run
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.rows import pair_code
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


async def hold_relations(connection: Connection, layout: Layout, wanted: Sequence[int]) -> dict[int, int]:
    """Have the relations of these pairs; their ids by code.

    Args:
        connection: In a transaction.
        layout: Schema and statements.
        wanted: Made by `rows.pair_code`, sorted.
    """
    missing, found = list(wanted), {}
    while missing:
        lows, highs = _ends(missing)
        for low, high, surrogate in await run(connection, layout, "lock_relations", lows=lows, highs=highs):
            found[pair_code(low, high)] = surrogate
        missing = [code for code in missing if code not in found]
        if missing:
            lows, highs = _ends(missing)
            await run(connection, layout, "insert_relations", lows=lows, highs=highs)
    return found


def _ends(codes: Sequence[int]) -> list[Raw]:
    return [int4_array(ends) for ends in np.divmod(np.array(codes, np.int64), 1 << 32)]
