"""What a walk found: scores of chunks, their parts by signal, the entities and the paths that led to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from lightrag_integrations.options import WalkOptions
from lightrag_integrations.retrieve.neighbourhood import DIGITS, Neighbourhood, Node, Relevance, propagate, vector_of
from lightrag_integrations.retrieve.ranking import Found

if TYPE_CHECKING:
    from lightrag_integrations.rows import Floats

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
    return Reached(list(hood.nodes), transition, mass, start)


@dataclass(frozen=True, slots=True)
class Reached:
    """Where the walk's mass ended up. Nodes are in the order met, which decides between equal masses."""

    nodes: list[Node]
    transition: csr_array
    mass: Floats
    """Rows by nodes, one column for each signal."""
    start: Floats

    def scores(self) -> dict[int, float]:
        """Chunk to √(mass over the largest chunk mass), in the order met."""
        total = self.mass.sum(axis=1)
        chunks = [(row, node) for row, (kind, node) in enumerate(self.nodes) if kind == "chunk" and total[row] > 0]
        top = max((total[row] for row, _ in chunks), default=0.0)
        return {chunk: float(np.sqrt(total[row] / top)) for row, chunk in chunks}

    def entities(self, limit: int) -> tuple[int, ...]:
        """Entities with most mass."""
        total = self.mass.sum(axis=1).round(DIGITS)
        rows = [row for row, (kind, _) in enumerate(self.nodes) if kind == "entity" and total[row] > 0]
        return tuple(self.nodes[row][1] for row in sorted(rows, key=lambda row: -total[row])[:limit])

    def found(
        self, gains: Mapping[int, tuple[float, int]], *, wanted: int, pinned: Collection[int]
    ) -> dict[int, Found]:
        """The best chunks with their parts, entities and paths.

        Args:
            gains: Chunk to (gain by the bridge, the chunk it comes from).
            wanted: So many, and those that tie with the last one.
            pinned: These whatever their score.
        """
        scores = self.scores()
        rows = {node: row for row, node in enumerate(self.nodes)}
        before = self._predecessors()
        return {
            chunk: self._one(
                rows.get(("chunk", chunk)), chunk, gains.get(chunk), scores=scores, rows=rows, before=before
            )
            for chunk in _highest(scores, gains, wanted, pinned)
        }

    def _one(
        self,
        row: int | None,
        chunk: int,
        gain: tuple[float, int] | None,
        *,
        scores: Mapping[int, float],
        rows: Mapping[Node, int],
        before: Sequence[int],
    ) -> Found:
        score = scores.get(chunk, 0.0)
        parts, path = self._parts(row, score), self._path(row, before)
        if gain is not None and gain[0] > 0:
            parts["bridge"] = gain[0]
            if gain[0] > score:
                path = (*self._path(rows.get(("chunk", gain[1])), before), ("chunk", chunk))
        given = round(sum(parts.values()), DIGITS)
        return Found(parts, entities=self._through(row), path=path, given=given)

    def _parts(self, row: int | None, score: float) -> dict[str, float]:
        """The score split as the mass is split by the signals it started from."""
        if row is None or score <= 0:
            return {}
        mass = self.mass[row]
        shares = mass / mass.sum()
        return {signal: float(score * shares[place]) for place, signal in enumerate(SIGNALS) if mass[place] > 0}

    def _through(self, row: int | None) -> tuple[int, ...]:
        """The entities that bring a chunk most of its mass."""
        if row is None:
            return ()
        begin, end = self.transition.indptr[row : row + 2]
        sources = self.transition.indices[begin:end]
        flow = (self.transition.data[begin:end] * self.mass[sources].sum(axis=1)).round(DIGITS)
        order = sorted(zip((-flow).tolist(), sources.tolist(), strict=True))[:_ENTITIES]
        return tuple(self.nodes[source][1] for value, source in order if value < 0)

    def _predecessors(self) -> list[int]:
        """For each node the one before it on the likeliest path from a seed; a seed that is its own start: itself."""
        size = len(self.nodes)
        start = self.start.sum(axis=1)
        coo = self.transition.tocoo()
        seeded = np.flatnonzero(start)
        # One more node stands for the question: its edges are the restart shares.
        tails = np.concatenate([coo.coords[1], np.full(len(seeded), size)])
        heads = np.concatenate([coo.coords[0], seeded])
        chance = np.concatenate([coo.data, start[seeded]])
        keep = chance > 0
        # The smallest cost keeps certain steps in the graph, where an edge of cost 0 would count as none.
        costs = csr_array(
            (1e-9 - np.log(np.minimum(chance[keep], 1.0)), (tails[keep], heads[keep])), shape=(size + 1, size + 1)
        )
        _, before = dijkstra(costs, indices=size, return_predecessors=True)
        return [row if before[row] in (size, -9999) else int(before[row]) for row in range(size)]

    def _path(self, row: int | None, before: Sequence[int]) -> tuple[Node, ...]:
        if row is None:
            return ()
        path = [row]
        while before[path[-1]] != path[-1]:
            path.append(before[path[-1]])
        return tuple(self.nodes[step] for step in reversed(path))


def _highest(
    scores: Mapping[int, float], gains: Mapping[int, tuple[float, int]], wanted: int, pinned: Collection[int]
) -> list[int]:
    total = {
        chunk: round(scores.get(chunk, 0.0) + gains.get(chunk, (0.0, 0))[0], DIGITS) for chunk in [*scores, *gains]
    }
    order = sorted(total, key=lambda chunk: -total[chunk])
    last = total[order[wanted - 1]] if len(order) > wanted else 0.0
    chosen = [chunk for place, chunk in enumerate(order) if place < wanted or total[chunk] == last > 0]
    return list(dict.fromkeys((*chosen[: 2 * wanted], *(chunk for chunk in pinned if chunk in total))))
