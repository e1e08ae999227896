"""An index in memory: all of `Reader` over prepared documents, in plain loops and numpy, to try searches by hand."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from lightrag_integrations.contributions import PreparedDocument
from lightrag_integrations.models import FactView
from lightrag_integrations.rows import (
    ChunkRow,
    EdgeBatch,
    EntityRow,
    FactEdges,
    FactRow,
    MentionEdges,
    Posting,
    Statement,
)
from lightrag_integrations.storage.postgres.rows import tie_of

__all__ = ["MemoryReader"]

T = TypeVar("T")
Vector = Sequence[float]


class MemoryReader:
    """Surrogate ids are places in the order of documents, so results don't depend on the order of insertion."""

    def __init__(self, documents: Iterable[PreparedDocument], *, keep: Callable[[Mapping[str, Any]], bool]) -> None:
        self._rows: dict[int, ChunkRow] = {}
        self._terms: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        self._lengths: dict[int, int] = {}
        self._vectors: dict[str, dict[int, Vector]] = {"chunk": {}, "entity": {}, "fact": {}}
        self._keys: dict[str, int] = {}
        self._mentions: dict[tuple[int, int], Any] = {}
        """(entity, chunk) to mention."""
        self._by_chunk: dict[int, list[int]] = defaultdict(list)
        self._by_entity: dict[int, list[int]] = defaultdict(list)
        self._facts: dict[int, tuple[int, int, int, Any]] = {}
        """Fact to (source, target, chunk, fact)."""
        self._facts_at: dict[int, list[int]] = defaultdict(list)
        self._facts_in: dict[int, list[int]] = defaultdict(list)
        listed = sorted(documents, key=lambda one: one.document.id)
        for one in listed:
            for prepared in sorted(one.chunks, key=lambda item: (item.chunk.position, item.chunk.id)):
                if keep(prepared.chunk.metadata):
                    self._add(prepared, one.document.source)
        embeddings = {key: vector for one in listed for key, vector in one.entity_embeddings.items()}
        self._vectors["entity"] = {self._keys[key]: v for key, v in embeddings.items() if key in self._keys}
        self._matrices = {name: _matrix(vectors) for name, vectors in self._vectors.items()}

    def _add(self, prepared: Any, source: str) -> None:
        made, row = prepared.chunk, len(self._rows) + 1
        self._rows[row] = ChunkRow(
            id=row, chunk_id=made.id, document_id=made.document_id, title=made.title, text=made.text, source=source,
            position=made.position, start=made.start, end=made.end, metadata=made.metadata,
            content_hash=prepared.content_hash,
        )  # fmt: skip
        self._lengths[row] = prepared.length
        for term, count in prepared.terms.items():
            self._terms[term][row].append(count)
        if prepared.embedding is not None and any(prepared.embedding):
            self._vectors["chunk"][row] = prepared.embedding
        for mention in prepared.mentions:
            entity = self._keys.setdefault(mention.key, len(self._keys) + 1)
            self._mentions[entity, row] = mention
            self._by_chunk[row].append(entity)
            self._by_entity[entity].append(row)
        for fact in prepared.facts:
            self._add_fact(fact, row)

    def _add_fact(self, fact: Any, row: int) -> None:
        number = len(self._facts) + 1
        source, target = self._keys[fact.source_key], self._keys[fact.target_key]
        self._facts[number] = (source, target, row, fact)
        self._facts_in[row].append(number)
        for end in dict.fromkeys((source, target)):
            self._facts_at[end].append(number)
        if fact.embedding is not None and any(fact.embedding):
            self._vectors["fact"][number] = fact.embedding

    async def corpus(self) -> tuple[int, int]:
        return len(self._rows), sum(self._lengths.values())

    async def postings(self, terms: Sequence[int], *, most: int | None = None) -> list[Posting]:
        found = []
        for term in dict.fromkeys(terms):
            if term in self._terms and (most is None or len(self._terms[term]) <= most):
                chunks = sorted(self._terms[term])
                tfs = [sum(self._terms[term][chunk]) for chunk in chunks]
                lengths = [self._lengths[chunk] for chunk in chunks]
                found.append(Posting(term, *(np.array(column, np.int64) for column in (chunks, tfs, lengths))))
        return found

    def _nearest(self, kind: str, vector: Vector, limit: int) -> list[tuple[int, float]]:
        ids, matrix = self._matrices[kind]
        if not len(ids) or not any(vector):
            return []
        scores = (matrix @ _halved(np.array([vector]))[0]).round(6)
        scored = zip(ids.tolist(), scores.tolist(), strict=True)
        return sorted(scored, key=lambda pair: (-pair[1], *self._tie(kind, pair[0])))[:limit]

    def _tie(self, kind: str, one: int) -> tuple[Any, ...]:
        if kind == "chunk":
            return (self._rows[one].chunk_id,)
        if kind == "entity":
            return (next(key for key, entity in self._keys.items() if entity == one),)
        return tie_of(self._rows[self._facts[one][2]].chunk_id), one

    async def nearest_chunks(self, vector: Vector, limit: int) -> list[tuple[int, float]]:
        return self._nearest("chunk", vector, limit)

    async def nearest_entities(self, vector: Vector, limit: int) -> list[tuple[int, float]]:
        return self._nearest("entity", vector, limit)

    async def nearest_facts(self, vector: Vector, limit: int) -> list[tuple[Statement, float]]:
        near = self._nearest("fact", vector, limit)
        rows = await self._fact_rows(fact for fact, _ in near)
        return [(_statement(row), score) for row, (_, score) in zip(rows, near, strict=True)]

    async def similarities(self, vector: Vector, chunks: Sequence[int]) -> dict[int, float]:
        wanted = set(chunks)
        return {chunk: score for chunk, score in self._nearest("chunk", vector, len(self._rows)) if chunk in wanted}

    async def named(self, keys: Sequence[str]) -> dict[str, tuple[int, int]]:
        known = ((key, self._keys[key]) for key in keys if key in self._keys)
        return {key: (entity, len(self._by_entity[entity])) for key, entity in known}

    async def edges(
        self,
        *,
        entities: Sequence[int],
        chunks: Sequence[int],
        limit: int,
        vector: Vector | None = None,
        measured: Sequence[int] = (),
        known: Iterable[int] = (),
    ) -> EdgeBatch:
        mentions = [(entity, chunk) for entity in entities for chunk in self._titled_first(entity)[:limit]]
        mentions += [(entity, chunk) for chunk in chunks for entity in self._named_first(chunk)[:limit]]
        facts = dict.fromkeys(fact for entity in entities for fact in self._heaviest(entity)[:limit])
        met = {*measured, *(chunk for _, chunk in mentions)} - {*known}
        return edge_batch(
            mentions=[(entity, chunk, self._weight(entity, chunk)) for entity, chunk in dict.fromkeys(mentions)],
            facts=[(*self._facts[fact][:2], self._facts[fact][3].weight, fact) for fact in facts],
            entity_totals={
                entity: sum(self._weight(entity, chunk) for chunk in self._by_entity[entity])
                + sum(self._facts[fact][3].weight for fact in self._facts_at[entity])
                for entity in entities
            },
            chunk_totals={
                chunk: sum(self._weight(entity, chunk) for entity in self._by_chunk[chunk]) for chunk in chunks
            },
            cosines={} if vector is None else await self.similarities(vector, sorted(met)),
        )

    def _weight(self, entity: int, chunk: int) -> float:
        return 2.0 if self._mentions[entity, chunk].is_title else 1.0

    def _titled_first(self, entity: int) -> list[int]:
        def place(chunk: int) -> tuple[bool, int]:
            return not self._mentions[entity, chunk].is_title, tie_of(self._rows[chunk].chunk_id)

        return sorted(self._by_entity[entity], key=place)

    def _named_first(self, chunk: int) -> list[int]:
        def place(entity: int) -> tuple[bool, str]:
            return not self._mentions[entity, chunk].is_title, self._mentions[entity, chunk].surface

        return sorted(self._by_chunk[chunk], key=place)

    def _heaviest(self, entity: int) -> list[int]:
        def place(fact: int) -> tuple[float, int, int]:
            return -self._facts[fact][3].weight, tie_of(self._rows[self._facts[fact][2]].chunk_id), fact

        return sorted(self._facts_at[entity], key=place)

    def _weightiest(self, entity: int) -> list[int]:
        return sorted(self._facts_at[entity], key=lambda fact: (-self._facts[fact][3].weight, fact))

    async def links(self, chunks: Sequence[int], *, limit: int, shared_by: int) -> list[tuple[int, int, float]]:
        links = []
        for p in dict.fromkeys(chunks):
            own = {entity for entity in self._by_chunk[p] if self._mentions[entity, p].is_title}
            same = {q for entity in own for q in self._by_entity[entity] if self._mentions[entity, q].is_title}
            others = {q for entity in set(self._by_chunk[p]) - own for q in self._by_entity[entity]
                      if self._mentions[entity, q].is_title}  # fmt: skip
            links += [(p, q, 1.0) for q in sorted(others - same)[:limit]]
            if not self._rows[p].title:
                links += self._shared(p, shared_by)[:limit]
        return links

    def _shared(self, p: int, most: int) -> list[tuple[int, int, float]]:
        found = []
        for entity in self._by_chunk[p]:
            df = len(self._by_entity[entity])
            if 2 <= df <= most and not self._mentions[entity, p].is_title:
                others = (q for q in self._by_entity[entity] if q != p and not self._mentions[entity, q].is_title)
                found += [(df, q, self._mentions[entity, q].key) for q in others]
        return [(p, q, df**-0.5) for df, q, _ in sorted(found)]

    async def chunks(self, ids: Sequence[int]) -> dict[int, ChunkRow]:
        return {one: self._rows[one] for one in ids if one in self._rows}

    async def places(self, ids: Sequence[int]) -> dict[int, tuple[str, int, str]]:
        return {one: (row.document_id, row.position, row.chunk_id) for one, row in (await self.chunks(ids)).items()}

    async def find_chunks(self, chunk_ids: Sequence[str]) -> list[ChunkRow]:
        known = {row.chunk_id: row for row in self._rows.values()}
        return [known[one] for one in chunk_ids if one in known]

    async def all_chunks(self, limit: int | None = None) -> list[ChunkRow]:
        return list(self._rows.values())[:limit]

    async def vectors(self, chunk_ids: Sequence[str]) -> dict[str, Vector]:
        stored = self._vectors["chunk"]
        return {row.chunk_id: stored[row.id] for row in await self.find_chunks(chunk_ids) if row.id in stored}

    def _display(self, entity: int) -> str:
        surfaces = Counter(self._mentions[entity, chunk].surface for chunk in self._by_entity[entity])
        return min(surfaces, key=lambda surface: (-surfaces[surface], surface))

    async def begin(self, reading: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        return asyncio.ensure_future(reading)

    async def expect_entities(self, ids: Sequence[int], *, sources: int | None = None) -> None:
        pass

    async def entities(self, ids: Sequence[int], *, sources: int | None = None) -> dict[int, EntityRow]:
        keys = {entity: key for key, entity in self._keys.items()}
        found = {}
        for entity in (one for one in ids if one in keys):
            mentions = [self._mentions[entity, chunk] for chunk in self._by_entity[entity]]
            types = Counter(mention.type for mention in mentions if mention.type)
            others = {end for fact in self._facts_at[entity] for end in self._facts[fact][:2]} - {entity}
            found[entity] = EntityRow(
                id=entity,
                key=keys[entity],
                name=self._display(entity),
                type=min(types, key=lambda kind: (-types[kind], kind), default=""),
                description="\n".join(dict.fromkeys(one.description for one in mentions if one.description)),
                degree=len(others),
                mentions=len(mentions),
                document_ids=tuple(sorted({self._rows[chunk].document_id for chunk in self._by_entity[entity]})),
            )
        return found

    async def facts(self, ids: Sequence[int]) -> dict[int, FactRow]:
        found = {}
        for number in (one for one in ids if one in self._facts):
            source, target, chunk, fact = self._facts[number]
            row = self._rows[chunk]
            start, end = (fact.start, fact.end) if fact.end else (row.start, row.end)
            view = FactView(
                source=self._display(source), target=self._display(target), description=fact.description,
                keywords=tuple(fact.keywords), weight=fact.weight, chunk_id=row.chunk_id,
                document_id=row.document_id, start=start, end=end,
            )  # fmt: skip
            found[number] = FactRow(number, source, target, chunk, fact.weight, view)
        return found

    async def facts_and_names(
        self, ids: Sequence[int], entities: Sequence[int]
    ) -> tuple[dict[int, FactRow], dict[int, str]]:
        named = await self.entities(entities)
        return await self.facts(ids), {entity: row.name for entity, row in named.items()}

    async def _fact_rows(self, numbers: Iterable[int]) -> list[FactRow]:
        wanted = list(dict.fromkeys(numbers))
        found = await self.facts(wanted)
        return [found[number] for number in wanted]

    async def facts_of_entities(self, entities: Sequence[int], limit: int) -> list[FactRow]:
        return await self._fact_rows(fact for entity in entities for fact in self._weightiest(entity)[:limit])

    async def statements(self, chunks: Sequence[int], limit: int) -> list[Statement]:
        told = await self._fact_rows(fact for chunk in chunks for fact in self._facts_in[chunk][:limit])
        return [_statement(fact) for fact in told]

    async def facts_between(self, pairs: Sequence[tuple[int, int]], limit: int) -> list[FactRow]:
        return await self._fact_rows(
            fact
            for a, b in pairs
            for fact in [one for one in self._weightiest(a) if set(self._facts[one][:2]) == {a, b}][:limit]
        )

    async def mentions_of_chunks(self, chunks: Sequence[int]) -> list[tuple[int, int, bool]]:
        return [
            (chunk, entity, self._mentions[entity, chunk].is_title)
            for chunk in chunks
            for entity in sorted(self._by_chunk[chunk], key=lambda one: self._mentions[one, chunk].key)
        ]

    async def mentions_of_entities(self, entities: Sequence[int], limit: int) -> list[tuple[int, int]]:
        return [(entity, chunk) for entity in entities for chunk in self._by_entity[entity][:limit]]


def _matrix(vectors: Mapping[int, Vector]) -> tuple[Any, Any]:
    ids = np.array(sorted(vectors), np.int64)
    return ids, _halved(np.array([vectors[one] for one in ids.tolist()])) if len(ids) else None


def _halved(rows: Any) -> Any:
    """Directions in half precision, as the store keeps them."""
    halved = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16).astype(np.float64)
    return halved / np.linalg.norm(halved, axis=1, keepdims=True)


def edge_batch(
    *, mentions: Sequence[tuple[int, int, float]], facts: Sequence[tuple[int, int, float, int]], **rest: Any
) -> EdgeBatch:
    """Rows as the columns that a reader hands over."""
    kinds = (np.int64, np.int64, np.float64, np.int64)
    columns = [list(zip(*rows, strict=True)) or [()] * 4 for rows in (mentions, facts)]
    made = [[np.array(column, kind) for column, kind in zip(part, kinds, strict=False)] for part in columns]
    return EdgeBatch(MentionEdges(*made[0][:3]), FactEdges(*made[1]), **rest)


def _statement(fact: FactRow) -> Statement:
    return Statement(fact.id, fact.source, fact.target, fact.chunk, fact.view.description)
