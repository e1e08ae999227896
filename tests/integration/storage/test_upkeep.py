"""Folding, sweeping and index building: by themselves, on demand, and beside everything else."""

import asyncio
import random

import psycopg
from psycopg import sql

from lightrag_integrations.options import ConnectOptions
from lightrag_integrations.storage.postgres import Tuning, open_store
from lightrag_integrations.store import Store
from tests.conftest import MakeStore
from tests.integration.storage.making import chunk, document, put, term

QUICK = Tuning(segments=4, fan=3, idle_s=0.05, hnsw_rows=20, exact_rows=5)
HANG_GUARD_S = 30


def rows(dsn: str, schema: str, query: str) -> list[tuple]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(sql.SQL(query).format(s=sql.Identifier(schema))).fetchall()


def vector_index(dsn: str, schema: str) -> list[tuple]:
    """Whether the chunks' vector index is valid; nothing when there is none."""
    with psycopg.connect(dsn) as connection:
        query = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
        return connection.execute(query, [f"{schema}.chunk_by_embedding"]).fetchall()


async def until(condition) -> None:
    async with asyncio.timeout(HANG_GUARD_S):
        while not await condition():
            await asyncio.sleep(0.05)


async def test_segments_are_folded_in_the_background(make_store: MakeStore, dsn: str) -> None:
    store = await make_store(tuning=QUICK)
    schema = (await store.status()).schema_name
    for number in range(13):
        await put(store, document(f"d{number}", chunk(f"c{number}", f"common w{number}")))

    async def folded() -> bool:
        found = rows(dsn, schema, "SELECT level, count(*) FROM {s}.segment GROUP BY level")
        return all(count < QUICK.fan for _, count in found)

    await until(folded)
    async with store.snapshot() as reader:
        (common,) = await reader.postings([term("common")])
        assert len(common.chunks) == 13
    assert await store.verify() == []


async def test_compacting_leaves_one_segment_and_no_idle_identities(make_store: MakeStore, dsn: str) -> None:
    store = await make_store()
    schema = (await store.status()).schema_name
    for number in range(5):
        names = ["Hub", f"N{number}"]
        made = chunk(f"c{number}", f"common w{number}", names=names, facts=[("Hub", f"N{number}", 1.0)])
        await put(store, document(f"d{number}", made))
    await store.delete(["d0", "d1"])
    before = await store.dump()
    assert rows(dsn, schema, "SELECT count(*) FROM {s}.entity") == [(6,)]
    await store.compact()
    assert await store.dump() == before
    assert rows(dsn, schema, "SELECT sign, n_chunks FROM {s}.segment") == [(1, 3)]
    assert rows(dsn, schema, "SELECT count(*) FROM {s}.postings") == [(4,)]
    assert sorted(rows(dsn, schema, "SELECT key FROM {s}.entity")) == [("hub",), ("n2",), ("n3",), ("n4",)]
    assert rows(dsn, schema, "SELECT count(*) FROM {s}.relation") == [(3,)]
    await store.delete(["d2", "d3", "d4"])
    await store.compact()
    assert rows(dsn, schema, "SELECT count(*) FROM {s}.entity") == [(0,)]
    assert await store.verify() == []


async def test_vector_indexes_are_built_when_it_is_quiet(make_store: MakeStore, dsn: str) -> None:
    store = await make_store(tuning=QUICK)
    schema = (await store.status()).schema_name
    await store.check_embedding("m", 4)
    rng = random.Random(1)
    made = [chunk(f"c{n}", "x", embedding=[rng.gauss(0, 1) for _ in range(4)]) for n in range(30)]
    await put(store, document("d", *made))

    async def built() -> bool:
        return vector_index(dsn, schema) == [(True,)]

    await until(built)
    assert await store.verify() == []


async def test_the_next_handle_builds_what_the_last_one_left(make_store: MakeStore, dsn: str) -> None:
    store = await make_store("later")
    await store.check_embedding("m", 2)
    await put(store, document("d", *(chunk(f"c{n}", "x", embedding=[1.0, n]) for n in range(30))))
    other = await open_store("later", ConnectOptions(dsn=dsn), tuning=QUICK)
    async with other.snapshot() as reader:
        await reader.corpus()
    schema = (await store.status()).schema_name

    async def built() -> bool:
        return vector_index(dsn, schema) == [(True,)]

    await until(built)
    await other.aclose()


async def test_closing_ends_upkeep(make_store: MakeStore, dsn: str) -> None:
    store = await open_store("ending", ConnectOptions(dsn=dsn), tuning=Tuning(idle_s=3600))
    await put(store, document("d", chunk("c", "x")))
    running = [task for task in asyncio.all_tasks() if task.get_name() == "lightrag-upkeep"]
    assert len(running) == 1
    await store.aclose()
    assert running[0].done()
    await (await make_store("ending")).status()


async def test_readers_keep_their_snapshot_while_all_is_folded(make_store: MakeStore) -> None:
    store = await make_store()
    for number in range(4):
        await put(store, document(f"d{number}", chunk(f"c{number}", "common")))
    async with store.snapshot() as reader:
        assert await reader.corpus() == (4, 4)
        await store.delete(["d0"])
        await store.compact()
        await put(store, document("d9", chunk("c9", "common")))
        (common,) = await reader.postings([term("common")])
        assert len(common.chunks) == 4 and await reader.corpus() == (4, 4)
    async with store.snapshot() as reader:
        (common,) = await reader.postings([term("common")])
        assert len(common.chunks) == 4
        assert sorted(row.chunk_id for row in await reader.all_chunks()) == ["c1", "c2", "c3", "c9"]


async def test_folds_at_once_do_no_harm(make_store: MakeStore) -> None:
    stores: list[Store] = [await make_store("folds") for _ in range(3)]
    for number in range(8):
        await put(stores[0], document(f"d{number}", chunk(f"c{number}", "common")))
    await asyncio.gather(*(store.compact() for store in stores), stores[0].delete(["d1"]))
    assert await stores[0].verify() == []
    assert (await stores[0].status()).chunks == 7
