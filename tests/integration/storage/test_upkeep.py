"""Folding, sweeping and index building: by themselves, on demand, and beside everything else."""

import asyncio
import random

import psycopg
import pytest
from psycopg import AsyncConnection, sql

from lightrag_integrations.contributions import PaidAnswer, Usage
from lightrag_integrations.models import ExtractedEntity, Extraction
from lightrag_integrations.options import ConnectOptions
from lightrag_integrations.storage.postgres import Tuning, maintenance, open_store
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
    await put(store, document("d0", chunk("c0", "common w0")))
    await store.delete(["d0", "d1"])
    before = await store.dump()
    assert sorted(rows(dsn, schema, "SELECT key FROM {s}.entity")) == [("hub",), ("n0",), ("n2",), ("n3",), ("n4",)]
    await store.compact()
    assert await store.dump() == before
    assert rows(dsn, schema, "SELECT sign, n_chunks FROM {s}.segment") == [(1, 3)]
    assert rows(dsn, schema, "SELECT count(*) FROM {s}.postings") == [(4,)]
    assert sorted(rows(dsn, schema, "SELECT key FROM {s}.entity")) == [("hub",), ("n2",), ("n3",), ("n4",)]
    assert rows(dsn, schema, "SELECT count(*) FROM {s}.relation") == [(3,)]
    await store.delete_chunks(["c2", "c3", "c4"])
    for table in ("entity", "relation", "mention", "fact", "chunk", "document"):
        assert rows(dsn, schema, f"SELECT count(*) FROM {{s}}.{table}") == [(0,)], table
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


async def test_what_a_writer_is_about_to_use_is_left_to_the_sweep(make_store: MakeStore, dsn: str) -> None:
    store = await make_store(tuning=QUICK)
    schema = (await store.status()).schema_name
    await put(store, document("d", chunk("c", "x", names=["Ada", "Bob"], facts=[("Ada", "Bob", 1.0)])))
    await store.compact()
    with psycopg.connect(dsn) as writer:
        lock = sql.SQL("SELECT FROM {}.entity WHERE key = 'ada' FOR KEY SHARE").format(sql.Identifier(schema))
        writer.execute(lock)
        assert await store.delete(["d"]) == 1
        assert rows(dsn, schema, "SELECT key FROM {s}.entity") == [("ada",)]
    assert rows(dsn, schema, "SELECT count(*) FROM {s}.relation") == [(0,)]

    async def swept() -> bool:
        return rows(dsn, schema, "SELECT key FROM {s}.entity") == []

    await until(swept)


async def test_what_a_newer_version_no_longer_tells_of_is_swept_when_it_is_quiet(
    make_store: MakeStore, dsn: str
) -> None:
    store = await make_store(tuning=QUICK)
    schema = (await store.status()).schema_name
    await put(store, document("d", chunk("c", "x", names=["Ada", "Bob"], facts=[("Ada", "Bob", 1.0)])))
    await put(store, document("d", chunk("c", "x", names=["Bob"])))

    async def swept() -> bool:
        return rows(dsn, schema, "SELECT key FROM {s}.entity") == [("bob",)]

    await until(swept)
    assert await store.verify() == []


async def test_paid_answers_about_deleted_text_are_forgotten_on_demand(store: Store) -> None:
    kept, gone = chunk("k", "kept"), chunk("g", "gone")
    await put(store, document("k", kept), document("g", gone))
    keys = [(one.content_hash, "extractor") for one in (kept, gone)]
    for key in keys:
        answer = Extraction(entities=[ExtractedEntity(name=key[0])])
        await store.cache_extractions([PaidAnswer(key, answer, (Usage("extract", "m"),))])
    await store.delete(["g"])
    await store.compact()
    assert (await store.cached_extractions(keys)).keys() == set(keys)
    await store.compact(forget=True)
    assert (await store.cached_extractions(keys)).keys() == {keys[0]}


async def test_handles_that_live_for_one_document_leave_no_heap_of_segments(make_store: MakeStore, dsn: str) -> None:
    schema = (await (await make_store("brief")).status()).schema_name
    for number in range(20):
        brief = await open_store("brief", ConnectOptions(dsn=dsn), tuning=Tuning(fan=4, idle_s=3600))
        await put(brief, document(f"d{number}", chunk(f"c{number}", "common")))
        await brief.aclose()
    assert rows(dsn, schema, "SELECT count(*) FROM {s}.segment")[0][0] <= 3 * 3
    reading = await make_store("brief", tuning=Tuning(fan=2, idle_s=0.05))
    async with reading.snapshot() as reader:
        assert await reader.corpus() == (20, 20)

    async def folded() -> bool:
        return rows(dsn, schema, "SELECT max(n) FROM (SELECT count(*) AS n FROM {s}.segment GROUP BY level) l") == [
            (1,)
        ]

    await until(folded)


async def test_what_a_crash_left_of_an_index_goes_from_a_table_that_has_become_small(
    make_store: MakeStore, dsn: str
) -> None:
    store = await make_store(tuning=QUICK)
    schema = (await store.status()).schema_name
    rng = random.Random(3)
    await store.check_embedding("m", 4)
    made = [chunk(f"c{n}", "x", document_id="d", embedding=[rng.gauss(0, 1) for _ in range(4)]) for n in range(30)]
    await put(store, document("d", *made))

    async def built() -> bool:
        return vector_index(dsn, schema) == [(True,)]

    await until(built)
    query = sql.SQL("UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass({})")
    with psycopg.connect(dsn) as connection:
        connection.execute(query.format(sql.Literal(f"{schema}.chunk_by_embedding")))
    await store.delete_chunks([f"c{n}" for n in range(25)])

    async def gone() -> bool:
        return vector_index(dsn, schema) == []

    await until(gone)
    assert await store.verify() == []


async def test_the_keyword_index_keeps_its_size_while_documents_come_and_go(make_store: MakeStore, dsn: str) -> None:
    store = await make_store("brief")
    table = sql.Identifier((await store.status()).schema_name, "postings")
    with psycopg.connect(dsn) as connection:  # which comes once a minute, so that it may come now
        connection.execute(sql.SQL("ALTER TABLE {} SET (autovacuum_enabled = off)").format(table))
    sizes = []
    for number in range(16):
        brief = await open_store("brief", ConnectOptions(dsn=dsn), tuning=Tuning(fan=2, idle_s=3600))
        words = " ".join(f"w{number}x{place}" for place in range(1000))
        await put(brief, document("d", chunk(f"c{number}", words)))
        await brief.aclose()
        sizes.append((await store.status()).sizes["postings"])
    assert max(sizes) <= 4 * sizes[0]
    assert await store.verify() == []


async def test_files_are_shortened_on_demand_alone(make_store: MakeStore, dsn: str) -> None:
    store = await make_store(tuning=Tuning(fan=2, idle_s=0.05))
    schema = (await store.status()).schema_name
    for number in range(6):
        words = " ".join(f"w{number}x{place}" for place in range(1000))
        await put(store, document(f"d{number}", chunk(f"c{number}", words)))
    assert await store.delete([f"d{number}" for number in range(6)]) == 6
    async with asyncio.timeout(HANG_GUARD_S):
        await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name() == "lightrag-upkeep"))

    def pages() -> tuple[int, int]:
        query = "SELECT pg_relation_size(oid) / 8192 FROM pg_class WHERE oid = '{s}.postings'::regclass"
        (size,), (kept,) = *rows(dsn, schema, query), *rows(dsn, schema, "SELECT count(*) FROM {s}.postings")
        return size, kept

    assert pages()[0] > 50 and pages()[1] == 0
    await store.compact()
    assert pages() == (0, 0)


async def test_no_vacuum_by_itself_shortens_what_searches_read(make_store: MakeStore, dsn: str) -> None:
    schema = (await (await make_store()).status()).schema_name
    query = """
    SELECT c.relname, 'vacuum_truncate=off' = ANY(coalesce(c.reloptions, '{{}}')),
           t.oid IS NULL OR 'vacuum_truncate=off' = ANY(coalesce(t.reloptions, '{{}}'))
    FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
    WHERE c.relnamespace = '{s}'::regnamespace AND c.relkind = 'r'
    """
    options = {name: found for name, *found in rows(dsn, schema, query)}
    others = {"pending", "extraction", "ledger"}
    assert others < options.keys()
    assert {name for name, found in options.items() if found != [True, True]} == others
    assert options.keys() - others == set(maintenance._TABLES)


async def hurried(connection: AsyncConnection) -> None:
    """As a server may be set: VACUUM is slow, and no statement may take long."""
    await connection.execute("SET vacuum_cost_delay = 100")
    await connection.execute("SET vacuum_cost_limit = 1")
    await connection.execute("SET statement_timeout = '400ms'")


async def test_postings_are_folded_where_a_vacuum_is_cut_short(
    make_store: MakeStore, dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    schema = (await (await make_store("hurried")).status()).schema_name
    connect = ConnectOptions(dsn=dsn, configure=hurried)
    for number in range(6):
        brief = await open_store("hurried", connect, tuning=Tuning(fan=3, idle_s=3600))
        words = " ".join(f"w{number}x{place}" for place in range(1000))
        await put(brief, document(f"d{number}", chunk(f"c{number}", words)))
        await brief.aclose()
    assert "could not free room" in caplog.text
    assert sorted(rows(dsn, schema, "SELECT level FROM {s}.segment")) == [(1,), (1,)]


async def test_room_is_given_back_after_folds_alone(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    execute = AsyncConnection.execute

    async def noted(self, query, *args, **options):
        asked.append(str(query))
        return await execute(self, query, *args, **options)

    monkeypatch.setattr(AsyncConnection, "execute", noted)
    store = await make_store(tuning=Tuning(fan=2, idle_s=0.05))

    async def vacuumed() -> int:
        async with asyncio.timeout(HANG_GUARD_S):
            await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name() == "lightrag-upkeep"))
        return sum("VACUUM" in query for query in asked)

    async with store.snapshot() as reader:
        await reader.corpus()
    assert await vacuumed() == 0
    await put(store, document("d", chunk("c", "common")))
    assert await vacuumed() == 0
    await put(store, document("e", chunk("f", "common")))
    assert await vacuumed() == 4  # two tables before the fold, and when it is quiet
    async with store.snapshot() as reader:
        await reader.corpus()
    assert await vacuumed() == 4


async def test_ending_upkeep_never_swallows_its_callers_cancellation(make_store: MakeStore) -> None:
    store = await make_store(tuning=Tuning(idle_s=3600))
    for turns in range(12):
        upkeep = store._upkeep
        upkeep.look()
        ending = asyncio.create_task(upkeep.aclose())
        for _ in range(turns):
            await asyncio.sleep(0)
        asked = ending.cancel()
        await asyncio.wait([ending])
        assert ending.cancelled() or not asked, f"cancelled after {turns} turns"


async def test_an_index_whose_drop_is_cancelled_as_it_commits_can_be_made_anew(
    make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await make_store()
    await put(store, document("d", chunk("c", "x")))
    transact = store._transact

    async def cancelled(*work) -> None:
        await transact(*work)
        dropping.cancel()
        await asyncio.Event().wait()

    monkeypatch.setattr(store, "_transact", cancelled)
    dropping = asyncio.create_task(store.drop())
    with pytest.raises(asyncio.CancelledError):
        await dropping
    monkeypatch.undo()
    assert (await store.status()).chunks == 0
    await put(store, document("d", chunk("c", "x")))
    assert await store.verify() == []
