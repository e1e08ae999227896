"""What a walk found: scores of chunks, their parts by signal, the entities that led to them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from lightrag_integrations.options import WalkOptions
from lightrag_integrations.retrieve.neighbourhood import DIGITS, Neighbourhood, Node, propagate, vector_of
from lightrag_integrations.retrieve.ranking import Found
from lightrag_integrations.retrieve.relevance import Relevance

if TYPE_CHECKING:
    from lightrag_integrations.rows import Flags, Floats, Ints

__all__ = ["SIGNALS", "Reached", "walked"]

SIGNALS = ("keyword", "vector", "name", "fact")
_ENTITIES = 5
"""Entities reported for each chunk."""


def walked(
    hood: Neighbourhood, relevance: Relevance, columns: Mapping[str, Mapping[Node, float]], options: WalkOptions
) -> Reached:
    """Walk over what was read.

    Args:
        hood: Nodes and edges.
        relevance: Weighs the steps.
        columns: Restart shares by signal.
        options: Damping and steps.
    """
    start = np.column_stack([vector_of(columns[signal], hood) for signal in SIGNALS])
    transition = hood.transition(relevance)
    mass = propagate(transition, start, damping=options.damping, steps=options.steps)
    return Reached(hood.ids, hood.is_chunk, transition, mass, start)


@dataclass(frozen=True)
class Reached:
    """Where the walk's mass ended up. Nodes are in the order met, which decides between equal masses."""

    ids: Ints
    """Surrogate id of each row."""
    is_chunk: Flags
    """Whether each row is a chunk."""
    transition: csr_array
    mass: Floats
    """Rows by nodes, one column for each signal."""
    start: Floats

    @cached_property
    def nodes(self) -> list[Node]:
        """The node of each row."""
        kinds = ("entity", "chunk")
        return [(kinds[chunk], node) for node, chunk in zip(self.ids.tolist(), self.is_chunk.tolist(), strict=True)]

    @cached_property
    def scores(self) -> dict[int, float]:
        """Chunk to √mass, in the order met.

        The mass is the walk's chance to be there, so a chunk keeps its score while others gain or lose, and loses when
        what led to it is taken away.
        """
        ids, scores = self._scored
        return dict(zip(ids.tolist(), scores.tolist(), strict=True))

    def best(self, limit: int) -> dict[int, float]:
        """The highest scores, best first."""
        ids, scores = self._scored
        order = np.argsort(-scores.round(DIGITS), kind="stable")[:limit]
        return dict(zip(ids[order].tolist(), scores[order].tolist(), strict=True))

    @cached_property
    def _total(self) -> Floats:
        """Mass of each row."""
        return np.asarray(self.mass.sum(axis=1))

    @cached_property
    def _scored(self) -> tuple[Ints, Floats]:
        """The chunks that hold mass, and their scores."""
        rows = np.flatnonzero(self.is_chunk & (self._total > 0))
        return self.ids[rows], np.sqrt(self._total[rows])

    def entities(self, limit: int) -> tuple[int, ...]:
        """Entities with most mass."""
        total = self._total.round(DIGITS)
        rows = np.flatnonzero(~self.is_chunk & (total > 0))
        return tuple(self.ids[rows[np.argsort(-total[rows], kind="stable")[:limit]]].tolist())

    def found(
        self, gains: Mapping[int, tuple[float, int]], *, wanted: int, pinned: Collection[int]
    ) -> dict[int, Found]:
        """The best chunks with their parts and entities.

        Args:
            gains: Chunk to (gain by the bridge, the chunk it comes from).
            wanted: So many, and those that tie with the last one.
            pinned: These whatever their score.
        """
        chunks = np.flatnonzero(self.is_chunk)
        rows = dict(zip(self.ids[chunks].tolist(), chunks.tolist(), strict=True))
        return {
            chunk: self._one(rows.get(chunk), gains.get(chunk, (0.0, 0))[0])
            for chunk in _highest(*self._scored, gains, wanted=wanted, pinned=pinned)
        }

    def _one(self, row: int | None, gain: float) -> Found:
        parts = {} if row is None else self._parts(row)
        if gain > 0:
            parts["bridge"] = gain
        through = () if row is None else self._through(row)
        return Found(parts, entities=through, given=round(sum(parts.values()), DIGITS))

    def _parts(self, row: int) -> dict[str, float]:
        """The score split as the mass is split by the signals it started from."""
        score = math.sqrt(self._total[row])
        if not score:
            return {}
        mass = self.mass[row].tolist()
        whole = sum(mass)
        return {signal: score * (part / whole) for signal, part in zip(SIGNALS, mass, strict=True) if part > 0}

    def _through(self, row: int) -> tuple[int, ...]:
        """The entities that bring a chunk most of its mass."""
        begin, end = self.transition.indptr[row : row + 2]
        # A chunk has few edges: arrays cost more than they save.
        flow = zip((-self._flow[begin:end]).tolist(), self.transition.indices[begin:end].tolist(), strict=True)
        return tuple(int(self.ids[source]) for brought, source in sorted(flow)[:_ENTITIES] if brought < 0)

    @cached_property
    def _flow(self) -> Floats:
        """What each edge brings, in the order of the transition's data."""
        brought = self.transition.data * self._total[self.transition.indices]
        return np.asarray(brought.round(DIGITS))


def _highest(
    ids: Ints, scores: Floats, gains: Mapping[int, tuple[float, int]], *, wanted: int, pinned: Collection[int]
) -> list[int]:
    """Chunks with the highest sums of score and gain; of equal sums those met first, those never met last."""
    places = {chunk: place for place, chunk in enumerate(dict.fromkeys((*ids.tolist(), *gains)))}
    total = np.zeros(len(places))
    total[: len(scores)] = scores
    for chunk, (gain, _) in gains.items():
        total[places[chunk]] += gain
    total = total.round(DIGITS)
    order = np.argsort(-total, kind="stable")
    last = total[order[wanted - 1]] if len(order) > wanted else 0.0
    tied = (np.arange(len(order)) < wanted) | ((total[order] == last) & (last > 0))
    chunks = list(places)
    chosen = [chunks[place] for place in order[tied][: 2 * wanted].tolist()]
    return list(dict.fromkeys((*chosen, *(chunk for chunk in pinned if chunk in places))))
