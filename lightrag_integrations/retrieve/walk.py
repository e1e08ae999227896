"""`graph` and `mix`: a walk from the question's seeds along mentions and facts, weighted by relevance.

After HippoRAG 2 (Gutiérrez et al., 2025) and LinearRAG (arXiv 2510.10114); what is ours is measured in
`tests/benchmarks/quality.py`: steps weighted by the chunk they lead to, edges read in bounded rounds, a bridge along
titles by the words still missing, and a guard for single-fact questions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lightrag_integrations.options import QueryOptions
from lightrag_integrations.reader import Reader
from lightrag_integrations.retrieve.bm25 import Bm25, read_bm25
from lightrag_integrations.retrieve.bridge import BRIDGED, bridge, read_links
from lightrag_integrations.retrieve.neighbourhood import Neighbourhood, Node, explore
from lightrag_integrations.retrieve.plain import wanted
from lightrag_integrations.retrieve.question import Question
from lightrag_integrations.retrieve.ranking import Ranking
from lightrag_integrations.retrieve.reached import walked
from lightrag_integrations.retrieve.relevance import Relevance
from lightrag_integrations.retrieve.seeds import Seeds, chunk_seeds, fact_seeds, keyword_list, name_seeds, share
from lightrag_integrations.retrieve.trace import Trace
from lightrag_integrations.rows import SOURCES

if TYPE_CHECKING:
    from lightrag_integrations.rows import Floats

__all__ = ["rank_by_walk"]

_NEAR = 20
"""Entities reported near the question, and chunks found beyond those wanted, for doubles to make way to."""
_OWN = 0.5
"""Part of its relevance that the best chunk keeps."""
_PINNED = 5
"""Candidates for each guarded place, as some may be doubles of others."""


async def rank_by_walk(question: Question, reader: Reader, options: QueryOptions) -> Ranking:
    """Rank chunks by where a walk from the question ends up.

    Args:
        question: The question.
        reader: The snapshot.
        options: `mix` starts from chunks, names and facts and guards the first stage's best; `graph` starts from
            names and facts only, where there are any.
    """
    walk = options.walk
    bm25 = await read_bm25(reader, question.terms, common=False)
    squared = bm25.scores(power=2)
    # The nearest chunks and facts come last: a reader that looks ahead is searching for them meanwhile.
    names = await name_seeds(question, reader)
    keyword = await keyword_list(bm25, squared, reader, walk.seeds)
    vector = await reader.nearest_chunks(question.vector, walk.seeds) if question.semantic and question.vector else []
    seeds = chunk_seeds(keyword, vector)
    seeds.name = names
    first = _first_stage(keyword, vector)
    relevance = Relevance(bm25.ids, _left_over(bm25, squared, first[:1]), cosines=dict(vector))
    seeds.fact, seeds.facts = await fact_seeds(question, reader, bm25, keyword)
    columns = _restart(seeds, walk.chunk_restart if options.mode == "mix" else 0.0, walk.fact_share)
    restart = _summed(columns)
    if not restart:
        return Ranking()
    hood = Neighbourhood(restart)
    await explore(hood, restart, reader, relevance=relevance, options=walk, vector=question.vector if vector else None)
    reached = walked(hood, relevance, columns, walk)
    scores = reached.best(BRIDGED)  # links first: the entities take longer, and are wanted last
    links = await reader.begin(read_links(reader, list(scores), strength=walk.bridge))
    near = reached.entities(_NEAR)
    await reader.expect_entities(near, sources=SOURCES)
    gains = bridge(question, await links, bm25, scores, strength=walk.bridge)
    pinned = first[: walk.guard * _PINNED] if options.mode == "mix" else []
    return Ranking(
        chunks=reached.found(gains, wanted=wanted(options) + _NEAR, pinned=pinned),
        entities=near,
        facts=seeds.facts,
        pinned=tuple(pinned),
        trace=Trace(reached, gains, damping=walk.damping, steps=walk.steps),
    )


def _restart(seeds: Seeds, chunk_share: float, fact_share: float) -> dict[str, dict[Node, float]]:
    """Where the walk starts again, by signal; the share of a signal that found nothing goes to the others."""
    weights = {
        "chunk": chunk_share if seeds.keyword or seeds.vector else 0.0,
        "name": (1 - chunk_share) * (1 - fact_share) if seeds.name else 0.0,
        "fact": (1 - chunk_share) * fact_share if seeds.fact else 0.0,
    }
    whole = sum(weights.values())
    if not whole:
        weights, whole = {"chunk": 1.0, "name": 1.0, "fact": 1.0}, 1.0
    prior = sum(seeds.keyword.values()) + sum(seeds.vector.values())
    scale = weights["chunk"] / whole / prior if prior else 0.0
    return {
        "keyword": {("chunk", chunk): value * scale for chunk, value in seeds.keyword.items() if scale},
        "vector": {("chunk", chunk): value * scale for chunk, value in seeds.vector.items() if scale},
        "name": {("entity", one): value * weights["name"] / whole for one, value in share(seeds.name).items()},
        "fact": {("entity", one): value * weights["fact"] / whole for one, value in share(seeds.fact).items()},
    }


def _left_over(bm25: Bm25, squared: Floats, first: Sequence[int]) -> Floats:
    """BM25 of the question's words that the best chunk does not hold: they tell which way to go on from it.

    The best chunk itself keeps half of what all words give it, as the question may be about nothing else.
    """
    held = frozenset[int]().union(*bm25.holding(first).values())
    scores = _over_maximum(bm25.scores(power=2, without=held))
    own = np.isin(bm25.ids, first)
    scores[own] = np.maximum(scores[own], _OWN * _over_maximum(squared)[own])
    return scores


def _over_maximum(scores: Floats) -> Floats:
    return scores / scores.max() if len(scores) and scores.max() > 0 else scores


def _summed(columns: Mapping[str, Mapping[Node, float]]) -> dict[Node, float]:
    total: dict[Node, float] = {}
    for column in columns.values():
        for node, value in column.items():
            total[node] = total.get(node, 0.0) + value
    return total


def _first_stage(keyword: Sequence[tuple[int, float]], vector: Sequence[tuple[int, float]]) -> list[int]:
    """The best chunks of the two lists: 0.3 BM25 and 0.7 cosine, each over its maximum; BM25 alone without vectors."""
    scores: dict[int, float] = {}
    for listed, weight in ((keyword, 0.3), (vector, 0.7)):
        for chunk, score in listed if listed and listed[0][1] > 0 else ():
            scores[chunk] = scores.get(chunk, 0.0) + weight * score / listed[0][1]
    return sorted(scores, key=lambda chunk: -scores[chunk])
