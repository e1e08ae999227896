"""Keyword search: postings with deletions subtracted, and the numbers that BM25 needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lightrag_integrations.rows import Posting
from lightrag_integrations.storage.postgres.reads import Reads
from lightrag_integrations.storage.postgres.wire import int8_array
from lightrag_integrations.text.postings import unpack_ints, unpack_postings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

__all__ = ["SearchReads"]


class SearchReads(Reads):
    """BM25's inputs."""

    async def corpus(self) -> tuple[int, int]:
        """See `reader.Reader.corpus`."""
        if self._where is None:
            overview = await self._overview()
            return overview.chunks, overview.length
        visible = await self._visible_ids()
        return 0 if visible is None else len(visible), self._length

    async def postings(self, terms: Sequence[int], *, most: int | None = None) -> Sequence[Posting]:
        """See `reader.Reader.postings`."""
        if not len(terms):
            return []
        visible = await self._visible_ids()
        dead = await self._deleted() if visible is None else None
        # Deleted chunks count, too, until they are folded in: which of the terms are rare is seen below.
        rows = await self._posting_rows(tuple(terms), None if most is None or dead is None else most + len(dead))
        pieces: dict[int, list[tuple[bytes, bytes, bytes]]] = {}
        for term, chunks, tfs, lengths in rows:
            pieces.setdefault(term, []).append((chunks, tfs, lengths))
        found = [_posting(term, pieces[term], visible, dead) for term in dict.fromkeys(terms) if term in pieces]
        return [one for one in found if len(one.chunks) and (most is None or len(one.chunks) <= most)]

    async def _posting_rows(self, terms: tuple[int, ...], most: int | None) -> list[tuple[Any, ...]]:
        """Postings of the terms, those of the rare ones at least."""
        if self._told.postings is not None:
            known, limit, rows = self._told.postings
            if known == terms and (limit is None or (most is not None and most <= limit)):
                return rows
        if most is None:
            return await self._rows("postings", terms=int8_array(list(terms)))
        return await self._rows("rare_postings", terms=int8_array(list(terms)), most=most)

    async def _deleted(self) -> Ints:
        """Chunks that are still in the postings, though deleted."""
        return np.sort(unpack_ints(b"".join((await self._overview()).deleted)))


def _posting(
    term: int, pieces: Sequence[tuple[bytes, bytes, bytes]], visible: Ints | None, dead: Ints | None
) -> Posting:
    packed = [b"".join(piece[column] for piece in pieces) for column in range(3)]
    chunks, tfs, lengths = unpack_postings(*packed)
    keep = None
    if visible is not None:
        keep = _within(chunks, visible)
    elif dead is not None and len(dead):
        keep = ~_within(chunks, dead)
    if keep is not None:
        chunks, tfs, lengths = chunks[keep], tfs[keep], lengths[keep]
    return Posting(term=term, chunks=chunks, tfs=tfs, lengths=lengths)


def _within(values: Ints, among: Ints) -> NDArray[np.bool_]:
    """Which values occur in the sorted array."""
    if not len(among):
        return np.zeros(len(values), np.bool_)
    places = np.minimum(np.searchsorted(among, values), len(among) - 1)
    return np.asarray(among[places] == values)
