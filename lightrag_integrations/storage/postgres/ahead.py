"""What a search asks first, asked together: each statement of its own costs a turn of the loop on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from psycopg.types.json import Jsonb

from lightrag_integrations.errors import EmbeddingMismatch
from lightrag_integrations.rows import COUNTED, Ahead
from lightrag_integrations.storage.postgres.nearest import NearestReads, widened
from lightrag_integrations.storage.postgres.parts import Tuning
from lightrag_integrations.storage.postgres.reads import INDEX_NAMES, Overview
from lightrag_integrations.storage.postgres.search import SearchReads
from lightrag_integrations.storage.postgres.wire import int8_array

__all__ = ["AheadReads", "steering"]

_GROWN = 1.25
"""Terms are read that would be rare if the index had grown by so much since somebody looked."""


def steering(ahead: Ahead | None, before: Overview | None, tuning: Tuning) -> int:
    """Candidates to take from the vector indexes.

    Args:
        ahead: What will be asked.
        before: What the search before saw.
        tuning: Their least number.

    Returns:
        Their number; 0: there is nothing to be asked, no index was seen, or chunks and facts want different numbers:
        asked one by one, as the first search does, each gets its own.
    """
    if ahead is None or before is None or ahead.vector is None or not ahead.chunks:
        return 0
    asked = ("chunk", "fact") if ahead.facts else ("chunk",)
    if not all(before.indexed(table) for table in asked):
        return 0
    wanted = {widened(limit, before.chunks, tuning) for limit in (ahead.chunks, ahead.facts) if limit}
    return wanted.pop() if len(wanted) == 1 else 0


class AheadReads(SearchReads, NearestReads):
    """Reads what will be asked, and keeps it for when it is."""

    async def look_ahead(self, ahead: Ahead, before: Overview | None) -> None:
        """Read it; where there is a filter, it has to be known first, so nothing is read.

        Args:
            ahead: What will be asked.
            before: What the search before saw. The nearest are only asked for where this reader was made for
                `steering` of the same two.
        """
        self._told.ahead = True
        if self._where is not None:
            return
        if ahead.facts:
            await self._look_around(ahead, None if before is None else ahead.most(round(_GROWN * before.chunks)))
        elif self._steered and before is not None and ahead.vector is not None:
            await self._look_near(ahead.vector, ahead.chunks, before)

    async def _look_around(self, ahead: Ahead, most: int | None) -> None:
        """What a walk asks; of the nearest, which take longest, no answer is waited for."""
        row = await self._row(
            self._layout.statements["ahead"],
            {
                "schema": self._layout.schema,
                "names": list(INDEX_NAMES),
                "terms": int8_array(list(ahead.terms)),
                "most": most,
                "keys": list(ahead.keys),
                "counted": COUNTED,
            },
        )
        self._saw(Overview.of(row[:5]))
        packed = None
        if self._steered and ahead.vector is not None:
            with suppress(EmbeddingMismatch):  # told when the nearest are asked for
                packed = await self._question(ahead.vector)
        if packed is not None:
            self._told.near_next.extend((("chunk", packed, ahead.chunks), ("fact", packed, ahead.facts)))
            await self._begin_next()
        self._told.postings = (tuple(ahead.terms), most, _rows(row[5:9]))
        self._told.named = (tuple(ahead.keys), _rows(row[9:12]))

    async def _look_near(self, vector: Sequence[float], limit: int, before: Overview) -> None:
        """The nearest chunks, told in full, if the settings still are those seen before."""
        self._layout = self._layout.reading(before.meta)
        packed = None
        with suppress(EmbeddingMismatch):  # whether it still is one, is found out when the nearest are asked for
            packed = self._pack(before.meta, vector)
        if packed is None:
            return
        rows = await self._rows(
            "ahead_chunks", vector=packed, meta=Jsonb(before.meta), candidates=self._steered, chunks=limit
        )
        for *row, score, chunks in rows:
            self._told.near.setdefault(("chunk", packed, limit), []).append((row[0], score))
            self._told.chunks[row[0]] = tuple(row)
            self._latest = before._replace(chunks=chunks)
        if rows:
            self._packed = vector, packed


def _rows(columns: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Rows of columns; of none where these are NULL."""
    lists = [[] if column is None else column if isinstance(column, list) else column.tolist() for column in columns]
    return list(zip(*lists, strict=True))
