"""How much a step of the walk is worth, by the node it leads to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lightrag_integrations.rows import Flags, Floats, Ints

__all__ = ["NAME_RELEVANCE", "Relevance"]

NAME_RELEVANCE = 0.35
BASE_RELEVANCE = 0.1
_VECTOR_SHARE = 0.7


class Relevance:
    """How much a step into a node is worth: a chunk 0.1 and its relevance to the question, a name 0.35."""

    def __init__(self, ids: Ints, scores: Floats, *, cosines: Mapping[int, float] | None = None) -> None:
        """Start with what the first stage knows.

        Args:
            ids: Chunks that hold a word of the question, ascending.
            scores: BM25 of each; chunks not in it have 0.
            cosines: Chunk to cosine, the best of all chunks among them; these make 0.7 of a chunk's relevance and
                keywords 0.3. None: keywords make all of it.
        """
        self._ids = ids
        self._words = scores / scores.max() if len(scores) and scores.max() > 0 else scores
        self._measured = np.zeros(0, np.int64)
        self._cosines = np.zeros(0)
        self.learn(cosines or {})
        self._maximum = float(self._cosines.max(initial=0.0))

    @property
    def measured(self) -> Ints:
        """The chunks whose cosines are known, ascending."""
        return self._measured

    def learn(self, cosines: Mapping[int, float]) -> None:
        """Take cosines of more chunks, each for the first time."""
        ids = np.concatenate([self._measured, np.fromiter(cosines, np.int64, len(cosines))])
        values = np.concatenate([self._cosines, np.fromiter(cosines.values(), np.float64, len(cosines))])
        order = np.argsort(ids)
        self._measured, self._cosines = ids[order], values[order]

    def of(self, ids: Ints, is_chunk: Flags) -> Floats:
        """The weights of steps into some nodes.

        Args:
            ids: Surrogate ids.
            is_chunk: For each, whether it is a chunk.
        """
        weights = np.full(len(ids), NAME_RELEVANCE)
        chunks = ids[is_chunk]
        relevance = _looked_up(chunks, self._ids, self._words)
        if self._maximum > 0:
            cosines = np.maximum(_looked_up(chunks, self._measured, self._cosines), 0.0)
            relevance = _VECTOR_SHARE * cosines / self._maximum + (1 - _VECTOR_SHARE) * relevance
        weights[is_chunk] = BASE_RELEVANCE + relevance
        return weights


def _looked_up(chunks: Ints, ids: Ints, values: Floats) -> Floats:
    """The value of each chunk, 0 where there is none; the ids are ascending."""
    if not len(ids):
        return np.zeros(len(chunks))
    places = np.minimum(np.searchsorted(ids, chunks), len(ids) - 1)
    return np.where(ids[places] == chunks, values[places], 0.0)
