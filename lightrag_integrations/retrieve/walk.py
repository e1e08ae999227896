"""`graph` and `mix`: a walk from the question's seeds along mentions and facts, weighted by relevance.

After HippoRAG 2 (Gutiérrez et al., 2025) and LinearRAG (arXiv 2510.10114); what is ours is measured in
`tests/benchmarks/quality.py`: steps weighted by the chunk they lead to, edges read in bounded rounds, a bridge along
titles by the words still missing, and a guard for single-fact questions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from lightrag_integrations.options import QueryOptions
from lightrag_integrations.protocols import Reader
from lightrag_integrations.retrieve.bm25 import Bm25, read_bm25
from lightrag_integrations.retrieve.bridge import bridge
from lightrag_integrations.retrieve.neighbourhood import (
    Neighbourhood,
    Node,
    Relevance,
    explore,
    propagate,
    vector_of,
)
from lightrag_integrations.retrieve.question import Question
from lightrag_integrations.retrieve.ranking import Found, Ranking
from lightrag_integrations.retrieve.seeds import Seeds, chunk_seeds, fact_seeds, keyword_list, name_seeds, share

if TYPE_CHECKING:
    from lightrag_integrations.protocols import Floats

__all__ = ["rank_by_walk"]

SIGNALS = ("keyword", "vector", "name", "fact")
_NEAR = 20
"""Entities reported near the question."""
_ENTITIES = 5
"""Entities reported for each chunk."""


async def rank_by_walk(question: Question, reader: Reader, options: QueryOptions) -> Ranking:
    """Rank chunks by where a walk from the question ends up.

    Args:
        question: The question.
        reader: The snapshot.
        options: `mix` starts from chunks, names and facts and guards the first stage's best; `graph` starts from
            names and facts only, where there are any.
    """
    walk = options.walk
    bm25 = await read_bm25(reader, question.terms)
    keyword = keyword_list(bm25, walk.seeds)
    vector = await reader.nearest_chunks(question.vector, walk.seeds) if question.semantic and question.vector else []
    seeds = chunk_seeds(keyword, vector)
    seeds.name = await name_seeds(question, reader)
    seeds.fact, seeds.facts = await fact_seeds(question, reader, bm25, keyword)
    columns = _restart(seeds, walk.chunk_restart if options.mode == "mix" else 0.0)
    restart = _summed(columns)
    if not restart:
        return Ranking()
    relevance = _relevance(bm25, vector)
    hood = Neighbourhood(restart)
    known = (list(question.vector), vector[0][1]) if vector and question.vector else None
    await explore(hood, restart, reader, relevance=relevance, options=walk, vector=known)
    reached = _Reached.walked(hood, relevance, columns, options)
    gains = await bridge(question, reader, bm25, reached.scores())
    pinned = _first_stage(keyword, vector)[: walk.guard] if options.mode == "mix" else ()
    return Ranking(
        chunks=reached.found(gains, wanted=max(options.k, options.rerank_candidates) + _NEAR, seeds=seeds),
        entities=reached.entities(_NEAR),
        facts=seeds.facts,
        pinned=tuple(pinned),
    )


def _restart(seeds: Seeds, chunk_share: float) -> dict[str, dict[Node, float]]:
    """Where the walk starts again, by signal: chunks `chunk_share`, the rest on names and facts, half each."""
    names = [part for part in (seeds.name, seeds.fact) if part]
    if not names:
        chunk_share = 1.0
    rest = (1 - chunk_share) / len(names) if names else 0.0
    prior = sum(seeds.keyword.values()) + sum(seeds.vector.values())
    scale = chunk_share / prior if prior else 0.0
    return {
        "keyword": {("chunk", chunk): value * scale for chunk, value in seeds.keyword.items() if scale},
        "vector": {("chunk", chunk): value * scale for chunk, value in seeds.vector.items() if scale},
        "name": {("entity", entity): value * rest for entity, value in share(seeds.name).items()},
        "fact": {("entity", entity): value * rest for entity, value in share(seeds.fact).items()},
    }


def _summed(columns: Mapping[str, Mapping[Node, float]]) -> dict[Node, float]:
    total: dict[Node, float] = {}
    for column in columns.values():
        for node, value in column.items():
            total[node] = total.get(node, 0.0) + value
    return total


def _relevance(bm25: Bm25, vector: Sequence[tuple[int, float]]) -> Relevance:
    scores = bm25.scores(power=2)
    top = float(scores.max()) if len(scores) else 1.0
    relevance = Relevance(dict(zip(bm25.ids.tolist(), (scores / (top or 1.0)).tolist(), strict=True)))
    if vector:
        relevance.learn(dict(vector), vector[0][1])
    return relevance


def _first_stage(keyword: Sequence[tuple[int, float]], vector: Sequence[tuple[int, float]]) -> list[int]:
    """The best chunks of the two lists: 0.3 BM25 and 0.7 cosine, each over its maximum; BM25 alone without vectors."""
    scores: dict[int, float] = {}
    for listed, weight in ((keyword, 0.3), (vector, 0.7)):
        for chunk, score in listed:
            scores[chunk] = scores.get(chunk, 0.0) + weight * score / listed[0][1]
    return sorted(scores, key=lambda chunk: (-scores[chunk], chunk))


@dataclass(frozen=True, slots=True)
class _Reached:
    """Where the walk's mass ended up."""

    nodes: list[Node]
    transition: csr_array
    mass: Floats
    """Rows by nodes, one column for each signal."""
    start: Floats

    @classmethod
    def walked(
        cls,
        hood: Neighbourhood,
        relevance: Relevance,
        columns: Mapping[str, Mapping[Node, float]],
        options: QueryOptions,
    ) -> _Reached:
        start = np.column_stack([vector_of(columns[signal], hood) for signal in SIGNALS])
        transition = hood.transition(relevance)
        mass = propagate(transition, start, damping=options.walk.damping, steps=options.walk.steps)
        return cls(list(hood.nodes), transition, mass, start)

    def scores(self) -> dict[int, float]:
        """Chunk to √(mass over the largest chunk mass)."""
        total = self.mass.sum(axis=1)
        chunks = [(row, node) for row, (kind, node) in enumerate(self.nodes) if kind == "chunk"]
        top = max((total[row] for row, _ in chunks), default=0.0)
        return {chunk: float(np.sqrt(total[row] / top)) for row, chunk in chunks if total[row] > 0} if top > 0 else {}

    def entities(self, limit: int) -> tuple[int, ...]:
        """Entities with most mass."""
        total = self.mass.sum(axis=1)
        found = [(-total[row], node) for row, (kind, node) in enumerate(self.nodes) if kind == "entity" and total[row]]
        return tuple(node for _, node in sorted(found)[:limit])

    def found(self, gains: Mapping[int, tuple[float, int]], *, wanted: int, seeds: Seeds) -> dict[int, Found]:
        """The best chunks with their parts, entities and paths."""
        scores = self.scores()
        total = {chunk: scores.get(chunk, 0.0) + gains.get(chunk, (0.0, 0))[0] for chunk in {*scores, *gains}}
        chosen = sorted(total, key=lambda chunk: (-total[chunk], chunk))[:wanted]
        rows = {node: row for row, node in enumerate(self.nodes)}
        before = self._predecessors()
        found: dict[int, Found] = {}
        for chunk in chosen:
            row = rows.get(("chunk", chunk))
            gain, bridge_from = gains.get(chunk, (0.0, 0))
            parts = self._parts(row, scores.get(chunk, 0.0))
            path = self._path(row, before)
            if gain > 0:
                parts["bridge"] = gain
                if gain > scores.get(chunk, 0.0):
                    path = (*self._path(rows.get(("chunk", bridge_from)), before), ("chunk", chunk))
            found[chunk] = Found(parts, entities=self._through(row), path=path)
        return found

    def _parts(self, row: int | None, score: float) -> dict[str, float]:
        """The score split as the mass is split by the signals it started from."""
        if row is None or score <= 0:
            return {}
        mass = self.mass[row]
        return {
            signal: float(score * mass[place] / mass.sum()) for place, signal in enumerate(SIGNALS) if mass[place] > 0
        }

    def _through(self, row: int | None) -> tuple[int, ...]:
        """The entities that bring a chunk most of its mass."""
        if row is None:
            return ()
        begin, end = self.transition.indptr[row : row + 2]
        sources = self.transition.indices[begin:end]
        flow = self.transition.data[begin:end] * self.mass[sources].sum(axis=1)
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
