"""What is read ahead is what would be read later, and then no more is asked for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from psycopg import AsyncConnection, AsyncCursor, sql

from lightrag_integrations.contributions import Fact
from lightrag_integrations.errors import EmbeddingMismatch, StorageError
from lightrag_integrations.reader import Reader
from lightrag_integrations.rows import COUNTED, Ahead
from lightrag_integrations.storage.postgres import Tuning
from lightrag_integrations.storage.postgres.ahead import steering
from lightrag_integrations.storage.postgres.reads import Overview
from lightrag_integrations.store import Store
from tests.conftest import MakeStore
from tests.integration.storage.making import chunk, document, put, term

COUNT, DIMENSION = 120, 6
VECTOR = np.random.default_rng(3).normal(size=DIMENSION).tolist()
TERMS = (term("common"), term("third"), term("nowhere"))
KEYS = ("ann", "x0", "nobody")


@pytest.fixture(params=[50, 5000], ids=["indexed", "exact"])
async def store(make_store: MakeStore, request: pytest.FixtureRequest) -> Store:
    made = await make_store(tuning=Tuning(hnsw_rows=request.param, exact_rows=10, idle_s=60))
    await made.check_embedding("m", DIMENSION)
    rows = np.random.default_rng(7).normal(size=(COUNT, DIMENSION)).tolist()
    chunks = [
        chunk(
            f"c{n}",
            f"common {'third' if n % 3 == 0 else 'other'}",
            document_id=f"d{n % 4}",
            position=n,
            names=["Ann", f"X{n}"],
            facts=[Fact("ann", f"x{n}", f"Ann X{n}", embedding=rows[-n])],
            embedding=row,
        )
        for n, row in enumerate(rows)
    ]
    for part in range(4):
        await put(made, document(f"d{part}", *chunks[part::4]))
    await made.compact()
    await made.delete_chunks(["c0", "c1"])  # they stay in the postings, as dead ones
    return made


async def everything(reader: Reader, most: int | None) -> list[Any]:
    postings = await reader.postings(TERMS, most=most)
    return [
        await reader.corpus(),
        [(one.term, sorted(one.chunks.tolist()), one.tfs.tolist()) for one in postings],
        await reader.named(KEYS),
        await reader.nearest_chunks(VECTOR, 5),
        await reader.nearest_facts(VECTOR, 4),
        await reader.nearest_chunks(VECTOR, 200),
        await reader.chunks([chunk for chunk, _ in await reader.nearest_chunks(VECTOR, 5)]),
    ]


@asynccontextmanager
async def counted(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[object]]:
    asked: list[object] = []
    execute = AsyncCursor.execute

    async def noted(self: Any, query: Any, *args: Any, **options: Any) -> Any:
        asked.append(query)
        return await execute(self, query, *args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(AsyncCursor, "execute", noted)
        yield asked


@pytest.mark.parametrize("most", [None, 60, 10])
async def test_reading_ahead_changes_no_answer(store: Store, most: int | None) -> None:
    right = Ahead(terms=TERMS, most=lambda _: most, keys=KEYS, vector=VECTOR, chunks=5, facts=4)
    others = (
        Ahead(),
        Ahead(terms=TERMS[:1], keys=KEYS[:1], vector=VECTOR, chunks=2, facts=2),
        Ahead(terms=TERMS, most=lambda _: 3, keys=KEYS, vector=VECTOR, chunks=900, facts=900),
        Ahead(vector=[0.0] * DIMENSION, chunks=5, facts=4),
        Ahead(vector=VECTOR, chunks=5),
        Ahead(vector=VECTOR, chunks=900),
        Ahead(vector=[1.0], chunks=5),
    )
    async with store.snapshot() as reader:
        expected = await everything(reader, most)
    for ahead in (right, *others, right):  # the last one by a store that has seen how many chunks there are
        async with store.snapshot(ahead=ahead) as reader:
            assert await everything(reader, most) == expected
    assert expected[0][0] == COUNT - 2 and len(expected[1]) == {None: 2, 60: 1, 10: 0}[most]
    assert (len(expected[3]), len(expected[4]), len(expected[5])) == (5, 4, COUNT - 2)


async def test_what_was_read_ahead_is_not_asked_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = Ahead(terms=TERMS, most=lambda chunks: chunks // 2, keys=KEYS, vector=VECTOR, chunks=5, facts=4)
    for _ in range(2):
        async with store.snapshot(ahead=ahead) as reader, counted(monkeypatch) as asked:
            await reader.corpus()
            await reader.postings(TERMS, most=(COUNT - 2) // 2)
            await reader.named(KEYS)
            assert asked == []


async def test_the_nearest_are_looked_for_while_the_caller_works(
    store: Store, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    ahead = Ahead(terms=TERMS, most=lambda chunks: chunks // 2, keys=KEYS, vector=VECTOR, chunks=5, facts=4)
    for _ in range(2):  # the first has not seen yet that there are indexes
        async with counted(monkeypatch) as asked, store.snapshot(ahead=ahead) as reader:
            begun = len(asked)
            near = await reader.nearest_chunks(VECTOR, 5)
            then = len(asked)
            facts = await reader.nearest_facts(VECTOR, 4)
            whole = len(asked)
        assert (len(near), len(facts)) == (5, 4)
    # BEGIN, what every search asks, chunks; with the chunks' answer facts are asked for; nothing is asked twice.
    if "indexed" in request.node.callspec.id:
        assert (begun, then, whole) == (3, 4, 4)
    else:
        assert (begun, then, whole) == (2, 3, 4)


async def test_expected_entities_are_read_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async with store.snapshot() as reader:
        known = await reader.named((*KEYS, "x5", "x6"))
        ids = [entity for entity, _ in known.values()]
        await reader.expect_entities(ids, sources=20)  # which this one does not begin to read: nothing was said ahead
        expected = await reader.entities(ids, sources=20)
    async with store.snapshot(ahead=Ahead(keys=KEYS, facts=4)) as reader, counted(monkeypatch) as asked:
        await reader.expect_entities(ids, sources=20)
        assert len(asked) == 1
        assert await reader.entities(ids[::-1], sources=20) == expected and len(expected) == 3
        assert len(asked) == 1
        assert await reader.entities(ids, sources=None) == await reader.entities(ids)
        assert len(asked) == 3


async def test_what_was_begun_ends_with_the_snapshot(store: Store) -> None:
    before = asyncio.all_tasks()
    ahead = Ahead(terms=TERMS, keys=KEYS, vector=VECTOR, chunks=5, facts=4)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            async with store.snapshot(ahead=ahead) as reader:
                await reader.begin(reader.entities([1, 2], sources=20))
                await reader.begin(reader.links([1, 2], limit=40, shared_by=20))
                _ = 1 / 0
    assert asyncio.all_tasks() == before
    async with store.snapshot() as reader:  # the connection is as it was
        assert await reader.corpus() == (COUNT - 2, (COUNT - 2) * 2)
    stats = store.pool()
    assert stats is not None and stats.in_use == 0 and stats.size <= 2  # upkeep may have looked on one of its own


@pytest.mark.parametrize("asks", ["the same", "something else"])
async def test_an_error_of_what_was_begun_is_told_to_whoever_asks_next(store: Store, asks: str) -> None:
    with pytest.raises(StorageError, match="LIMIT must not be negative"):
        async with store.snapshot() as reader:
            task = await reader.begin(reader.links([1], limit=-1, shared_by=20))
            await (task if asks == "the same" else reader.named(KEYS))


async def test_cancelling_costs_no_connection(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    async def backend(reader: Any, *, sleep_s: float = 0.0) -> int:
        async with reader._turns as connection:
            await connection.execute("SELECT pg_sleep(%s)", [sleep_s])
            return int(connection.info.backend_pid)

    async with store.snapshot() as reader:
        first = await backend(reader)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with store.snapshot() as reader, asyncio.timeout(0.1):
                slow = await reader.begin(backend(reader, sleep_s=30))
                await reader.begin(reader.entities([1, 2], sources=20))
                await slow
    async with store.snapshot() as reader:
        assert await backend(reader) == first
    assert not [record for record in caplog.records if record.name.startswith("psycopg")]


async def test_what_was_begun_stays_out_of_a_pipeline(store: Store) -> None:
    async with store.snapshot() as reader:
        ids = [entity for entity, _ in (await reader.named(("x2", "x3", "x4"))).values()]
        expected = [await reader.entities(ids, sources=20), await reader.nearest_facts(VECTOR, 7)]

    async def often(reader: Reader) -> list[object]:
        return [await reader.entities(ids, sources=20) for _ in range(12)]

    async with store.snapshot() as reader:  # which plans nothing for vector indexes: each search says so itself
        begun = await reader.begin(often(reader))
        near = await reader.nearest_facts(VECTOR, 7)
        assert await begun == 12 * [expected[0]]
        assert near == expected[1] and len(expected[0]) == 3


@pytest.mark.parametrize("ahead", [None, Ahead(keys=("ann", "bob"), facts=4)], ids=["asked", "ahead"])
async def test_mentions_of_a_common_name_are_counted_so_far_only(make_store: MakeStore, ahead: Ahead | None) -> None:
    store = await make_store()
    names = {0: ["Ann", "Bob"]}
    chunks = [
        chunk(f"c{n}", "word", document_id="d", position=n, names=names.get(n, ["Ann"])) for n in range(COUNTED + 1)
    ]
    await put(store, document("d", *chunks))
    async with store.snapshot(ahead=ahead) as reader:
        counts = {key: mentions for key, (_, mentions) in (await reader.named(("ann", "bob"))).items()}
    assert counts == {"ann": COUNTED, "bob": 1}


async def test_nearest_chunks_come_in_full_with_one_statement(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[object]] = []
    for _ in range(2):
        async with counted(monkeypatch) as statements, store.snapshot(ahead=Ahead(vector=VECTOR, chunks=5)) as reader:
            near = await reader.nearest_chunks(VECTOR, 5)
            rows = await reader.chunks([chunk for chunk, _ in near])
            indexed = reader.seen is None or bool(reader.seen.indexes)  # type: ignore[attr-defined]
        asked.append(statements)
        assert len(rows) == len(near) == 5
    assert len(asked[1]) == 3 if indexed else len(asked[1]) == len(asked[0])  # BEGIN, all of it, COMMIT


@pytest.mark.parametrize(
    ("chunks", "facts", "ef_search", "taken"),
    [(50, 24, None, 100), (50, 0, 400, 400), (60, 24, None, 0), (50, 24, 20, 0), (600, 600, None, 0)],
)
def test_candidates_are_as_many_as_without_asking_ahead(
    chunks: int, facts: int, ef_search: int | None, taken: int
) -> None:
    before = Overview(500, 5000, [], {"dimension": "6"}, frozenset({"chunk_by_embedding", "fact_by_embedding"}))
    ahead = Ahead(vector=VECTOR, chunks=chunks, facts=facts)
    assert steering(ahead, before, Tuning(ef_search=ef_search)) == taken
    assert steering(ahead, before._replace(indexes=frozenset()), Tuning(ef_search=ef_search)) == 0


async def test_a_handle_that_only_searches_vectors_learns_how_large_the_index_is(store: Store) -> None:
    async def seen() -> int:
        async with store.snapshot(ahead=Ahead(vector=VECTOR, chunks=5)) as reader:
            await reader.nearest_chunks(VECTOR, 5)
            return reader.seen.chunks  # type: ignore[attr-defined, no-any-return]

    assert [await seen(), await seen()] == [COUNT - 2] * 2
    await put(store, document("more", chunk("m", "x", document_id="more", embedding=VECTOR)))
    assert [await seen(), await seen()] == [COUNT - 1] * 2


@pytest.mark.parametrize("facts", [0, 4])
async def test_a_wrong_vector_is_refused(store: Store, facts: int) -> None:
    wrong = [1.0, 0.0]
    for vector in (wrong, VECTOR, wrong):  # the last one by a store that has seen the index's dimension
        async with store.snapshot(ahead=Ahead(vector=vector, chunks=5, facts=facts)) as reader:
            if vector is VECTOR:
                assert len(await reader.nearest_chunks(VECTOR, 5)) == 5
                continue
            with pytest.raises(EmbeddingMismatch):
                await reader.nearest_chunks(vector, 5)


@pytest.mark.parametrize("facts", [0, 4])
async def test_a_model_that_another_process_changed_is_noticed(store: Store, dsn: str, facts: int) -> None:
    ahead = Ahead(vector=VECTOR, chunks=5, facts=facts)
    for _ in range(2):
        async with store.snapshot(ahead=ahead, model="m") as reader:
            expected = await reader.nearest_chunks(VECTOR, 5)
    schema = sql.Identifier((await store.status()).schema_name)
    async with await AsyncConnection.connect(dsn) as other:
        await other.execute(sql.SQL("UPDATE {}.meta SET value = 'other' WHERE key = 'embedding'").format(schema))
    async with store.snapshot(ahead=ahead, model="m") as reader:
        with pytest.raises(EmbeddingMismatch, match="other"):
            await reader.nearest_chunks(VECTOR, 5)
    for _ in range(2):
        async with store.snapshot(ahead=ahead, model="other") as reader:
            assert await reader.nearest_chunks(VECTOR, 5) == expected
