"""The keyword index compared with the words of the chunks, read in batches: memory grows with the chunks alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lightrag_integrations.models import Chunk
from lightrag_integrations.storage.postgres.cursors import server_cursor
from lightrag_integrations.storage.postgres.parts import run
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.rows import tie_of
from lightrag_integrations.storage.postgres.schema import Layout
from lightrag_integrations.text.postings import MAX_TF, unpack_ints
from lightrag_integrations.text.terms import term_hashes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Marks = NDArray[np.uint64]

__all__ = ["BATCH", "Keywords", "StoredWords", "chunk_batches", "compare", "words_of"]

BATCH = 2000
"""Rows read at once."""
_ODD = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)


@dataclass(slots=True)
class StoredWords:
    """What the text of every chunk says, in the order of the surrogate ids."""

    ids: Ints
    names: list[str]
    """The callers' chunk ids."""
    lengths: Ints
    """Number of terms of each text."""
    marks: Marks
    """A hash of each text's terms and their counts, a sum over the terms."""
    wrong_lengths: list[int] = field(default_factory=list)
    """Places of chunks whose stored length is another."""
    wrong_ties: list[int] = field(default_factory=list)

    def place(self, ids: Ints) -> tuple[Ints, NDArray[np.bool_]]:
        """Where these ids are, and which of them are stored at all."""
        places = np.searchsorted(self.ids, ids)
        known = places < len(self.ids)
        known[known] = self.ids[places[known]] == ids[known]
        return places, known


@dataclass(slots=True)
class Keywords:
    """Where the keyword index is not what the texts say: places in `StoredWords`, ids and counts."""

    unreadable: int = 0
    """Rows whose parts don't fit together; the rest is not looked at then."""
    words: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)
    """Ids of chunks that are not stored."""
    counts: list[int] = field(default_factory=list)
    """Segments with wrong sums."""
    listed: list[int] = field(default_factory=list)
    """Ids of chunks that the segments list not at all, twice, or without a right to."""

    @property
    def wrong(self) -> bool:
        """Whether anything is."""
        return bool(self.unreadable or self.words or self.lengths or self.unknown or self.counts or self.listed)


async def chunk_batches(connection: Connection, layout: Layout) -> AsyncGenerator[list[tuple[Any, ...]]]:
    """(id, chunk id, tie, length, title, text) of every chunk, in batches.

    Args:
        connection: In a transaction.
        layout: Schema and statements.
    """
    async with server_cursor(connection, "lightrag_chunks") as cursor:
        await cursor.execute(layout.statements["every_chunk"])
        while rows := await cursor.fetchmany(BATCH):
            yield rows


def words_of(rows: Sequence[tuple[Any, ...]]) -> list[dict[int, int]]:
    """Terms and their counts of each row of `chunk_batches`."""
    return [term_hashes(Chunk(id=row[1], document_id="", title=row[4], text=row[5]).content) for row in rows]


async def compare(connection: Connection, layout: Layout) -> tuple[StoredWords, Keywords]:
    """Read all chunks and the whole keyword index.

    Args:
        connection: In a transaction.
        layout: Schema and statements.
    """
    stored = await _stored(connection, layout)
    found = Keywords()
    dead = _segments(await run(connection, layout, "every_segment"), stored, found)
    marks = np.zeros(len(stored.ids), np.uint64)
    lengths = np.zeros(len(stored.ids), np.bool_)
    async with server_cursor(connection, "lightrag_postings") as cursor:
        await cursor.execute(layout.statements["every_posting"])
        while rows := await cursor.fetchmany(BATCH):
            readable = [row for row in rows if len(row[2]) == len(row[4]) == 2 * len(row[3]) == 4 * row[1]]
            found.unreadable += len(rows) - len(readable)
            await asyncio.to_thread(_add, readable, dead, stored, found, marks, lengths)
    found.unknown = sorted(set(found.unknown))
    found.words = np.flatnonzero(marks != stored.marks).tolist()
    found.lengths = np.flatnonzero(lengths).tolist()
    return stored, Keywords(unreadable=found.unreadable) if found.unreadable else found


async def _stored(connection: Connection, layout: Layout) -> StoredWords:
    ids: list[int] = []
    stored = StoredWords(np.empty(0, np.int64), [], np.empty(0, np.int64), np.empty(0, np.uint64))
    parts: list[tuple[list[int], Marks]] = []
    async with aclosing(chunk_batches(connection, layout)) as batches:
        async for rows in batches:
            lengths, marks = await asyncio.to_thread(_texts, rows)
            for place, (row, length) in enumerate(zip(rows, lengths, strict=True), len(ids)):
                if row[3] != length:
                    stored.wrong_lengths.append(place)
                if row[2] != tie_of(row[1]):
                    stored.wrong_ties.append(place)
            ids += [row[0] for row in rows]
            stored.names += [row[1] for row in rows]
            parts.append((lengths, marks))
    stored.ids = np.asarray(ids, np.int64)
    stored.lengths = np.asarray([length for lengths, _ in parts for length in lengths], np.int64)
    stored.marks = np.concatenate([stored.marks, *(marks for _, marks in parts)])
    return stored


def _texts(rows: Sequence[tuple[Any, ...]]) -> tuple[list[int], Marks]:
    """Length and mark of each text."""
    found = words_of(rows)
    sizes = [len(terms) for terms in found]
    terms = np.fromiter((term for one in found for term in one), np.int64, sum(sizes))
    counts = np.fromiter((count for one in found for count in one.values()), np.int64, sum(sizes))
    marks = np.zeros(len(rows), np.uint64)
    np.add.at(marks, np.repeat(np.arange(len(rows)), sizes), _mix(terms, np.minimum(counts, MAX_TF)))
    return [sum(one.values()) for one in found], marks


def _mix(terms: Ints, counts: Ints) -> Marks:
    mixed = (terms.view(np.uint64) ^ (counts.astype(np.uint64) * np.uint64(_ODD[0]))) * np.uint64(_ODD[1])
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(_ODD[2])
    return mixed ^ (mixed >> np.uint64(32))


def _segments(rows: Sequence[tuple[Any, ...]], stored: StoredWords, found: Keywords) -> Ints:
    """Check what the segments say of themselves; the ids of chunks that are to be subtracted, sorted."""
    net: list[Ints] = [stored.ids * 0]
    listed: list[Ints] = [stored.ids]
    dead: list[Ints] = [np.empty(0, np.int64)]
    for segment, sign, count, total, packed, sizes in rows:
        if len(packed) % 4 or len(sizes) != len(packed):
            found.unreadable += 1
            continue
        ids, lengths = unpack_ints(packed), unpack_ints(sizes)
        if (count, total) != (len(ids), int(lengths.sum())):
            found.counts.append(segment)
        places, known = stored.place(ids)
        if (lengths[known] != stored.lengths[places[known]]).any():
            found.counts.append(segment)
        listed.append(ids)
        net.append(np.full(len(ids), sign))
        if sign < 0:
            dead.append(ids)
    every, where = np.unique(np.concatenate(listed), return_inverse=True)
    sums = np.bincount(where, np.concatenate(net), len(every))
    _, known = stored.place(every)
    found.listed = every[sums != known].tolist()
    found.counts = sorted(set(found.counts))
    return np.unique(np.concatenate(dead))


def _add(
    rows: Sequence[tuple[Any, ...]], dead: Ints, stored: StoredWords, found: Keywords, marks: Marks,
    lengths: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Add rows of postings to the marks of their chunks."""
    terms = np.repeat(np.asarray([row[0] for row in rows], np.int64), [row[1] for row in rows])
    ids = unpack_ints(b"".join(row[2] for row in rows))
    counts = np.frombuffer(b"".join(row[3] for row in rows), "<u2").astype(np.int64)
    sizes = unpack_ints(b"".join(row[4] for row in rows))
    places, known = stored.place(ids)
    found.unknown += np.unique(ids[~known & ~np.isin(ids, dead)]).tolist()
    alive = known & ~np.isin(ids, dead)
    places = places[alive]
    np.add.at(marks, places, _mix(terms[alive], counts[alive]))
    lengths[places[sizes[alive] != stored.lengths[places]]] = True
