"""The same search over PostgreSQL and over plain loops in memory: neither may know something the other doesn't."""

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from lightrag_integrations.calls.ladder import RungMemory
from lightrag_integrations.contributions import PreparedDocument
from lightrag_integrations.models import Document, Hit, RetrievalResult
from lightrag_integrations.options import QueryOptions
from lightrag_integrations.retrieve.pipeline import run_retrieve
from lightrag_integrations.retrieve.tools import RetrievalTools
from lightrag_integrations.store import Store
from lightrag_integrations.text.tokens import default_tokenizer
from tests.conftest import MakeStore
from tests.doubles.words import vector
from tests.integration.storage.making import put
from tests.unit.retrieve.making import prepared
from tests.unit.retrieve.memory_store import MemoryStore

MODES = ("keyword", "vector", "local", "global", "hybrid", "graph", "mix")
PEOPLE = ("Ada Byron", "Otto Varga", "Edda Quill", "Colin Archer", "Roald Amundsen", "Maria Sibylla", "Ida Noddack")
PLACES = ("Larvik", "Brenn", "Hobart", "Quuxville", "Dundee")
VERBS = ("met", "wrote to", "painted", "followed", "outlived")
QUERIES = ("Whom did Ada Byron meet in Larvik?", "Who outlived Colin Archer?", "painted", "nothing of it")
DIMENSION = 64
ROUNDING = 2e-3
"""PostgreSQL keeps vectors in half precision."""


def corpus(seed: int) -> list[Document]:
    """Thirty documents about few names, so that much ties; the last two are doubles of the first two."""
    draw = random.Random(seed)
    documents = []
    for number in range(30):
        told = [
            f"{draw.choice(PEOPLE)} {draw.choice(VERBS)} {draw.choice(PEOPLE)} in {draw.choice(PLACES)}."
            for _ in range(draw.randint(1, 3))
        ]
        title = draw.choice((*PEOPLE, *PLACES, ""))
        metadata = {"level": draw.choice(["open", "secret"])}
        documents.append(Document(id=f"d{number:02}", title=title, text=" ".join(told), metadata=metadata))
    doubles = [one.model_copy(update={"id": f"double-{one.id}"}) for one in documents[:2]]
    return [*documents, *doubles]


class WordVectors:
    """Real enough: alike words, alike vectors. Not called lexical, so every mode uses them."""

    fingerprint = "words/64"

    async def embed(self, texts: Sequence[str], *, kind: str) -> list[list[float]]:
        return [vector(text, DIMENSION) for text in texts]


class WordVectorsOnly(WordVectors):
    """The same, called what they are: `mix` and `graph` do without."""

    lexical = True


def embedded(document: PreparedDocument, *, graph: bool) -> PreparedDocument:
    """With vectors, as ingestion would give them."""
    chunks = [
        replace(
            chunk,
            embedding=vector(chunk.chunk.content, DIMENSION),
            facts=[
                replace(fact, embedding=vector(fact.description, DIMENSION) if graph else None) for fact in chunk.facts
            ],
        )
        for chunk in document.chunks
    ]
    surfaces = {mention.key: mention.surface for chunk in chunks for mention in chunk.mentions} if graph else {}
    names = {key: vector(surface, DIMENSION) for key, surface in surfaces.items()}
    return replace(document, chunks=chunks, entity_embeddings=names)


class Pair:
    """One corpus in both stores."""

    def __init__(self, stored: Store, in_memory: MemoryStore, embedder: WordVectors) -> None:
        self._stores = {"stored": stored, "memory": in_memory}
        self._embedder = embedder

    async def retrieve(self, query: str, where: str, **options: Any) -> RetrievalResult:
        tools = RetrievalTools(
            store=self._stores[where],  # type: ignore[arg-type]
            embedder=self._embedder,
            tokenizer=default_tokenizer(),
            rungs=RungMemory(),
            keywords_chat=None,
            answer_chat=None,
            reranker=list,  # type: ignore[arg-type]
        )
        return await run_retrieve(query, tools, QueryOptions(**options))

    async def both(self, query: str, **options: Any) -> tuple[RetrievalResult, RetrievalResult]:
        return await self.retrieve(query, "stored", **options), await self.retrieve(query, "memory", **options)


async def make_pair(make_store: MakeStore, seed: int, *, lexical: bool) -> Pair:
    documents = [embedded(prepared(one), graph=not lexical) for one in corpus(seed)]
    store = await make_store()
    await store.check_embedding(WordVectors.fingerprint, DIMENSION)
    shuffled = random.Random(seed).sample(documents, len(documents))
    for start in range(0, len(shuffled), 7):
        await put(store, *shuffled[start : start + 7])
    return Pair(store, MemoryStore(*documents), WordVectorsOnly() if lexical else WordVectors())


def close(one: Hit, other: Hit) -> bool:
    return one.score == pytest.approx(other.score, abs=ROUNDING * max(1.0, abs(other.score)))


def explained(hit: Hit) -> tuple[object, ...]:
    parts = {name: round(part, 9) for name, part in hit.evidence.parts.items()}
    return hit.chunk_id, hit.text, hit.metadata, parts, hit.evidence.entities, hit.evidence.facts, hit.evidence.path


@pytest.mark.parametrize("seed", range(3))
async def test_with_vectors_they_agree_but_for_rounding(make_store: MakeStore, seed: int) -> None:
    pair = await make_pair(make_store, seed, lexical=False)
    for mode, query, visible, k in product(MODES, QUERIES, (None, {"level": "open"}), (4, 40)):
        stored, memory = await pair.both(query, mode=mode, k=k, filter=visible, explain=True)
        by_id = {hit.chunk_id: hit for hit in memory.hits}
        assert len(stored.hits) == len(memory.hits)
        assert all(close(one, other) for one, other in zip(stored.hits, memory.hits, strict=True)), (mode, query)
        assert all(close(hit, by_id[hit.chunk_id]) for hit in stored.hits if hit.chunk_id in by_id), (mode, query)
        assert not visible or all(hit.metadata == visible for hit in stored.hits)


@pytest.mark.parametrize("seed", range(3))
async def test_without_vectors_they_agree_in_everything(make_store: MakeStore, seed: int) -> None:
    pair = await make_pair(make_store, seed, lexical=True)
    modes = [mode for mode in MODES if mode != "vector"]
    for mode, query, visible, k in product(modes, QUERIES, (None, {"level": "open"}), (4, 8)):
        stored, memory = await pair.both(query, mode=mode, k=k, filter=visible, explain=True)
        assert [explained(hit) for hit in stored.hits] == [explained(hit) for hit in memory.hits]
        assert (stored.entities, stored.relations) == (memory.entities, memory.relations)
