"""The part of the graph around the seeds, read in rounds of bounded size, so that its cost does not grow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from lightrag_integrations.options import WalkOptions
from lightrag_integrations.rows import EdgeBatch
from lightrag_integrations.store import Reader

if TYPE_CHECKING:
    from lightrag_integrations.rows import Floats, Ints

__all__ = ["Neighbourhood", "Node", "Relevance", "explore", "propagate", "vector_of"]

Node = tuple[str, int]
"""("chunk" or "entity", surrogate id)."""
NAME_RELEVANCE = 0.35
BASE_RELEVANCE = 0.1
_VECTOR_SHARE = 0.7
_PREVIEW_STEPS = 3
DIGITS = 12
"""Masses that agree in so many digits tie: the rest is noise of the order in which they were summed."""


class Relevance:
    """How much a step into a node is worth: a chunk 0.1 and its relevance to the question, a name 0.35."""

    def __init__(self, ids: Ints, scores: Floats) -> None:
        """Start with keyword scores.

        Args:
            ids: Chunks that hold a word of the question, ascending.
            scores: BM25 of each; chunks not in it have 0.
        """
        self._ids = ids
        self._words = scores / scores.max() if len(scores) and scores.max() > 0 else scores
        self._cosines: dict[int, float] = {}
        self._maximum = 0.0

    def learn(self, cosines: Mapping[int, float], maximum: float) -> None:
        """Take cosines of chunks; from then on they make 0.7 of a chunk's relevance, keywords 0.3.

        Args:
            cosines: Chunk to cosine.
            maximum: The best cosine of any chunk.
        """
        self._cosines.update(cosines)
        self._maximum = maximum

    def of(self, nodes: Iterable[Node]) -> Floats:
        """The weights of steps into these nodes."""
        listed = list(nodes)
        places = np.array([place for place, (kind, _) in enumerate(listed) if kind == "chunk"], np.int64)
        chunks = [node for kind, node in listed if kind == "chunk"]
        relevance = self._by_words(np.array(chunks, np.int64))
        if self._maximum > 0:
            cosines = np.array([max(self._cosines.get(chunk, 0.0), 0.0) for chunk in chunks])
            relevance = _VECTOR_SHARE * cosines / self._maximum + (1 - _VECTOR_SHARE) * relevance
        weights = np.full(len(listed), NAME_RELEVANCE)
        weights[places] = BASE_RELEVANCE + relevance
        return weights

    def _by_words(self, chunks: Ints) -> Floats:
        if not len(self._ids):
            return np.zeros(len(chunks))
        places = np.minimum(np.searchsorted(self._ids, chunks), len(self._ids) - 1)
        return np.where(self._ids[places] == chunks, self._words[places], 0.0)


class Neighbourhood:
    """Nodes and edges known so far."""

    def __init__(self, seeds: Iterable[Node]) -> None:
        """Start with the seeds, no edges."""
        self.nodes: dict[Node, int] = {node: place for place, node in enumerate(seeds)}
        """Node to row, in the order met."""
        self._weights: dict[tuple[int, int], float] = {}
        """(row, row) to weight, each edge once."""
        self._totals: dict[int, float] = {}
        self._seen_facts: set[int] = set()

    @property
    def edges(self) -> int:
        """Number of edges known."""
        return len(self._weights)

    @property
    def unread(self) -> list[Node]:
        """Nodes whose edges were not asked for yet."""
        return [node for node, row in self.nodes.items() if row not in self._totals]

    async def read(self, nodes: Sequence[Node], reader: Reader, limit: int) -> list[int]:
        """Read edges next to some nodes; returns the chunks met for the first time."""
        known = len(self.nodes)
        batch = await reader.edges(
            entities=[node for kind, node in nodes if kind == "entity"],
            chunks=[node for kind, node in nodes if kind == "chunk"],
            limit=limit,
        )
        self._take(batch)
        for node in nodes:
            totals = batch.entity_totals if node[0] == "entity" else batch.chunk_totals
            self._totals[self.nodes[node]] = totals.get(node[1], 0.0)
        return [node for kind, node in list(self.nodes)[known:] if kind == "chunk"]

    def transition(self, relevance: Relevance) -> csr_array:
        """Step probabilities, column-stochastic but for what leads to edges not read: row = to, column = from."""
        size = len(self.nodes)
        once = np.array(list(self._weights), np.int64).reshape(-1, 2)
        source, target = np.concatenate([once, once[:, ::-1]]).T
        weight = np.tile(np.array(list(self._weights.values()), np.float64), 2)
        mass = weight * relevance.of(self.nodes)[target]
        out = np.bincount(source, mass, size).astype(np.float64)  # of no edges at all, numpy counts in integers
        read = np.bincount(source, weight, size)
        total = np.array([self._totals.get(row, 0.0) for row in range(size)])
        # What was not read is taken to be worth what the read edges of that node are worth on average.
        out += np.maximum(total - read, 0.0) * np.divide(out, read, out=np.full(size, NAME_RELEVANCE), where=read > 0)
        inverse = np.divide(1.0, out, out=np.zeros(size), where=out > 0)
        return csr_array((mass * inverse[source], (target, source)), shape=(size, size))

    def _take(self, batch: EdgeBatch) -> None:
        for entity, chunk, weight in batch.mentions:
            self._weights[self._row(("entity", entity)), self._row(("chunk", chunk))] = weight
        for source, target, weight, fact in batch.facts:
            if fact in self._seen_facts or source == target:
                continue
            self._seen_facts.add(fact)
            ends = (self._row(("entity", source)), self._row(("entity", target)))
            pair = (min(ends), max(ends))
            self._weights[pair] = self._weights.get(pair, 0.0) + weight

    def _row(self, node: Node) -> int:
        return self.nodes.setdefault(node, len(self.nodes))


async def explore(
    hood: Neighbourhood,
    restart: Mapping[Node, float],
    reader: Reader,
    *,
    relevance: Relevance,
    options: WalkOptions,
    vector: tuple[Sequence[float], float] | None,
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
        heavy = [node for node in hood.unread if mass.get(node, 0.0) > 0]
        # The sort is stable: nodes of equal mass are read in the order in which they were met.
        heavy.sort(key=lambda node: -round(mass[node], DIGITS))
        if not heavy:
            return
        met = await hood.read(heavy[: options.nodes_per_round], reader, options.edges_per_node)
    if vector is not None and met:
        relevance.learn(await reader.similarities(vector[0], met), vector[1])


def _masses(
    hood: Neighbourhood, restart: Mapping[Node, float], relevance: Relevance, options: WalkOptions
) -> dict[Node, float]:
    start = vector_of(restart, hood)[:, None]
    mass = propagate(hood.transition(relevance), start, damping=options.damping, steps=_PREVIEW_STEPS)[:, 0]
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
