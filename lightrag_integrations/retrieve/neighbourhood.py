"""The part of the graph around the seeds, read in rounds of bounded size, so that its cost does not grow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from lightrag_integrations.options import WalkOptions
from lightrag_integrations.protocols import EdgeBatch, Reader

if TYPE_CHECKING:
    from lightrag_integrations.protocols import Floats

__all__ = ["Neighbourhood", "Node", "Relevance"]

Node = tuple[str, int]
"""("chunk" or "entity", surrogate id)."""
NAME_RELEVANCE = 0.35
BASE_RELEVANCE = 0.1


class Relevance:
    """How much a step into a node is worth: a chunk 0.1 and its relevance to the question, a name 0.35."""

    def __init__(self, keyword: Mapping[int, float]) -> None:
        """Start with keyword scores.

        Args:
            keyword: Chunk to BM25 over its maximum; chunks not in it have 0.
        """
        self._keyword = keyword
        self._cosine: dict[int, float] = {}
        self._maximum: float | None = None

    def learn(self, cosines: Mapping[int, float], maximum: float) -> None:
        """Take cosines of chunks; from then on they make 0.7 of a chunk's relevance, keywords 0.3.

        Args:
            cosines: Chunk to cosine.
            maximum: The best cosine of any chunk.
        """
        self._cosine.update(cosines)
        self._maximum = maximum

    def of(self, node: Node) -> float:
        """The weight of a step into a node."""
        kind, chunk = node
        if kind == "entity":
            return NAME_RELEVANCE
        words = self._keyword.get(chunk, 0.0)
        if self._maximum is None or self._maximum <= 0:
            return BASE_RELEVANCE + words
        return BASE_RELEVANCE + 0.7 * max(self._cosine.get(chunk, 0.0), 0.0) / self._maximum + 0.3 * words


class Neighbourhood:
    """Nodes and edges known so far."""

    def __init__(self, seeds: Iterable[Node]) -> None:
        """Start with the seeds, no edges."""
        self.nodes: dict[Node, int] = {node: place for place, node in enumerate(seeds)}
        """Node to row."""
        self.weights: dict[tuple[int, int], float] = defaultdict(float)
        """(row, row), both ways, to weight."""
        self._totals: dict[int, float] = {}
        self._seen_facts: set[int] = set()
        self.edges_read = 0

    @property
    def unread(self) -> list[Node]:
        """Nodes whose edges were not asked for yet."""
        return [node for node, row in self.nodes.items() if row not in self._totals]

    async def read(self, nodes: Iterable[Node], reader: Reader, limit: int) -> list[int]:
        """Read edges next to some nodes; returns the chunks met for the first time."""
        asked = list(nodes)
        known = len(self.nodes)
        batch = await reader.edges(
            entities=[node for kind, node in asked if kind == "entity"],
            chunks=[node for kind, node in asked if kind == "chunk"],
            limit=limit,
        )
        self._take(batch)
        for node in asked:
            totals = batch.entity_totals if node[0] == "entity" else batch.chunk_totals
            self._totals[self.nodes[node]] = totals.get(node[1], 0.0)
        return [node for kind, node in list(self.nodes)[known:] if kind == "chunk"]

    def transition(self, relevance: Relevance) -> csr_array:
        """Step probabilities, column-stochastic but for what leads to edges not read: row = to, column = from."""
        size = len(self.nodes)
        worth = np.array([relevance.of(node) for node in self.nodes])
        ends = np.array(list(self.weights), np.int64).reshape(-1, 2)
        weight = np.array(list(self.weights.values()))
        mass = weight * worth[ends[:, 1]]
        out = np.bincount(ends[:, 0], mass, size)
        unread = self._unread_weight(ends, weight)
        # What was not read is taken to be worth what the read edges of that node are worth on average.
        read = np.bincount(ends[:, 0], weight, size)
        out += unread * np.divide(out, read, out=np.full(size, NAME_RELEVANCE), where=read > 0)
        inverse = np.divide(1.0, out, out=np.zeros(size), where=out > 0)
        return csr_array((mass * inverse[ends[:, 0]], (ends[:, 1], ends[:, 0])), shape=(size, size))

    def _unread_weight(self, ends: np.ndarray, weight: Floats) -> Floats:
        read = np.bincount(ends[:, 0], weight, len(self.nodes))
        total = np.array([self._totals.get(row, 0.0) for row in range(len(self.nodes))])
        return np.maximum(total - read, 0.0)

    def _take(self, batch: EdgeBatch) -> None:
        for entity, chunk, weight in batch.mentions:
            a, b = self._row(("entity", entity)), self._row(("chunk", chunk))
            self.edges_read += (a, b) not in self.weights
            self.weights[a, b] = self.weights[b, a] = weight
        for source, target, weight, fact in batch.facts:
            if fact in self._seen_facts or source == target:
                continue
            self._seen_facts.add(fact)
            self.edges_read += 1
            a, b = self._row(("entity", source)), self._row(("entity", target))
            self.weights[a, b] += weight
            self.weights[b, a] += weight

    def _row(self, node: Node) -> int:
        return self.nodes.setdefault(node, len(self.nodes))


async def explore(
    hood: Neighbourhood,
    restart: Mapping[Node, float],
    reader: Reader,
    *,
    relevance: Relevance,
    options: WalkOptions,
    vector: tuple[list[float], float] | None,
) -> None:
    """Read edges in rounds, each of the nodes that hold most of a short walk's mass.

    Args:
        hood: Holds the seeds; grows.
        restart: Node to share.
        reader: The snapshot.
        relevance: Learns the cosines of the chunks met.
        options: Rounds and sizes.
        vector: The question's vector and the best cosine of any chunk; None without a real embedding model.
    """
    met = [node for kind, node in hood.nodes if kind == "chunk"]
    for number in range(options.rounds):
        if vector is not None and met:
            relevance.learn(await reader.similarities(vector[0], met), vector[1])
        mass = restart if number == 0 else _masses(hood, restart, relevance, options)
        unread = sorted(hood.unread, key=lambda node: (-mass.get(node, 0.0), node))[: options.nodes_per_round]
        unread = [node for node in unread if mass.get(node, 0.0) > 0]
        if not unread:
            return
        met = await hood.read(unread, reader, options.edges_per_node)
    if vector is not None and met:
        relevance.learn(await reader.similarities(vector[0], met), vector[1])


def _masses(
    hood: Neighbourhood, restart: Mapping[Node, float], relevance: Relevance, options: WalkOptions
) -> dict[Node, float]:
    start = vector_of(restart, hood)[:, None]
    mass = propagate(hood.transition(relevance), start, damping=options.damping, steps=3)[:, 0]
    return dict(zip(hood.nodes, mass.tolist(), strict=True))


def vector_of(shares: Mapping[Node, float], hood: Neighbourhood) -> Floats:
    """Shares as a vector over the neighbourhood's rows."""
    vector = np.zeros(len(hood.nodes))
    for node, value in shares.items():
        vector[hood.nodes[node]] = value
    return vector


def propagate(transition: csr_array, start: Floats, *, damping: float, steps: int) -> Floats:
    """Personalised PageRank (Haveliwala, 2002) by power iteration.

    Linear in `start`, so a start split into columns gives a result split the same way.

    Args:
        transition: Row = to, column = from.
        start: Rows by nodes, one column for each signal.
        damping: Chance to go on rather than to start again.
        steps: Iterations.
    """
    mass = start
    for _ in range(steps):
        mass = (1 - damping) * start + damping * (transition @ mass)
    return mass
