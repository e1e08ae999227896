"""Through a filter an index looks like one that holds the visible chunks only: nothing else may show."""

import random
from itertools import pairwise
from typing import Any

import pytest

from lightrag_integrations.contributions import Fact, PreparedDocument
from lightrag_integrations.filters import parse_filter
from lightrag_integrations.reader import Reader
from lightrag_integrations.storage.postgres import Tuning
from tests.conftest import MakeStore
from tests.integration.storage.making import chunk, document, listed, put, term

NAMES = [f"Name{number}" for number in range(14)]
WORDS = [f"w{number}" for number in range(9)]


def made(rng: random.Random, number: int) -> PreparedDocument:
    chunks = []
    for position in range(rng.randint(1, 3)):
        names = rng.sample(NAMES, 5)
        facts = [
            Fact(a.lower(), b.lower(), f"{a} {b} {number}", ("k",), rng.choice([0.5, 1.0, 3.0]), embedding=vector(rng))
            for a, b in pairwise(names)
        ]
        one = chunk(
            f"{number}.{position}", " ".join(rng.choices(WORDS, k=6)), document_id=f"d{number}", position=position,
            title=rng.choice([names[0], ""]), names=names, facts=facts, metadata={"open": number % 3 == 0},
            embedding=vector(rng),
        )  # fmt: skip
        chunks.append(one)
    vectors = {name.lower(): vector(random.Random(name)) for name in NAMES}
    return document(f"d{number}", *chunks, entity_embeddings=vectors)


def vector(rng: random.Random) -> list[float]:
    return [rng.gauss(0, 1) for _ in range(4)]


async def seen(reader: Reader) -> dict[str, Any]:
    """Everything a reader tells, in callers' ids."""
    rows = await reader.all_chunks()
    chunk_ids = {row.id: row.chunk_id for row in rows}
    named = await reader.named([name.lower() for name in NAMES])
    keys = {entity: key for key, (entity, _) in named.items()}
    chunks, entities = list(chunk_ids), list(keys)
    question = [1.0, 0.5, -0.2, 0.1]
    edges = await reader.edges(entities=entities, chunks=chunks, limit=3)
    facts = await reader.facts_of_entities(entities, 4)
    by_chunk = await reader.statements(chunks, 2)
    near = await reader.nearest_facts(question, 5)
    told = await reader.facts([one.fact for one, _ in near] + edges.facts.facts.tolist())
    pairs = [(a, b) for a in entities for b in entities if a < b]
    return {
        "corpus": await reader.corpus(),
        "postings": {
            one.term: sorted(zip([chunk_ids[c] for c in one.chunks.tolist()], one.tfs.tolist(), strict=True))
            for one in await reader.postings([term(word) for word in WORDS])
        },
        "named": {key: mentions for key, (_, mentions) in named.items()},
        "chunks": [(chunk_ids[c], round(score, 6)) for c, score in await reader.nearest_chunks(question, 5)],
        "entities": [(keys[e], round(score, 6)) for e, score in await reader.nearest_entities(question, 5)],
        "facts": [(told[one.fact].view, round(score, 6)) for one, score in near],
        "mention edges": sorted({(keys[e], chunk_ids[c], w) for e, c, w in listed(edges.mentions)}),
        "fact edges": sorted({(keys[a], keys[b], w, told[f].view.description) for a, b, w, f in listed(edges.facts)}),
        "totals": {keys[e]: round(w, 6) for e, w in edges.entity_totals.items()},
        "chunk totals": {chunk_ids[c]: w for c, w in edges.chunk_totals.items()},
        "links": [
            (chunk_ids[p], chunk_ids[q], round(w, 6)) for p, q, w in await reader.links(chunks, limit=4, shared_by=6)
        ],
        "rows": {
            row.key: (row.name, row.type, row.description, row.degree, row.mentions, row.document_ids)
            for row in (await reader.entities(entities)).values()
        },
        "told": sorted((one.view.description, one.view.chunk_id) for one in facts),
        "told by chunk": [(keys[a], keys[b], chunk_ids[c], told) for _, a, b, c, told in by_chunk],
        "between": sorted(one.view.description for one in await reader.facts_between(pairs, 2)),
        "mentions": sorted((chunk_ids[c], keys[e], t) for c, e, t in await reader.mentions_of_chunks(chunks)),
        "of entities": sorted((keys[e], chunk_ids[c]) for e, c in await reader.mentions_of_entities(entities, 3)),
        "similar": {chunk_ids[c]: round(s, 6) for c, s in (await reader.similarities(question, chunks)).items()},
        "vectors": {c: [round(x, 6) for x in v] for c, v in (await reader.vectors(list(chunk_ids.values()))).items()},
    }


@pytest.mark.parametrize("seed", range(3))
async def test_a_filtered_index_equals_one_of_the_visible_documents(make_store: MakeStore, seed: int) -> None:
    rng = random.Random(seed)
    documents = [made(rng, number) for number in range(12)]
    whole, part = await make_store(tuning=Tuning(idle_s=60)), await make_store()
    visible = [one for one in documents if one.chunks[0].chunk.metadata["open"]]
    for store, content in ((whole, documents), (part, visible[::-1])):
        await store.check_embedding("m", 4)
        await put(store, *content)
    async with whole.snapshot(parse_filter({"open": True})) as filtered, part.snapshot() as bare:
        through, expected = await seen(filtered), await seen(bare)
    for name, value in expected.items():
        assert through[name] == value, name
    assert (
        expected["named"]
        and expected["fact edges"]
        and {weight == 1 for *_, weight in expected["links"]} == {True, False}
    )


async def test_hidden_things_are_not_found_by_their_ids(make_store: MakeStore) -> None:
    store = await make_store()
    await store.check_embedding("m", 4)
    await put(store, *(made(random.Random(number), number) for number in range(4)))
    async with store.snapshot() as reader:
        rows = {row.chunk_id: row.id for row in await reader.all_chunks()}
        hidden = [surrogate for chunk_id, surrogate in rows.items() if not chunk_id.startswith(("0.", "3."))]
        facts = [one[0] for one in await reader.statements(hidden, 9)]
    async with store.snapshot(parse_filter({"open": True})) as reader:
        assert await reader.chunks(hidden) == {}
        assert await reader.find_chunks(["1.0", "2.0"]) == []
        assert await reader.facts(facts) == {}
        assert await reader.mentions_of_chunks(hidden) == []
        assert await reader.statements(hidden, 9) == []
        assert await reader.similarities([1, 0, 0, 0], hidden) == {}
        assert await reader.vectors(["1.0"]) == {}
        edges = await reader.edges(entities=[], chunks=hidden, limit=5)
        assert (listed(edges.mentions), dict(edges.chunk_totals)) == ([], {})
        assert await reader.links(hidden, limit=5, shared_by=9) == []
    async with store.snapshot(parse_filter({"open": "nobody"})) as reader:
        assert (await reader.corpus(), await reader.nearest_chunks([1, 0, 0, 0], 3)) == ((0, 0), [])
        assert await reader.nearest_entities([1, 0, 0, 0], 3) == await reader.nearest_facts([1, 0, 0, 0], 3) == []
