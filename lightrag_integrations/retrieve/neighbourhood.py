"""The part of the graph around the seeds, read in rounds of bounded size, so that its cost does not grow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from lightrag_integrations.options import WalkOptions
from lightrag_integrations.reader import Reader
from lightrag_integrations.retrieve.relevance import NAME_RELEVANCE, Relevance
from lightrag_integrations.rows import EdgeBatch, FactEdges, MentionEdges

if TYPE_CHECKING:
    from lightrag_integrations.rows import Flags, Floats, Ints

__all__ = ["DIGITS", "Neighbourhood", "Node", "explore", "propagate", "vector_of"]

Node = tuple[str, int]
"""("chunk" or "entity", surrogate id)."""
_PREVIEW_STEPS = 3
DIGITS = 12
"""Masses that agree in so many digits tie: the rest is noise of the order in which they were summed."""


class Neighbourhood:
    """Nodes and edges known so far.

    A node's row is its place in the order met; inside, a node is twice its id, plus one for a chunk.
    """

    def __init__(self, seeds: Iterable[Node]) -> None:
        """Start with the seeds, no edges."""
        self.seeds = {node: row for row, node in enumerate(seeds)}
        """Node to row, of the seeds only."""
        self._codes = np.array([2 * node + (kind == "chunk") for kind, node in self.seeds], np.int64)
        self._order = np.argsort(self._codes)
        """Rows in the order of their nodes."""
        self._asked = np.zeros(len(self._codes), np.bool_)
        self._totals = np.zeros(len(self._codes))
        # Between rows, not ids.
        self._mentions = MentionEdges(*_NO_EDGES[:3])
        self._facts = FactEdges(*_NO_EDGES)

    @property
    def ids(self) -> Ints:
        """Surrogate id of each row."""
        return self._codes >> 1

    @property
    def is_chunk(self) -> Flags:
        """Whether each row is a chunk."""
        return np.asarray(self._codes & 1 == 1)

    @property
    def edges(self) -> int:
        """Number of edges known; the facts between two entities are one."""
        return len(self._joined()[1])

    def heaviest(self, mass: Floats, limit: int) -> Ints:
        """Rows that hold most mass among those whose edges were not asked for; of equal mass the first met."""
        rows = np.flatnonzero(~self._asked & (mass > 0))
        return rows[np.argsort(-mass[rows].round(DIGITS), kind="stable")[:limit]]

    async def read(
        self,
        rows: Ints,
        reader: Reader,
        limit: int,
        *,
        vector: Sequence[float] | None,
        measured: Sequence[int],
        known: Ints,
    ) -> Mapping[int, float]:
        """Read edges next to some rows; returns cosines, not known before, of chunks met and those to be measured."""
        chosen = self._codes[rows]
        entities, chunks = (chosen[chosen & 1 == 0] >> 1).tolist(), (chosen[chosen & 1 == 1] >> 1).tolist()
        batch = await reader.edges(
            entities=entities, chunks=chunks, limit=limit, vector=vector, measured=measured, known=known
        )
        self._take(batch)
        self._asked[rows] = True
        totals = (batch.entity_totals, batch.chunk_totals)
        self._totals[rows] = [totals[code & 1].get(code >> 1, 0.0) for code in chosen.tolist()]
        return batch.cosines

    def transition(self, relevance: Relevance) -> csr_array:
        """Step probabilities, column-stochastic but for what leads to edges not read: row = to, column = from."""
        source, target, chance = self._steps(relevance)
        return csr_array((chance, (target, source)), shape=(len(self._codes), len(self._codes)))

    def preview(self, start: Floats, relevance: Relevance, damping: float) -> Floats:
        """Where a short walk ends up; for so few steps a matrix is not worth making."""
        source, target, chance = self._steps(relevance)
        mass = start
        for _ in range(_PREVIEW_STEPS):
            mass = (1 - damping) * start + damping * np.bincount(target, chance * mass[source], len(start))
        return mass

    def _steps(self, relevance: Relevance) -> tuple[Ints, Ints, Floats]:
        """From row, to row and how likely from there, of each edge both ways."""
        size = len(self._codes)
        once, weight = self._joined()
        source, target = np.concatenate([once, once[:, ::-1]]).T
        weight = np.tile(weight, 2)
        mass = weight * relevance.of(self.ids, self.is_chunk)[target]
        out = np.bincount(source, mass, size).astype(np.float64)  # of no edges at all, numpy counts in integers
        read = np.bincount(source, weight, size)
        # What was not read is taken to be worth what the read edges of that node are worth on average.
        unread = np.maximum(self._totals - read, 0.0)
        out += unread * np.divide(out, read, out=np.full(size, NAME_RELEVANCE), where=read > 0)
        inverse = np.divide(1.0, out, out=np.zeros(size), where=out > 0)
        return source, target, mass * inverse[source]

    def _take(self, batch: EdgeBatch) -> None:
        new, told = batch.mentions, batch.facts
        pairs = ((2 * new.entities, 2 * new.chunks + 1), (2 * told.sources, 2 * told.targets))
        rows = self._meet(np.concatenate([np.column_stack(pair).ravel() for pair in pairs]))
        named, related = np.split(rows, [2 * len(new.entities)])
        mentions = new._replace(entities=named[::2], chunks=named[1::2])
        facts = told._replace(sources=related[::2], targets=related[1::2])
        self._mentions = MentionEdges(*(np.concatenate(pair) for pair in zip(self._mentions, mentions, strict=True)))
        self._facts = FactEdges(*(np.concatenate(pair) for pair in zip(self._facts, facts, strict=True)))

    def _meet(self, codes: Ints) -> Ints:
        """The rows of these nodes; those met for the first time get the next ones, in the order met."""
        distinct, first, place = np.unique(codes, return_index=True, return_inverse=True)
        known = self._codes[self._order]
        near = np.searchsorted(known, distinct)
        is_new = np.append(known, -1)[near] != distinct
        rows = np.append(self._order, -1)[near]
        met = np.argsort(first[is_new])
        rows[np.flatnonzero(is_new)[met]] = np.arange(len(known), len(known) + len(met))
        self._order = np.insert(self._order, near[is_new], rows[is_new])
        self._codes = np.concatenate([self._codes, distinct[is_new][met]])
        self._asked = np.concatenate([self._asked, np.zeros(len(met), np.bool_)])
        self._totals = np.concatenate([self._totals, np.zeros(len(met))])
        return rows[place]

    def _joined(self) -> tuple[Ints, Floats]:
        """All edges, each once: pairs of rows, and weights; those of the facts between two entities added up."""
        # Mentions and facts are read from both their ends.
        mentions, facts, size = self._mentions, _distinct(self._facts), len(self._codes)
        named, first = np.unique(mentions.entities * size + mentions.chunks, return_index=True)
        low, high = np.minimum(facts.sources, facts.targets), np.maximum(facts.sources, facts.targets)
        pairs, place = np.unique(low * size + high, return_inverse=True)
        weights = np.bincount(place, facts.weights, len(pairs))
        ends = np.column_stack(np.divmod(np.concatenate([named, pairs]), size))
        return ends, np.concatenate([mentions.weights[first], weights])


def _distinct(facts: FactEdges) -> FactEdges:
    """Each fact once, without those that lead nowhere else."""
    _, first = np.unique(facts.facts, return_index=True)
    kept = first[facts.sources[first] != facts.targets[first]]
    return FactEdges(*(column[kept] for column in facts))


async def explore(
    hood: Neighbourhood,
    restart: Mapping[Node, float],
    reader: Reader,
    *,
    relevance: Relevance,
    options: WalkOptions,
    vector: Sequence[float] | None,
) -> None:
    """Read edges in rounds, each of the nodes that hold most of a short walk's mass.

    Args:
        hood: Holds the seeds; grows.
        restart: Node to share.
        reader: The snapshot.
        relevance: Learns the cosines of the chunks met.
        options: Rounds and sizes.
        vector: The question's, where it knows more than words.
    """
    seeds = hood.ids[hood.is_chunk].tolist() if vector is not None else []
    for number in range(options.rounds):
        mass = vector_of(restart, hood)
        if number:
            mass = hood.preview(mass, relevance, options.damping)
        rows = hood.heaviest(mass, options.nodes_per_round)
        if not len(rows):
            return
        measured = seeds if number == 0 else ()
        limit, known = options.edges_per_node, relevance.measured
        relevance.learn(await hood.read(rows, reader, limit, vector=vector, measured=measured, known=known))


def vector_of(shares: Mapping[Node, float], hood: Neighbourhood) -> Floats:
    """Shares of seeds as a vector over the neighbourhood's rows."""
    vector = np.zeros(len(hood.ids))
    for node, value in shares.items():
        vector[hood.seeds[node]] = value
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
    again, onward = (1 - damping) * start, damping * transition
    mass = start
    for _ in range(steps):
        mass = onward @ mass
        mass += again
    return mass


_NO_EDGES = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64))
