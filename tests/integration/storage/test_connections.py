"""What users see when the server can't be had, goes away, or is not what is needed."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from lightrag_integrations.errors import ConfigurationError, ConnectionFailed, IndexClosed, SchemaError, StorageError
from lightrag_integrations.options import ConnectOptions
from lightrag_integrations.storage.postgres import open_store
from lightrag_integrations.storage.postgres.parts import run
from lightrag_integrations.storage.postgres.pool import Database
from lightrag_integrations.store import Store
from tests.conftest import MakeStore
from tests.integration.storage.making import chunk, document, put
from tests.servers import PostgresServer

PLANS = "SELECT sum(generic_plans + custom_plans)::int FROM pg_prepared_statements WHERE statement LIKE %s"
HANG_GUARD_S = 25
"""Well under the pool's 30 s: an error must not wait for the pool to give up."""


async def failing(dsn: str, **options: object) -> ConnectionFailed:
    """The error of the first call."""
    store = await open_store("x", ConnectOptions(dsn=dsn, **options))
    try:
        async with asyncio.timeout(HANG_GUARD_S):
            with pytest.raises(ConnectionFailed) as caught:
                await store.status()
    finally:
        await store.aclose()
    return caught.value


@pytest.fixture
async def outside(external_server: PostgresServer) -> AsyncIterator[Store]:
    """A store on the server reached over TCP."""
    store = await open_store("outside", ConnectOptions(dsn=external_server.dsn))
    yield store
    await store.drop()
    await store.aclose()


@pytest.fixture
def database_without_vector(external_server: PostgresServer) -> Iterator[str]:
    """A database whose server finds no extensions."""
    with psycopg.connect(external_server.dsn, autocommit=True) as connection:
        connection.execute("CREATE DATABASE bare")
        connection.execute("ALTER DATABASE bare SET extension_control_path = '/nowhere'")
        yield external_server.dsn_for(database="bare")
        connection.execute("DROP DATABASE bare WITH (FORCE)")


async def test_an_external_server_works_over_tcp(outside: Store) -> None:
    await put(outside, document("d", chunk("c", "word")))
    assert (await outside.status()).chunks == 1


async def test_plans_outlive_a_snapshot(external_server: PostgresServer) -> None:
    """The driver forgets a connection's prepared statements at each ROLLBACK."""
    database = Database("prepared", ConnectOptions(dsn=external_server.dsn, prepare=True))
    used = []
    for _ in range(3):
        async with database.snapshot() as (connection, layout):
            for _ in range(3):
                await run(connection, layout, "meta")
            row = await (await connection.execute(PLANS, ["%meta%"])).fetchone()
            used.append(row and row[0])
    assert used == [2, 5, 8], "from the second call on"
    async with database.transaction() as (connection, layout):
        await connection.execute(layout.statements.fill("DROP SCHEMA {s} CASCADE"))
    await database.aclose()


async def test_a_wrong_password_is_told_at_once_and_not_repeated(external_server: PostgresServer) -> None:
    error = await failing(external_server.dsn_for(password="wrong-secret"))
    assert "password" in str(error) and "127.0.0.1" in str(error) and str(external_server.port) in str(error)
    assert "wrong-secret" not in f"{error}{error.__cause__}"
    assert isinstance(error.__cause__, psycopg.OperationalError)


async def test_a_missing_server_and_database_are_told_at_once(external_server: PostgresServer) -> None:
    assert "refused" in str(await failing("postgresql://u:secret@127.0.0.1:1/db"))
    assert '"nothing" does not exist' in str(await failing(external_server.dsn_for(database="nothing")))


async def test_an_unreadable_connection_string_is_refused_without_repeating_it() -> None:
    with pytest.raises(ConfigurationError, match="can't read") as caught:
        await open_store("x", ConnectOptions(dsn="postgresql://user:secret@host:port:port/x?="))
    assert "secret" not in str(caught.value) and caught.value.__cause__ is None


async def test_a_server_without_pgvector_is_told(database_without_vector: str) -> None:
    store = await open_store("x", ConnectOptions(dsn=database_without_vector))
    with pytest.raises(SchemaError, match="pgvector is not available"):
        await store.status()
    await store.aclose()


async def test_the_password_is_asked_for_and_every_connection_configured(external_server: PostgresServer) -> None:
    asked: list[str] = []
    configured: list[int] = []

    def password() -> str:
        asked.append("now")
        return external_server.password

    async def configure(connection: psycopg.AsyncConnection) -> None:
        configured.append(connection.info.backend_pid)

    dsn = f"postgresql://postgres@127.0.0.1:{external_server.port}/postgres"
    store = await open_store("password", ConnectOptions(dsn=dsn, password=password, configure=configure))
    await store.status()
    assert (len(asked), len(configured)) == (1, 1), "a handle opens with one connection"
    await asyncio.gather(*(store.status() for _ in range(4)))
    await store.drop()
    await store.aclose()
    assert len(asked) == len(set(configured)) == len(configured)


async def test_a_connection_configured_into_a_transaction_is_refused(make_store: MakeStore, dsn: str) -> None:
    await (await make_store("begun")).status()
    store = await open_store("begun", ConnectOptions(dsn=dsn, configure=lambda opened: opened.execute("BEGIN")))
    with pytest.raises(ConfigurationError, match="left a transaction open"):
        await put(store, document("d", chunk("c", "word")))
    await store.aclose()


async def test_the_server_may_go_and_come_back() -> None:
    server = PostgresServer()
    store = await open_store("gone", ConnectOptions(dsn=server.dsn))
    try:
        await put(store, document("d", chunk("c", "word")))
        async with asyncio.timeout(HANG_GUARD_S):
            with pytest.raises(ConnectionFailed):
                async with store.snapshot() as reader:
                    await reader.all_chunks()
                    server.kill()
                    while True:
                        await reader.all_chunks()
            with pytest.raises(ConnectionFailed):
                await store.status()
        server.restart()
        deadline = time.monotonic() + HANG_GUARD_S
        while time.monotonic() < deadline:
            try:
                assert (await store.status()).chunks == 1
                break
            except ConnectionFailed:
                await asyncio.sleep(0.2)
        assert (await store.status()).chunks == 1
    finally:
        await store.aclose()
        server.stop()


async def test_waiting_for_a_connection_ends(make_store: MakeStore, dsn: str) -> None:
    store = await make_store(connect=ConnectOptions(dsn=dsn, pool_max_size=1, pool_timeout_s=0.3))
    async with store.snapshot() as reader:
        assert await reader.corpus() == (0, 0)
        with pytest.raises(ConnectionFailed, match="pool_max_size"):
            await store.status()
    assert (await store.status()).chunks == 0


async def test_idle_connections_are_given_back(external_server: PostgresServer) -> None:
    store = await open_store("idle", ConnectOptions(dsn=external_server.dsn, idle_timeout_s=0.3))
    await asyncio.gather(*(store.status() for _ in range(8)))
    pool = store.pool()
    assert pool and 1 < pool.size <= 8
    async with asyncio.timeout(HANG_GUARD_S):
        while (pool := store.pool()) and pool.size:
            await asyncio.sleep(0.02)
    with psycopg.connect(external_server.dsn) as console:
        seen = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lightrag'"
        async with asyncio.timeout(HANG_GUARD_S):
            while console.execute(seen).fetchone() != (0,):
                console.rollback()
                await asyncio.sleep(0.02)
    await store.drop()
    await store.aclose()


async def test_a_full_server_is_waited_for(external_server: PostgresServer) -> None:
    with psycopg.connect(external_server.dsn, autocommit=True) as console:
        console.execute("CREATE EXTENSION IF NOT EXISTS vector")
        console.execute("CREATE ROLE guest LOGIN PASSWORD 'guest' CONNECTION LIMIT 1")
        console.execute("GRANT ALL ON DATABASE postgres TO guest")
    dsn = f"postgresql://guest:guest@127.0.0.1:{external_server.port}/postgres"
    connect = ConnectOptions(dsn=dsn, idle_timeout_s=0.2, pool_timeout_s=HANG_GUARD_S)
    one, two = await open_store("full", connect), await open_store("full", connect)
    three = await open_store("full", connect.model_copy(update={"pool_timeout_s": 0.3}))
    async with one.snapshot() as reader:
        assert await reader.corpus() == (0, 0)
        waiting = asyncio.create_task(two.status())
        with pytest.raises(ConnectionFailed, match="too many connections for role"):
            await three.status()
        assert not waiting.done()
    assert (await waiting).chunks == 0, "the first has given its connection back"
    await two.drop()
    for store in (one, two, three):
        await store.aclose()
    with psycopg.connect(external_server.dsn, autocommit=True) as console:
        console.execute("DROP OWNED BY guest")
        console.execute("DROP ROLE guest")


async def test_a_statement_may_be_limited(make_store: MakeStore, dsn: str) -> None:
    await (await make_store("limited")).status()
    limited = await open_store("limited", ConnectOptions(dsn=dsn, statement_timeout_s=0.001))
    made = [document(f"d{n}", *(chunk(f"{n}.{m}", "many words " * 50) for m in range(20))) for n in range(50)]
    with pytest.raises(StorageError, match="statement timeout"):
        await put(limited, *made)
    await limited.aclose()


async def test_a_cancelled_call_gives_its_connection_back(make_store: MakeStore, dsn: str) -> None:
    store = await make_store(connect=ConnectOptions(dsn=dsn, pool_max_size=1, pool_timeout_s=10))
    await store.status()
    async with store.snapshot():
        waiting = asyncio.create_task(store.status())
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert (await store.status()).chunks == 0


async def test_a_closed_store_says_so(make_store: MakeStore) -> None:
    store = await make_store("closed")
    await store.status()
    other = await open_store("closed", ConnectOptions(dsn="postgresql://nobody@127.0.0.1:1/x"))
    await other.aclose()
    with pytest.raises(IndexClosed):
        await other.status()


async def test_a_dropped_index_is_told_and_can_be_made_anew(make_store: MakeStore) -> None:
    one, two = await make_store("dropped"), await make_store("dropped")
    await put(one, document("d", chunk("c", "word")))
    await two.status()
    await one.drop()
    with pytest.raises(SchemaError, match="dropped by another handle"):
        await two.status()
    assert (await one.status()).chunks == 0
    assert (await two.status()).chunks == 0


async def test_the_servers_default_isolation_does_not_matter(dsn: str) -> None:
    strict = make_conninfo(dsn, options="-c default_transaction_isolation=serializable")
    database = Database("strict", ConnectOptions(dsn=strict))
    try:
        for opened, level in ((database.transaction, "read committed"), (database.snapshot, "repeatable read")):
            async with opened() as (connection, _):
                row = await (await connection.execute("SHOW transaction_isolation")).fetchone()
                assert row == (level,)
        async with database.transaction() as (connection, layout):
            await connection.execute(layout.statements.fill("DROP SCHEMA {s} CASCADE"))
    finally:
        await database.aclose()
