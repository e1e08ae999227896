"""`local`, `global`, `hybrid`: LightRAG's modes (Guo et al., arXiv 2410.05779; its constants as options).

`local` goes from entities near the low-level keywords to the chunks that mention them; `global` from facts near the
high-level keywords, grouped by relation, to the chunks that tell them; `hybrid` takes turns between the two. The
chunks gathered are ordered by nearness to the question. Without keywords the question stands for both kinds; without a
real embedding model names and words find the seeds and BM25 orders the chunks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, zip_longest

from lightrag_integrations.options import QueryOptions
from lightrag_integrations.reader import Reader
from lightrag_integrations.retrieve.bm25 import Bm25, read_bm25
from lightrag_integrations.retrieve.plain import wanted
from lightrag_integrations.retrieve.question import Question
from lightrag_integrations.retrieve.ranking import Found, Ranking
from lightrag_integrations.retrieve.seeds import keyword_list, name_seeds, statements_by_words
from lightrag_integrations.rows import FactRow

__all__ = ["rank_global", "rank_hybrid", "rank_local"]

_CHUNKS = 20
"""Chunks taken by each of the two ways (LightRAG's chunk_top_k)."""
_CHUNKS_OF_ENTITY = 200
_FACTS_OF_ENTITY = 10
_KEYWORD_CHUNKS = 50


async def rank_local(question: Question, reader: Reader, options: QueryOptions) -> Ranking:
    """From entities to chunks."""
    entities = await _entity_seeds(question, reader, options)
    facts = await reader.facts_of_entities(entities, _FACTS_OF_ENTITY)
    pairs = await reader.mentions_of_entities(entities, _CHUNKS_OF_ENTITY)
    through: dict[int, list[int]] = {}
    for entity, chunk in pairs:
        through.setdefault(chunk, []).append(entity)
    chunks = await _nearest_of(question.of_low(), reader, through, max(_CHUNKS, wanted(options)))
    rank = {entity: place for place, entity in enumerate(entities)}
    found = {
        chunk: Found(
            {"local": score},
            entities=tuple(sorted(through[chunk], key=rank.__getitem__)),
            path=(("entity", min(through[chunk], key=rank.__getitem__)), ("chunk", chunk)),
        )
        for chunk, score in chunks
    }
    return Ranking(found, entities=tuple(entities), facts=_heaviest(facts, options.seeds))


async def rank_global(question: Question, reader: Reader, options: QueryOptions) -> Ranking:
    """From facts, grouped by relation, to chunks."""
    facts = await _fact_seeds(question, reader, options)
    told: dict[int, list[FactRow]] = {}
    for fact in facts:
        told.setdefault(fact.chunk, []).append(fact)
    chunks = await _nearest_of(question.of_high(), reader, told, max(_CHUNKS, wanted(options)))
    found = {
        chunk: Found(
            {"global": score},
            entities=_ends(told[chunk]),
            facts=tuple(fact.id for fact in told[chunk]),
            path=(("entity", told[chunk][0].source), ("entity", told[chunk][0].target), ("chunk", chunk)),
        )
        for chunk, score in chunks
    }
    return Ranking(found, entities=_ends(facts)[: options.seeds], facts=tuple(fact.id for fact in facts))


async def rank_hybrid(question: Question, reader: Reader, options: QueryOptions) -> Ranking:
    """Both, in turns. A chunk's score is one over its place among the turns, split between the ways that found it."""
    local = await rank_local(question, reader, options)
    world = await rank_global(question, reader, options)
    turns = _in_turns(list(local.chunks), list(world.chunks))
    found = {}
    for place, chunk in enumerate(turns, start=1):
        sides = {"local": local.chunks.get(chunk), "global": world.chunks.get(chunk)}
        there = {name: side for name, side in sides.items() if side is not None}
        first = next(iter(there.values()))
        found[chunk] = Found(
            {name: 1 / place / len(there) for name in there},
            entities=tuple(dict.fromkeys(entity for side in there.values() for entity in side.entities)),
            facts=tuple(dict.fromkeys(fact for side in there.values() for fact in side.facts)),
            path=first.path,
        )
    entities = _in_turns(local.entities, world.entities)
    return Ranking(found, entities=tuple(entities), facts=tuple(_in_turns(local.facts, world.facts)))


async def _entity_seeds(question: Question, reader: Reader, options: QueryOptions) -> list[int]:
    """Named in the question, then near it by vector; without vectors those of the best statements."""
    named = await name_seeds(question.of_low(), reader)
    first = sorted(named, key=lambda entity: -named[entity])
    if question.semantic and question.low_vector:
        near = await reader.nearest_entities(question.low_vector, options.seeds)
        first += [entity for entity, score in near if score >= options.min_similarity]
    if not question.semantic:
        first += _ends(await _facts_by_words(question.of_low(), reader, options))
    return list(dict.fromkeys(first))[: options.seeds]


async def _fact_seeds(question: Question, reader: Reader, options: QueryOptions) -> list[FactRow]:
    """Near the question by vector; without vectors those whose statements share its rare words."""
    if question.semantic and question.high_vector:
        near = await reader.nearest_facts(question.high_vector, options.seeds)
        close = [one.fact for one, score in near if score >= options.min_similarity]
        rows = await reader.facts(close)
        return [rows[fact] for fact in close if fact in rows]
    return await _facts_by_words(question.of_high(), reader, options)


async def _facts_by_words(question: Question, reader: Reader, options: QueryOptions) -> list[FactRow]:
    """Facts whose statements share rare words with the question."""
    bm25 = await read_bm25(reader, question.terms)
    first = await keyword_list(bm25, bm25.scores(power=2), reader, _KEYWORD_CHUNKS)
    scored = await statements_by_words(question, reader, bm25, first)
    # The sort is stable: what ties stays in the order read, which is that of the chunks.
    best = sorted((pair for pair in scored if pair[1] > 0), key=lambda pair: -pair[1])[: options.seeds]
    rows = await reader.facts([one.fact for one, _ in best])
    return [rows[one.fact] for one, _ in best if one.fact in rows]


async def _nearest_of(
    question: Question, reader: Reader, chunks: Mapping[int, Sequence[object]], limit: int
) -> list[tuple[int, float]]:
    """The chunks nearest to the question; ties by how many seeds led there, then in the order given."""
    if question.semantic and question.vector:
        scores: Mapping[int, float] = await reader.similarities(question.vector, list(chunks))
    else:
        scores = _by_bm25(await read_bm25(reader, question.terms))
    ordered = sorted(chunks, key=lambda chunk: (-scores.get(chunk, 0.0), -len(chunks[chunk])))
    return [(chunk, max(scores.get(chunk, 0.0), 0.0)) for chunk in ordered[:limit]]


def _by_bm25(bm25: Bm25) -> dict[int, float]:
    scores = bm25.scores()
    top = float(scores.max()) if len(scores) else 1.0
    return dict(zip(bm25.ids.tolist(), (scores / (top or 1.0)).tolist(), strict=True))


def _heaviest(facts: Iterable[FactRow], limit: int) -> tuple[int, ...]:
    """Facts of the busiest and heaviest relations, as LightRAG orders them: by degree of the ends, then by weight."""
    listed = list({fact.id: fact for fact in facts}.values())
    degree = Counter(end for fact in listed for end in {fact.source, fact.target})
    listed.sort(
        key=lambda fact: (-(degree[fact.source] + degree[fact.target]), -fact.weight, fact.view.chunk_id, fact.id)
    )
    return tuple(fact.id for fact in listed[:limit])


def _ends(facts: Iterable[FactRow]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(end for fact in facts for end in (fact.source, fact.target)))


def _in_turns(first: Sequence[int], second: Sequence[int]) -> list[int]:
    pairs = zip_longest(first, second)
    return list(dict.fromkeys(item for item in chain.from_iterable(pairs) if item is not None))
