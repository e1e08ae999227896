"""A filtered search is the search of an index that holds nothing else: same hits, order, scores, reasons, names."""

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from lightrag_integrations.calls.ladder import RungMemory
from lightrag_integrations.contributions import PreparedDocument
from lightrag_integrations.filters import parse_filter
from lightrag_integrations.ingest.contribute import from_extraction
from lightrag_integrations.ingest.split import chunks_of, prepare_chunk
from lightrag_integrations.models import Document
from lightrag_integrations.options import IngestOptions, QueryOptions
from lightrag_integrations.retrieve.pipeline import RetrievalTools, run_retrieve
from lightrag_integrations.storage.postgres import Tuning, reads
from lightrag_integrations.store import Store
from lightrag_integrations.text.tokens import default_tokenizer
from tests.conftest import MakeStore
from tests.doubles.words import vector
from tests.integration.storage.making import put
from tests.integration.tenants.indexes import DIMENSION, WordVectors
from tests.integration.tenants.making import Tenants, random_filter, random_question
from tests.integration.tenants.surfaces import MODES

DOCUMENTS = 20
FILTERS = 2


class WordVectorsOnly(WordVectors):
    """The same, called what they are: graph modes do without."""

    lexical = True


def prepared(document: Document, *, graph_vectors: bool) -> PreparedDocument:
    """As ingestion would store it."""
    options, chunks, names = IngestOptions(), [], {}
    for chunk in chunks_of(document, default_tokenizer(), options):
        assert chunk.extraction is not None
        one, dropped = from_extraction(prepare_chunk(chunk, document), chunk.extraction, options, grounded=False)
        assert not dropped
        facts = [
            replace(fact, embedding=vector(fact.description, DIMENSION) if graph_vectors else None)
            for fact in one.facts
        ]
        names |= {mention.key: vector(mention.key, DIMENSION) for mention in one.mentions if graph_vectors}
        chunks.append(replace(one, facts=facts, embedding=vector(one.chunk.content, DIMENSION)))
    return PreparedDocument(document=document, content_hash="", chunks=chunks, entity_embeddings=names)


def part_of(document: PreparedDocument, visible: set[str]) -> PreparedDocument:
    return replace(document, chunks=[chunk for chunk in document.chunks if chunk.chunk.id in visible])


async def stored(make_store: MakeStore, draw: random.Random, *documents: PreparedDocument) -> Store:
    store = await make_store(tuning=Tuning(idle_s=60))
    await store.check_embedding(WordVectors.fingerprint, DIMENSION)
    shuffled = draw.sample(documents, len(documents))
    for start in range(0, len(shuffled), 9):
        await put(store, *shuffled[start : start + 9])
    return store


def differences(one: Any, other: Any, at: str = "") -> Iterator[str]:
    """Where two results differ; numbers by more than 1e-9."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one:
            yield from differences(one[key], other[key], f"{at}.{key}")
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        for place, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from differences(a, b, f"{at}[{place}]")
    elif isinstance(one, float) and isinstance(other, float):
        if abs(one - other) > 1e-9:
            yield f"{at}: {one!r}, {other!r}"
    elif one != other:
        yield f"{at}: {one!r:.300}, {other!r:.300}"


async def everything(store: Store, where: Any, question: str, embedder: WordVectors, **options: Any) -> dict[str, Any]:
    tools = RetrievalTools(
        store=store, embedder=embedder, tokenizer=default_tokenizer(), rungs=RungMemory(), keywords_chat=None,
        answer_chat=None, reranker=list,  # type: ignore[arg-type]
    )  # fmt: skip
    result = await run_retrieve(question, tools, QueryOptions(filter=where, explain=True, context=True, **options))
    return result.model_dump()


async def graph_of(store: Store, where: Any) -> dict[str, Any]:
    """All entities as the graph's own views compose them."""
    async with store.snapshot(parse_filter(where)) as reader:
        chunks = [row.id for row in await reader.all_chunks()]
        entities = sorted({entity for _, entity, _ in await reader.mentions_of_chunks(chunks)})
        rows = (await reader.entities(entities)).values()
        facts = await reader.facts_of_entities(entities, 50)
        return {
            **{row.key: row.view().model_dump() for row in rows},
            "facts": sorted((fact.view.model_dump() for fact in facts), key=repr),
        }


@pytest.mark.parametrize("seed", range(1))
@pytest.mark.parametrize("few", [2000, 0], ids=["ids", "flags"])
@pytest.mark.parametrize("embedder", [WordVectors, WordVectorsOnly])
async def test_a_filter_is_as_good_as_an_index_of_its_own(
    make_store: MakeStore, monkeypatch: pytest.MonkeyPatch, embedder: Callable[[], WordVectors], few: int, seed: int
) -> None:
    monkeypatch.setattr(reads, "_FEW", few)
    draw = random.Random(f"{seed}{few}{embedder.__name__}")
    made = Tenants(draw.randint(0, 10**9), DOCUMENTS)
    documents = [prepared(one, graph_vectors=embedder is WordVectors) for one in made.documents]
    gone = [prepared(one, graph_vectors=embedder is WordVectors) for one in Tenants(7, 5, prefix="gone").documents]
    whole = await stored(make_store, draw, *documents, *gone)
    await whole.delete([one.document.id for one in gone])
    compared = 0
    while compared < FILTERS:
        where = random_filter(draw, made)
        visible = made.visible(where)
        if not 2 < len(visible) < len(made.metadata):
            continue
        compared += 1
        parts = [part for one in documents if (part := part_of(one, visible)).chunks]
        alone = await stored(make_store, draw, *parts)
        assert list(differences(await graph_of(whole, where), await graph_of(alone, None))) == [], where
        question = random_question(draw, made, visible)
        for mode, k in product(MODES, (4, 50)):
            options = {"embedder": embedder(), "mode": mode, "k": k}
            filtered, bare = await asyncio.gather(
                everything(whole, where, question, **options), everything(alone, None, question, **options)
            )
            assert list(differences(filtered, bare)) == [], (mode, k, where, question)
            assert len(filtered["hits"]) == min(k, len(visible)) or mode == "keyword"
