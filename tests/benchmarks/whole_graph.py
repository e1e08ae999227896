"""The reference for the bounded walk: the same seeds, the same bridge, but a walk over every edge there is, in memory.

Everything is read once through the store's seam. Steps are those of `retrieve/neighbourhood.py`, written anew: from u
to v with w(u, v) · f(v) / Σ w(u, ·) · f(·), where f is 0.35 for a name and 0.1 + relevance for a chunk.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from lightrag_integrations.models import Hit
from lightrag_integrations.options import QueryOptions
from lightrag_integrations.reader import Reader
from lightrag_integrations.retrieve import walk
from lightrag_integrations.retrieve.bm25 import read_bm25
from lightrag_integrations.retrieve.bridge import bridge, read_links
from lightrag_integrations.retrieve.finish import finish
from lightrag_integrations.retrieve.question import Question
from lightrag_integrations.retrieve.ranking import Found, Ranking
from lightrag_integrations.retrieve.seeds import chunk_seeds, fact_seeds, keyword_list, name_seeds

BATCH = 2000
ALL = 2**31 - 1
NEAR = 20
PINNED = 5


class WholeGraph:
    """All nodes, edges and chunk vectors of an index."""

    def __init__(self, chunks: Sequence[int], edges: dict[tuple[int, int], float], vectors: np.ndarray) -> None:
        entities = sorted({entity for entity, _ in edges if entity >= 0} | {other for _, other in edges if other >= 0})
        self.chunks = np.array(chunks)
        self.rows = {("chunk", chunk): row for row, chunk in enumerate(chunks)}
        self.rows |= {("entity", entity): len(chunks) + row for row, entity in enumerate(entities)}
        ends = np.array(
            [(self.rows["entity", e], self.rows[("entity", o) if o >= 0 else ("chunk", ~o)]) for e, o in edges]
        ).T
        weight = np.tile(np.array(list(edges.values())), 2)
        both = np.concatenate([ends, ends[::-1]], axis=1)
        self.weights = csr_array((weight, (both[0], both[1])), shape=(len(self.rows), len(self.rows)))
        self.edges = len(edges)
        self.vectors = vectors

    @classmethod
    async def read(cls, reader: Reader) -> "WholeGraph":
        """Read everything. An edge is (entity, other), the other end an entity or the complement of a chunk."""
        shown = await reader.all_chunks()
        chunks = [row.id for row in shown]
        entities: set[int] = set()
        for begin in range(0, len(chunks), BATCH):
            entities |= {entity for _, entity, _ in await reader.mentions_of_chunks(chunks[begin : begin + BATCH])}
        edges: dict[tuple[int, int], float] = {}
        facts: set[int] = set()
        listed = sorted(entities)
        for begin in range(0, len(listed), BATCH):
            batch = await reader.edges(entities=listed[begin : begin + BATCH], chunks=[], limit=ALL)
            for entity, chunk, weight in _rows(batch.mentions):
                edges[entity, ~chunk] = weight
            for source, target, weight, fact in _rows(batch.facts):
                if fact not in facts and source != target:
                    facts.add(fact)
                    pair = (min(source, target), max(source, target))
                    edges[pair] = edges.get(pair, 0.0) + weight
        vectors: dict[str, Sequence[float]] = {}
        for begin in range(0, len(shown), BATCH):
            vectors.update(await reader.vectors([row.chunk_id for row in shown[begin : begin + BATCH]]))
        return cls(chunks, edges, np.array([vectors[row.chunk_id] for row in shown], np.float32))

    def masses(self, start: np.ndarray, worth: np.ndarray, *, damping: float, steps: int) -> np.ndarray:
        """Personalised PageRank; W is symmetric, so W·f gives what leads out of each node."""
        out = self.weights @ worth
        inverse = np.divide(1.0, out, out=np.zeros_like(out), where=out > 0)
        mass = start
        for _ in range(steps):
            mass = (1 - damping) * start + damping * worth * (self.weights @ (mass * inverse))
        return mass

    async def search(self, question: Question, reader: Reader, options: QueryOptions) -> list[Hit]:
        """What `mix` returns, with the walk over the whole graph."""
        given = options.walk
        bm25 = await read_bm25(reader, question.terms)
        squared = bm25.scores(power=2)
        keyword = await keyword_list(bm25, squared, reader, given.seeds)
        vector = await reader.nearest_chunks(question.vector or (), given.seeds)
        seeds = chunk_seeds(keyword, vector)
        seeds.name = await name_seeds(question, reader)
        seeds.fact, seeds.facts = await fact_seeds(question, reader, bm25, keyword)
        start = np.zeros(len(self.rows))
        for node, share in walk._summed(walk._restart(seeds, given.chunk_restart, given.fact_share)).items():
            start[self.rows[node]] = share
        first = walk._first_stage(keyword, vector)
        worth = self._worth(question, bm25.ids, walk._left_over(bm25, squared, first[:1]), vector[0][1])
        mass = self.masses(start, worth, damping=given.damping, steps=given.steps)[: len(self.chunks)]
        scores = {int(self.chunks[row]): float(np.sqrt(mass[row])) for row in np.argsort(-mass)[:500] if mass[row] > 0}
        links = await read_links(reader, list(scores), strength=given.bridge)
        gains = bridge(question, links, bm25, scores, strength=given.bridge)
        pinned = first[: given.guard * PINNED]
        total = {chunk: scores.get(chunk, 0.0) + gains.get(chunk, (0.0, 0))[0] for chunk in [*scores, *gains]}
        best = sorted(total, key=lambda chunk: -total[chunk])[: options.k + NEAR]
        chosen = {chunk: Found({"walk": total.get(chunk, 0.0)}) for chunk in dict.fromkeys((*best, *pinned))}
        found = await finish(Ranking(chunks=chosen, pinned=tuple(pinned)), question, reader, options)
        return [row.hit() for row, _ in found]

    def _worth(self, question: Question, ids: Any, scores: Any, best: float) -> np.ndarray:
        words = np.zeros(len(self.chunks))
        order = np.argsort(self.chunks)
        if len(ids) and scores.max() > 0:
            words[order[np.searchsorted(self.chunks, ids, sorter=order)]] = scores / scores.max()
        asked = np.asarray(question.vector, np.float32)
        cosines = np.maximum(self.vectors @ (asked / np.linalg.norm(asked)), 0.0)
        worth = np.full(len(self.rows), 0.35)
        worth[: len(self.chunks)] = 0.1 + 0.7 * cosines / best + 0.3 * words
        return worth


def _rows(columns: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    return zip(*(np.asarray(column).tolist() for column in columns), strict=True)
