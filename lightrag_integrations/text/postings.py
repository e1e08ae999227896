"""BM25 posting lists as bytes: packing, unpacking and turning chunks' terms into lists by term. Little-endian."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Ints = NDArray[np.int64]

__all__ = ["BLOCK", "PackedPostings", "invert_terms", "merge_postings", "pack_ints", "pack_postings", "unpack_ints",
           "unpack_postings"]  # fmt: skip

BLOCK = 8192
"""Most postings in one stored row."""
MAX_TF = 65535
"""Larger term frequencies are stored as this (BM25 saturates long before)."""


@dataclass(frozen=True, slots=True)
class PackedPostings:
    """One stored row: at most `BLOCK` postings of one term."""

    term: int
    block: int
    count: int
    chunks: bytes
    """int32 each."""
    tfs: bytes
    """uint16 each."""
    lengths: bytes
    """int32 each."""


def pack_ints(values: ArrayLike) -> bytes:
    """Integers as little-endian int32."""
    return np.asarray(values).astype("<i4").tobytes()


def unpack_ints(data: bytes) -> Ints:
    """The reverse of `pack_ints`."""
    return np.frombuffer(data, dtype="<i4").astype(np.int64)


def pack_postings(chunks: ArrayLike, tfs: ArrayLike, lengths: ArrayLike) -> tuple[bytes, bytes, bytes]:
    """Pack three arrays of one length; frequencies above 65535 saturate.

    Args:
        chunks: Chunk ids, int32.
        tfs: How often the term occurs in each chunk.
        lengths: Length of each chunk in terms.
    """
    capped = np.minimum(np.asarray(tfs), MAX_TF).astype("<u2")
    return pack_ints(chunks), capped.tobytes(), pack_ints(lengths)


def unpack_postings(chunks: bytes, tfs: bytes, lengths: bytes) -> tuple[Ints, Ints, Ints]:
    """The reverse of `pack_postings`, as int64 arrays."""
    return unpack_ints(chunks), np.frombuffer(tfs, dtype="<u2").astype(np.int64), unpack_ints(lengths)


def invert_terms(
    chunks: Sequence[int], terms: Sequence[Mapping[int, int]], lengths: Sequence[int]
) -> Iterator[PackedPostings]:
    """Turn the terms of chunks into packed lists by term, ordered by term, chunks ascending.

    One at a time: thousands of small objects at once would make the garbage collector look through everything.

    Args:
        chunks: Chunk ids.
        terms: Term hash to count, one mapping for each chunk.
        lengths: Length of each chunk.
    """
    sizes = [len(mapping) for mapping in terms]
    total = sum(sizes)
    flat_terms = np.fromiter((term for mapping in terms for term in mapping), np.int64, total)
    flat_tfs = np.fromiter((count for mapping in terms for count in mapping.values()), np.int64, total)
    flat_chunks = np.repeat(np.asarray(chunks, np.int64), sizes)
    flat_lengths = np.repeat(np.asarray(lengths, np.int64), sizes)
    return _by_term(flat_terms, flat_chunks, flat_tfs, flat_lengths)


def merge_postings(rows: Sequence[tuple[int, bytes, bytes, bytes]], dead: Ints) -> Iterator[PackedPostings]:
    """Merge rows of whole terms into as few blocks as possible, leaving out deleted chunks.

    Args:
        rows: (term, chunks, tfs, lengths) with all rows of every term that occurs.
        dead: Chunk ids to leave out, sorted.
    """
    counts = [len(row[1]) // 4 for row in rows]
    terms = np.repeat(np.asarray([row[0] for row in rows], np.int64), counts)
    ids, frequencies, sizes = unpack_postings(
        b"".join(row[1] for row in rows), b"".join(row[2] for row in rows), b"".join(row[3] for row in rows)
    )
    if len(dead):
        keep = ~np.isin(ids, dead)
        terms, ids, frequencies, sizes = terms[keep], ids[keep], frequencies[keep], sizes[keep]
    return _by_term(terms, ids, frequencies, sizes)


def _by_term(terms: Ints, chunks: Ints, tfs: Ints, lengths: Ints) -> Iterator[PackedPostings]:
    if not len(terms):
        return
    order = np.lexsort((chunks, terms))
    terms = terms[order]
    # Packed once as a whole and cut by byte offsets: far cheaper than packing every short list by itself.
    packed = pack_postings(chunks[order], tfs[order], lengths[order])
    starts = np.flatnonzero(np.concatenate(([True], terms[1:] != terms[:-1])))
    ends = np.append(starts[1:], len(terms))
    for term, start, end in zip(terms[starts].tolist(), starts.tolist(), ends.tolist(), strict=True):
        for block, low in enumerate(range(start, end, BLOCK)):
            high = min(low + BLOCK, end)
            yield PackedPostings(
                term, block, high - low,
                packed[0][low * 4 : high * 4], packed[1][low * 2 : high * 2], packed[2][low * 4 : high * 4],
            )  # fmt: skip
