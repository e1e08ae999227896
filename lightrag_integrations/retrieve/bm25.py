"""BM25 over postings (Robertson and Zaragoza, 2009), with an inverse document frequency that is always positive."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lightrag_integrations.reader import Reader
from lightrag_integrations.rows import Posting

if TYPE_CHECKING:
    from lightrag_integrations.rows import Floats, Ints

__all__ = ["K1", "B", "Bm25", "best", "most_of", "read_bm25"]

K1 = 1.5
B = 0.75
_LARGE = 10000
"""Chunks; in smaller indexes no term is left out."""
_COMMON = 0.25
"""Share of the chunks that hold a common term."""
_DENSE = 32
"""Ids are marked in an array of flags as long as it is no more than so many times longer than the list of ids."""


class Bm25:
    """The question's terms against all visible chunks that hold one of them.

    idf is ln(1 + (N - df + 0.5) / (df + 0.5)); stock Okapi's can be zero or negative.
    """

    def __init__(
        self, postings: Sequence[Posting], *, chunks: int, total_length: int, counts: Mapping[int, int] | None = None
    ) -> None:
        """Take what was read.

        Args:
            postings: Of the question's terms.
            chunks: Number of visible chunks.
            total_length: Sum of their lengths in terms.
            counts: How often the question holds each term; None: once.
        """
        self._postings = postings
        self._mean = total_length / chunks if chunks else 1.0
        self._counts = counts or {}
        self.idf = {
            posting.term: float(np.log1p((chunks - len(posting.chunks) + 0.5) / (len(posting.chunks) + 0.5)))
            for posting in postings
        }
        """By term."""
        self.ids, self._places = _distinct([posting.chunks for posting in postings])
        """Matching chunks, ascending."""
        self._strengths = [self._strength(posting) for posting in postings]

    def scores(self, *, power: float = 1.0, without: Collection[int] = ()) -> Floats:
        """A score for each of `ids`.

        Args:
            power: Exponent of the idf; 2 makes common words weigh so little that no stop list is needed.
            without: Terms that don't count.
        """
        total = np.zeros(len(self.ids))
        for posting, places, strength in zip(self._postings, self._places, self._strengths, strict=True):
            if posting.term not in without:
                total[places] += self._counts.get(posting.term, 1) * self.idf[posting.term] ** power * strength
        return total

    def _strength(self, posting: Posting) -> Floats:
        """What the term's frequency is worth in each chunk, before the term's own weight."""
        norm = (K1 * B / self._mean) * posting.lengths + K1 * (1 - B)
        return (K1 + 1) * posting.tfs / (posting.tfs + norm)

    def holding(self, chunks: Sequence[int]) -> dict[int, frozenset[int]]:
        """The question's terms that each of these chunks holds."""
        held: dict[int, set[int]] = {chunk: set() for chunk in chunks}
        asked = np.array(list(held), np.int64)
        rows = np.searchsorted(self.ids, asked)
        known = np.append(self.ids, -1)[rows] == asked
        place_of = np.full(len(self.ids), -1)
        place_of[rows[known]] = np.flatnonzero(known)
        for posting, places in zip(self._postings, self._places, strict=True):
            found = place_of[places]
            for chunk in asked[found[found >= 0]].tolist():
                held[chunk].add(posting.term)
        return {chunk: frozenset(terms) for chunk, terms in held.items()}


async def read_bm25(reader: Reader, terms: Mapping[int, int], *, counted: bool = False, common: bool = True) -> Bm25:
    """Read the postings of a question's terms.

    Args:
        reader: The snapshot.
        terms: Term hash to count in the question.
        counted: A term asked twice weighs twice, as in `rank_bm25`.
        common: False leaves out, in a large index, terms that more than a quarter of the chunks hold: by squared idf
            they weigh next to nothing, and reading them costs more than all else.
    """
    chunks, total_length = await reader.corpus()
    most = None if common else most_of(chunks)
    postings = await reader.postings(list(terms), most=most) if chunks else []
    if most is not None and not postings:
        postings = await reader.postings(list(terms))
    return Bm25(postings, chunks=chunks, total_length=total_length, counts=terms if counted else None)


def most_of(chunks: int) -> int | None:
    """How many chunks hold a term that is not common, in an index of so many; None: no term is left out."""
    return round(_COMMON * chunks) if chunks > _LARGE else None


def best(ids: Ints, scores: Floats, limit: int, *, ties: int = 0) -> list[tuple[int, float]]:
    """The highest scores above zero, best first.

    Args:
        ids: Chunk ids.
        scores: One for each.
        limit: At most so many.
        ties: So many more of those that tie with the last one, for a caller that breaks ties by what it reads.
    """
    if not len(ids) or limit < 1:
        return []
    if len(ids) > limit:
        last = np.partition(scores, len(scores) - limit)[len(scores) - limit]
        above = np.flatnonzero(scores > last)
        level = np.flatnonzero(scores == last)
        kept = np.concatenate([above, level[: limit - len(above) + ties]])
        ids, scores = ids[kept], scores[kept]
    order = np.lexsort((ids, -scores))
    return [(int(ids[place]), float(scores[place])) for place in order if scores[place] > 0]


def _distinct(lists: Sequence[Ints]) -> tuple[Ints, list[Ints]]:
    """All ids, ascending, each once, and for each list the places of its ids among them.

    By an array of flags, which needs no sorting and no searching, as long as ids lie densely.
    """
    found = np.concatenate(lists) if lists else np.zeros(0, np.int64)
    if not len(found):
        return np.zeros(0, np.int64), [np.zeros(0, np.int64) for _ in lists]
    first, last = int(found.min()), int(found.max())
    if last - first > _DENSE * len(found):
        ids = np.unique(found)
        return ids, [np.searchsorted(ids, one) for one in lists]
    found -= first
    flags = np.zeros(last - first + 1, np.bool_)
    flags[found] = True
    ids = np.flatnonzero(flags)
    places = np.empty(len(flags), np.int32)
    places[ids] = np.arange(len(ids))
    return ids + first, np.split(places[found].astype(np.int64), np.cumsum([len(one) for one in lists])[:-1])
