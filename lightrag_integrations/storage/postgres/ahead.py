"""What a search asks first, asked together: each statement of its own costs a turn of the loop on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb

from lightrag_integrations.errors import EmbeddingMismatch
from lightrag_integrations.rows import COUNTED, Ahead
from lightrag_integrations.storage.postgres.nearest import NearestReads, widened
from lightrag_integrations.storage.postgres.parts import Tuning
from lightrag_integrations.storage.postgres.reads import INDEX_NAMES, Overview
from lightrag_integrations.storage.postgres.search import SearchReads
from lightrag_integrations.storage.postgres.wire import Raw, int8_array, load_arrays

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


class _Near(NamedTuple):
    """How the nearest are asked for."""

    vector: Raw | None
    meta: Mapping[str, str] | None
    """The settings under which the vector may be compared."""
    candidates: int
    chunks: int

    def params(self) -> dict[str, Any]:
        """Of a statement."""
        return self._asdict() | {"meta": None if self.vector is None else Jsonb(self.meta)}


class AheadReads(SearchReads, NearestReads):
    """Reads what will be asked, and keeps it for when it is."""

    async def look_ahead(self, ahead: Ahead, before: Overview | None) -> None:
        """Read it; where there is a filter, it has to be known first, so nothing is read.

        Args:
            ahead: What will be asked.
            before: What the search before saw. The nearest are only asked for where this reader was made for
                `steering` of the same two.
        """
        if self._where is not None:
            return
        packed, meta = None, None
        if self._steered and before is not None and ahead.vector is not None:
            meta = before.meta
            self._layout = self._layout.reading(meta)
            with suppress(EmbeddingMismatch):  # whether it still is one, is found out when the nearest are asked for
                packed = self._pack(meta, ahead.vector)
        near = _Near(packed, meta, self._steered, ahead.chunks)
        if ahead.facts:
            most = None if before is None else ahead.most(round(_GROWN * before.chunks))
            holds = await self._look_around(ahead, most, near)
        else:
            holds = packed is not None and before is not None and await self._look_near(near, before)
        if holds and ahead.vector is not None:
            self._packed = ahead.vector, packed

    async def _look_around(self, ahead: Ahead, most: int | None, near: _Near) -> bool:
        """What a walk asks; whether the settings are those seen before."""
        cursor = self._connection.cursor(binary=True)
        load_arrays(cursor)
        await cursor.execute(
            self._layout.statements["ahead"],
            {
                "schema": self._layout.schema,
                "names": list(INDEX_NAMES),
                "terms": int8_array(list(ahead.terms)),
                "most": most,
                "keys": list(ahead.keys),
                "counted": COUNTED,
                "facts": ahead.facts,
                **near.params(),
            },
        )
        row = await cursor.fetchone()
        assert row is not None
        overview = self._saw(Overview.of(row[:5]))
        self._postings_told = (tuple(ahead.terms), most, _rows(row[5:9]))
        self._named_told = (tuple(ahead.keys), _rows(row[9:12]))
        if near.vector is None:
            return False
        self._near_told["chunk", near.vector, ahead.chunks] = _rows(row[12:14])
        self._near_told["fact", near.vector, ahead.facts] = _rows(row[14:])
        return overview.meta == near.meta

    async def _look_near(self, near: _Near, before: Overview) -> bool:
        """The nearest chunks, told in full; whether there are any."""
        assert near.vector is not None
        rows = await self._rows("ahead_chunks", **near.params())
        for *row, score, chunks in rows:
            self._near_told.setdefault(("chunk", near.vector, near.chunks), []).append((row[0], score))
            self._chunks_told[row[0]] = tuple(row)
            self._latest = before._replace(chunks=chunks)
        return bool(rows)


def _rows(columns: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Rows of columns; of none where these are NULL."""
    lists = [[] if column is None else column if isinstance(column, list) else column.tolist() for column in columns]
    return list(zip(*lists, strict=True))
