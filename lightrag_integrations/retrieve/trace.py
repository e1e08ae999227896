"""How a walk's mass came to a chunk: from which seeds, by which path, and what each step of it is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from lightrag_integrations.retrieve.neighbourhood import Node, propagate
from lightrag_integrations.retrieve.reached import SIGNALS, Reached

if TYPE_CHECKING:
    from lightrag_integrations.rows import Floats, Ints

__all__ = ["Path", "SeedPart", "Trace"]

_TRIES = 8
"""Paths looked at until each edge of one is needed."""
_DIGITS = 9
"""What is told is rounded: the rest is noise of the order in which masses were summed."""


class SeedPart(NamedTuple):
    """What one seed gave to a chunk."""

    signal: str
    node: Node
    share: float
    """Of all that the walk started with."""
    part: float
    """Of what the walk and the bridge gave to the chunk."""


class Path(NamedTuple):
    """A path from a seed to a chunk."""

    signal: str
    """Of the seed."""
    nodes: tuple[Node, ...]
    losses: tuple[float | None, ...]
    """For each step the part of what walk and bridge gave that is lost without its edge; None: the bridge itself."""


class Trace:
    """Answers for single chunks; nothing is computed before it is asked for."""

    def __init__(self, reached: Reached, gains: Mapping[int, tuple[float, int]], *, damping: float, steps: int) -> None:
        """Keep what a walk was.

        Args:
            reached: Its nodes, steps, starts and masses.
            gains: Chunk to (gain by the bridge, the chunk it comes from).
            damping: As walked.
            steps: As walked.
        """
        self._reached = reached
        self._gains = gains
        self._damping = damping
        self._steps = steps
        self._without: dict[tuple[int, int], Floats] = {}
        self._trees: dict[tuple[int, frozenset[tuple[int, int]]], list[int]] = {}

    @cached_property
    def _rows(self) -> dict[Node, int]:
        return {node: row for row, node in enumerate(self._reached.nodes)}

    @cached_property
    def _scores(self) -> dict[int, float]:
        return self._reached.scores

    def seeds(self, chunks: Sequence[int], limit: int) -> dict[int, list[SeedPart]]:
        """Where the score of each chunk began, largest part first.

        The walk is linear, so walking backwards from a chunk tells how much of its mass each start gave.

        Args:
            chunks: Any chunks of the ranking.
            limit: Most seeds of each.
        """
        givers = {chunk: self._givers(chunk) for chunk in chunks}
        asked = list(dict.fromkeys(row for giver in givers.values() for row, _ in giver))
        ends = np.zeros((len(self._reached.nodes), len(asked)))
        ends[asked, np.arange(len(asked))] = 1.0
        back = propagate(self._reached.transition.T.tocsr(), ends, damping=self._damping, steps=self._steps)
        columns = {row: back[:, place] for place, row in enumerate(asked)}
        return {chunk: self._largest(columns, giver, limit) for chunk, giver in givers.items()}

    def path(self, chunk: int) -> Path | None:
        """The strongest path that begins with the signal that gave most, each of its edges needed if there is one."""
        score, (gain, origin) = self._scores.get(chunk, 0.0), self._gains.get(chunk, (0.0, 0))
        if gain > score and ("chunk", origin) in self._rows:
            before = self._needed(chunk, self._rows["chunk", origin])
            return Path(before.signal, (*before.nodes, ("chunk", chunk)), (*before.losses, None))
        return self._needed(chunk, self._rows["chunk", chunk]) if score > 0 else None

    def _givers(self, chunk: int) -> list[tuple[int, float]]:
        """Rows that the chunk has its score from, with the parts: its own, and that of the bridge's other end."""
        gain, origin = self._gains.get(chunk, (0.0, 0))
        parts = [(("chunk", chunk), self._scores.get(chunk, 0.0)), (("chunk", origin), gain)]
        found = [(self._rows[node], part) for node, part in parts if node in self._rows and part > 0]
        total = sum(part for _, part in found)
        return [(row, part / total) for row, part in found]

    def _largest(self, columns: Mapping[int, Floats], giver: Sequence[tuple[int, float]], limit: int) -> list[SeedPart]:
        start = self._reached.start
        parts = np.zeros_like(start)
        for row, part in giver:
            given = start * columns[row][:, None]
            parts += part * given / given.sum()
        rows, signals = np.nonzero(parts)
        told = zip(rows.tolist(), signals.tolist(), parts[rows, signals].round(_DIGITS).tolist(), strict=True)
        best = sorted(told, key=lambda item: (-item[2], item[0], item[1]))[:limit]
        return [
            SeedPart(SIGNALS[signal], self._reached.nodes[row], round(float(start[row, signal]), _DIGITS), part)
            for row, signal, part in best
            if part > 0
        ]

    def _needed(self, chunk: int, row: int) -> Path:
        """The strongest path to a row of which each edge is needed; else that whose least needed edge is needed most.

        A path begins with the signal that gave most, unless only one of another signal has such edges.
        """
        paths = []
        for signal in np.argsort(-self._reached.mass[row].round(_DIGITS), kind="stable").tolist():
            if self._reached.mass[row, signal] > 0:
                paths += self._tried(chunk, row, signal)
                if paths[-1:] and paths[-1][0] > 0:
                    return paths[-1][1]
        return max(paths, key=lambda item: item[0])[1]

    def _tried(self, chunk: int, row: int, signal: int) -> list[tuple[float, Path]]:
        """Paths with their least loss, each without the edges of those before that were not needed."""
        banned: frozenset[tuple[int, int]] = frozenset()
        paths: list[tuple[float, Path]] = []
        for _ in range(_TRIES):
            rows = self._strongest(row, signal, banned)
            losses = [self._loss(chunk, edge) for edge in pairwise(rows)]
            if rows:
                nodes = tuple(self._reached.nodes[step] for step in rows)
                paths.append((min(losses, default=1.0), Path(SIGNALS[signal], nodes, tuple(losses))))
            if not rows or paths[-1][0] > 0:
                break
            banned |= {_pair(edge) for edge, loss in zip(pairwise(rows), losses, strict=True) if loss <= 0}
        return paths

    def _strongest(self, row: int, signal: int, banned: frozenset[tuple[int, int]]) -> list[int]:
        """Rows of the path that most mass of one signal takes; none if it can't be reached."""
        tree = self._trees.get((signal, banned))
        if tree is None:
            tree = self._trees[signal, banned] = self._tree(signal, banned)
        path = [row]
        while tree[path[-1]] != path[-1]:
            path.append(tree[path[-1]])
            if path[-1] < 0:
                return []
        return path[::-1]

    def _tree(self, signal: int, banned: frozenset[tuple[int, int]]) -> list[int]:
        """For each row the one before it; a seed that is its own start: itself; one out of reach: -1."""
        size = len(self._reached.nodes)
        start = self._reached.start[:, signal]
        steps = self._reached.transition.tocoo()
        tails, heads, chance = steps.col, steps.row, steps.data * self._damping
        open_ = np.ones(len(chance), np.bool_)
        for a, b in banned:
            open_ &= ~(((tails == a) & (heads == b)) | ((tails == b) & (heads == a)))
        seeded = np.flatnonzero(start)
        # One more node stands for the question: its edges are the restart shares.
        tails = np.concatenate([tails[open_], np.full(len(seeded), size)])
        heads = np.concatenate([heads[open_], seeded])
        chance = np.concatenate([chance[open_], start[seeded]])
        keep = chance > 0
        # The smallest cost keeps certain steps in the graph, where an edge of cost 0 would count as none.
        # Shortest paths take 32 bits only in SciPy before 1.15.
        places = (tails[keep].astype(np.int32), heads[keep].astype(np.int32))
        costs = csr_array((1e-9 - np.log(np.minimum(chance[keep], 1.0)), places), shape=(size + 1, size + 1))
        _, before = dijkstra(costs, indices=size, return_predecessors=True)
        return [row if before[row] == size else max(int(before[row]), -1) for row in range(size)]

    def _loss(self, chunk: int, edge: tuple[int, int]) -> float:
        """The part of a chunk's score that is lost without an edge: walk and bridge are roots of masses."""
        pair = _pair(edge)
        if pair not in self._without:
            self._without[pair] = self._masses_without(*pair)
        left = sum(
            part * np.sqrt(self._without[pair][row] / self._reached.mass[row].sum())
            for row, part in self._givers(chunk)
        )
        return round(float(1 - left), _DIGITS)

    def _masses_without(self, one: int, other: int) -> Floats:
        """Masses of the same walk when it never takes an edge, in either direction: others take its place."""
        old = self._reached.transition
        heads, tails = _heads(old), old.indices
        data = old.data.copy()
        for tail, head in ((one, other), (other, one)):
            leaving = tails == tail
            gone = leaving & (heads == head)
            rest = 1.0 - float(old.data[gone].sum())
            data[leaving] = data[leaving] / rest if rest > 0 else 0.0
            data[gone] = 0.0
        new = csr_array((data, old.indices, old.indptr), shape=old.shape)
        start = self._reached.start.sum(axis=1, keepdims=True)
        return propagate(new, start, damping=self._damping, steps=self._steps)[:, 0]


def _pair(edge: tuple[int, int]) -> tuple[int, int]:
    return min(edge), max(edge)


def _heads(matrix: csr_array) -> Ints:
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
