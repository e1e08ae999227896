"""Vector search: exact and indexed, filtered, with vectors missing, and one model per index."""

import random

import numpy as np
import pytest

from lightrag_integrations.errors import ConfigurationError, ModelError, SchemaError
from lightrag_integrations.filters import parse_filter
from lightrag_integrations.options import ConnectOptions
from lightrag_integrations.storage.postgres import Tuning, open_store
from lightrag_integrations.storage.postgres.nearest import widened
from lightrag_integrations.storage.postgres.reader import PostgresReader
from lightrag_integrations.storage.postgres.sql import Statements
from lightrag_integrations.store import Store
from tests.conftest import MakeStore
from tests.integration.storage.making import chunk, document, put

INDEXED = Tuning(hnsw_rows=50, exact_rows=10, idle_s=60, ef_search=100)


def vectors(count: int, dimension: int = 6) -> np.ndarray:
    return np.random.default_rng(7).normal(size=(count, dimension))


def exact(question: np.ndarray, among: np.ndarray, allowed: list[int], limit: int) -> list[tuple[str, float]]:
    cosines = among @ question / np.linalg.norm(among, axis=1) / np.linalg.norm(question)
    best = sorted(allowed, key=lambda place: -cosines[place])[:limit]
    return [(f"c{place}", pytest.approx(cosines[place], abs=2e-3)) for place in best]


async def nearest(store: Store, question: np.ndarray, limit: int, **where: object) -> list[tuple[str, float]]:
    async with store.snapshot(parse_filter(where)) as reader:
        found = await reader.nearest_chunks(question.tolist(), limit)
        rows = await reader.chunks([one for one, _ in found])
        return [(rows[one].chunk_id, cosine) for one, cosine in found]


@pytest.fixture
async def filled(make_store: MakeStore) -> tuple[Store, np.ndarray]:
    """A store of a hundred chunks whose vector index is built, and the vectors."""
    store, rows = await make_store(tuning=INDEXED), vectors(100)
    await store.check_embedding("m", 6)
    await put(store, document("d", *(chunk(f"c{n}", "x", embedding=row.tolist()) for n, row in enumerate(rows))))
    await store.compact()
    return store, rows


@pytest.mark.parametrize("indexed", [False, True])
async def test_the_nearest_are_found_through_any_filter(make_store: MakeStore, indexed: bool) -> None:
    store = await make_store(tuning=INDEXED if indexed else Tuning())
    data = vectors(200)
    await store.check_embedding("m", 6)
    made = [
        chunk(f"c{n}", "x", embedding=row.tolist(), metadata={"half": n % 2, "rare": n % 50 == 0})
        for n, row in enumerate(data)
    ]
    await put(store, document("d", *made))
    await store.compact()
    question = vectors(201)[-1]
    everything = list(range(200))
    for limit in (1, 10, 60):
        assert await nearest(store, question, limit) == exact(question, data, everything, limit)
        assert await nearest(store, question, limit, half=1) == exact(question, data, everything[1::2], limit)
        assert await nearest(store, question, limit, rare=True) == exact(question, data, everything[::50], limit)
    assert len(await nearest(store, question, 500)) == 200
    await store.delete_chunks([f"c{n}" for n in range(0, 200, 2)])
    assert await nearest(store, question, 60) == exact(question, data, everything[1::2], 60)


async def test_the_index_serves_unfiltered_searches(filled: tuple[Store, np.ndarray]) -> None:
    """Found by its plan: with the index in place no table scan is left in a plain search."""
    store, rows = filled
    async with store.snapshot() as reader:
        await reader._rows("use_index", candidates="100")
        statement = reader._layout.statements["indexed_chunks"]
        params = {"vector": await reader._question(rows[0].tolist()), "visible": None, "flags": None}
        params |= {"limit": 5, "candidates": 100}
        plan = await (await reader._connection.execute(b"EXPLAIN " + statement, params)).fetchall()
    assert any("Index Scan using chunk_by_embedding" in line for (line,) in plan)
    assert await store.verify() == []


async def test_entities_and_facts_without_contributions_are_not_found(store: Store) -> None:
    await store.check_embedding("m", 2)
    names = {"a": [1.0, 0.0], "b": [0.9, 0.1], "c": [0.0, 1.0]}
    gone = chunk("gone", "x", names=["A"])
    kept = chunk("kept", "x", names=["B", "C"], facts=[("B", "C", 1.0)])
    await put(store, document("g", gone, entity_embeddings=names), document("k", kept, entity_embeddings=names))
    await store.delete(["g"])
    async with store.snapshot() as reader:
        found = await reader.nearest_entities([1.0, 0.0], 5)
        rows = await reader.entities([one for one, _ in found])
        assert [rows[one].key for one, _ in found] == ["b", "c"]
        assert await reader.nearest_facts([1.0, 0.0], 5) == []


async def test_zero_vectors_have_no_direction(store: Store) -> None:
    await store.check_embedding("m", 2)
    await put(store, document("d", chunk("zero", "x", embedding=[0.0, 0.0]), chunk("one", "x", embedding=[0.0, 2.0])))
    async with store.snapshot() as reader:
        assert [cosine for _, cosine in await reader.nearest_chunks([0.0, 5.0], 5)] == [pytest.approx(1)]
        assert await reader.nearest_chunks([0.0, 0.0], 5) == []
        assert set(await reader.vectors(["zero", "one"])) == {"one"}
        with pytest.raises(ModelError, match="NaN"):
            await reader.nearest_chunks([float("inf"), 0.0], 5)
        with pytest.raises(SchemaError, match="dimension 3"):
            await reader.nearest_chunks([1.0, 0.0, 0.0], 5)


async def test_an_index_without_vectors_finds_none(store: Store) -> None:
    await put(store, document("d", chunk("c", "x")))
    async with store.snapshot() as reader:
        (row,) = await reader.all_chunks()
        assert await reader.nearest_chunks([1.0, 2.0], 5) == []
        assert await reader.similarities([1.0, 2.0], [row.id]) == {}


async def test_one_model_per_index(make_store: MakeStore, dsn: str) -> None:
    store = await make_store("models")
    await put(store, document("early", chunk("early", "x", names=["A"])))
    await store.check_embedding("one", 2)
    await store.check_embedding("one", 2)
    other = await open_store("models", ConnectOptions(dsn=dsn))
    with pytest.raises(SchemaError, match=r"'one' \(dimension 2\).*'two' \(dimension 2\).*drop"):
        await other.check_embedding("two", 2)
    with pytest.raises(SchemaError, match="dimension 3"):
        await other.check_embedding("one", 3)
    with pytest.raises(ConfigurationError, match="16000"):
        await other.check_embedding("one", 20000)
    await other.aclose()
    status = await store.status()
    assert (status.embedding, status.dimension, status.chunks) == ("one", 2, 1)
    await store.drop()
    await store.check_embedding("two", 3)
    assert (await store.status()).dimension == 3


async def test_large_vectors_work_without_an_index(dsn: str) -> None:
    warnings: list[str] = []
    store = await open_store("large", ConnectOptions(dsn=dsn), on_warning=warnings.append, tuning=Tuning(hnsw_rows=1))
    try:
        await store.check_embedding("m", 5000)
        await store.check_embedding("m", 5000)
        assert len(warnings) == 1 and "4000" in warnings[0]
        rng = random.Random(3)
        made = [[rng.gauss(0, 1) for _ in range(5000)] for _ in range(2)]
        await put(store, document("d", *(chunk(f"c{n}", "x", embedding=row) for n, row in enumerate(made))))
        await store.compact()
        async with store.snapshot() as reader:
            (best, cosine), _ = await reader.nearest_chunks(made[1], 2)
            assert (await reader.chunks([best]))[best].chunk_id == "c1" and cosine == pytest.approx(1, abs=1e-3)
        assert await store.verify() == []
    finally:
        await store.drop()
        await store.aclose()


async def test_known_vectors_come_back_by_their_text(store: Store) -> None:
    await store.check_embedding("m", 2)
    made = chunk("c", "x", embedding=[3.0, 4.0], names=["A", "B"])
    await put(store, document("d", made, entity_embeddings={"a": [1.0, 1.0]}))
    found = await store.known_vectors(["d", "none"])
    assert found == {made.content_hash: pytest.approx((0.6, 0.8), abs=1e-3)}
    stored = found[made.content_hash]
    await put(store, document("d", chunk("c", "x", embedding=stored)))
    assert await store.known_vectors(["d"]) == {made.content_hash: stored}
    assert await store.embedded_entities(["a", "b", "z"]) == {"a"}


async def test_hidden_neighbours_crowd_out_no_visible_ones(make_store: MakeStore) -> None:
    store = await make_store(tuning=Tuning(hnsw_rows=4, idle_s=3600))
    await store.check_embedding("m", 2)
    hidden = {f"h{number}": [1.0, number / 100] for number in range(8)}
    await put(store, document("h", chunk("h", "x", names=list(hidden)), entity_embeddings=hidden))
    shown = {"a": [1.0, 0.0], "b": [1.0, 0.5], "c": [1.0, 2.0]}
    await put(store, document("s", chunk("s", "y", names=list(shown)), entity_embeddings=shown))
    await store.compact()
    assert (await store.status()).vector_indexes["entity"] == "ready"
    async with store.snapshot() as reader:
        ids = {key: one for key, (one, _) in (await reader.named(list(shown))).items()}
        near = await reader.near_entities(list(ids.values()), 1)
    assert {(one, other) for one, other, _ in near} == {
        (ids["a"], ids["b"]), (ids["b"], ids["a"]), (ids["c"], ids["b"]),
    }  # fmt: skip


async def test_a_walk_measures_no_chunk_twice(make_store: MakeStore) -> None:
    store = await make_store()
    await store.check_embedding("m", 6)
    await put(store, document("d", *(chunk(f"c{n}", "x", embedding=row.tolist()) for n, row in enumerate(vectors(4)))))
    async with store.snapshot() as reader:
        first, second, *others = sorted(row.id for row in await reader.all_chunks())
        asked = vectors(5)[-1].tolist()
        batch = await reader.edges(
            entities=[], chunks=[], limit=5, vector=asked, measured=[first, second, *others], known=[second]
        )
        alike = await reader.similarities(asked, [first, *others])
    assert batch.cosines == alike
    assert len(alike) == 3


def test_the_driver_keeps_the_statement_of_a_walk() -> None:
    """Psycopg takes longer statements apart at each call."""
    assert len(Statements("lightrag_of_a_name", "public")["edges"]) <= 4096


@pytest.mark.parametrize(
    ("limit", "chunks", "kept"),
    [(20, 5_000, 100), (20, 100_000, 253), (20, 10**7, 400), (300, 5_000, 600), (501, 5_000, 0)],
)
def test_a_larger_index_keeps_more_candidates(limit: int, chunks: int, kept: int) -> None:
    assert widened(limit, chunks, Tuning()) == kept
    assert widened(limit, chunks, Tuning(ef_search=40)) == (max(40, 2 * limit) if kept else 0)


async def test_a_search_says_how_many_candidates_it_keeps(filled: tuple[Store, np.ndarray]) -> None:
    store, rows = filled
    for asked, kept in ((None, "100"), (150, "150"), (5, "20")):  # two for each one wanted at least
        async with store.snapshot(ef_search=asked) as reader:
            assert isinstance(reader, PostgresReader)
            await reader.nearest_chunks(rows[0].tolist(), 10)
            cursor = await reader._connection.execute("SHOW hnsw.ef_search")
            assert await cursor.fetchone() == (kept,)
