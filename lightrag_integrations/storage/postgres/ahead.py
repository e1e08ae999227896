"""What a search asks first, asked together: each statement of its own costs a turn of the loop on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lightrag_integrations.rows import Ahead
from lightrag_integrations.storage.postgres.nearest import NearestReads
from lightrag_integrations.storage.postgres.reads import INDEX_NAMES, Overview, index_name
from lightrag_integrations.storage.postgres.search import SearchReads
from lightrag_integrations.storage.postgres.wire import Raw, int8_array, load_arrays

__all__ = ["AheadReads"]

_GROWN = 1.25
"""Terms are read that would be rare if the index had grown by so much since somebody looked."""


class AheadReads(SearchReads, NearestReads):
    """Reads what will be asked, and keeps it for when it is."""

    async def look_ahead(self, ahead: Ahead, chunks: int | None) -> None:
        """Read it; where there is a filter, it has to be known first, so nothing is read.

        Args:
            ahead: What will be asked.
            chunks: Their number when somebody looked last, as far as is known.

        Raises:
            EmbeddingMismatch: As the search for the nearest would.
        """
        if self._where is not None:
            return
        candidates = self._widened(max(ahead.chunks, ahead.facts)) if ahead.vector is not None else 0
        most = None if chunks is None else ahead.most(round(_GROWN * chunks))
        row = await self._first(
            "ahead_words",
            schema=self._layout.schema,
            names=list(INDEX_NAMES),
            terms=int8_array(list(ahead.terms)),
            most=most,
            keys=list(ahead.keys),
            candidates=str(candidates) if candidates else None,
        )
        self._saw(Overview.of(row[:5]))
        self._postings_told = (tuple(ahead.terms), most, _rows(row[5:9]))
        self._named_told = (tuple(ahead.keys), _rows(row[9:12]))
        self._steered = candidates
        packed = await self._question(ahead.vector) if ahead.vector is not None else None
        if packed is not None and candidates and self._indexed("chunk", "fact") and ahead.chunks and ahead.facts:
            await self._look_near(packed, candidates, chunks=ahead.chunks, facts=ahead.facts)

    async def _look_near(self, vector: Raw, candidates: int, *, chunks: int, facts: int) -> None:
        row = await self._first("ahead_vectors", vector=vector, candidates=candidates, chunks=chunks, facts=facts)
        self._near_told = {("chunk", vector, chunks): _rows(row[:2]), ("fact", vector, facts): _rows(row[2:])}

    def _indexed(self, *tables: str) -> bool:
        indexes = self._known.indexes if self._known is not None else frozenset()
        return all(index_name(table, self._layout) in indexes for table in tables)

    async def _first(self, name: str, **params: Any) -> tuple[Any, ...]:
        """The one row of a statement that aggregates columns into arrays."""
        cursor = self._connection.cursor(binary=True)
        load_arrays(cursor)
        await cursor.execute(self._layout.statements[name], params)
        row = await cursor.fetchone()
        assert row is not None
        return row


def _rows(columns: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Rows of columns; of none where these are NULL."""
    lists = [[] if column is None else column if isinstance(column, list) else column.tolist() for column in columns]
    return list(zip(*lists, strict=True))
