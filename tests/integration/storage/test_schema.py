"""Names of any kind, concurrent first openings, versions, and pgvector wherever it is."""

import asyncio

import psycopg
import pytest

from lightrag_integrations.errors import InputError, SchemaError
from lightrag_integrations.options import ConnectOptions
from lightrag_integrations.storage.postgres import open_store, schema_name
from tests.conftest import MakeStore
from tests.integration.storage.making import chunk, document, put
from tests.servers import PostgresServer

NAMES = (
    "plain", 'quo"te', "apo'strophe", "semi; DROP SCHEMA public CASCADE; --", "%s {s} {}", "中文 索引", "ünïcode", "🎈",
    "a" * 200, "a" * 199 + "b", " ", "Plain", "plain ", "\n\t\\", "pg_catalog",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
async def test_any_name_works(make_store: MakeStore, name: str) -> None:
    store = await make_store(name)
    await put(store, document("d", chunk("c", "word")))
    status = await store.status()
    assert (status.name, status.schema_name, status.chunks) == (name, schema_name(name), 1)


def test_names_are_distinct_and_short() -> None:
    schemas = [schema_name(name) for name in NAMES]
    assert len(set(schemas)) == len(NAMES)
    assert all(len(schema) <= 63 and schema.isascii() for schema in schemas)


@pytest.mark.parametrize("name", ["", "a\x00b", "\ud800", "x" * 513, None])
async def test_names_that_cannot_be_used_are_refused(name: str, dsn: str) -> None:
    with pytest.raises(InputError, match="index name"):
        await open_store(name, ConnectOptions(dsn=dsn))


async def test_many_first_openings_at_once_all_succeed(external_server: PostgresServer) -> None:
    with psycopg.connect(external_server.dsn, autocommit=True) as connection:
        connection.execute("CREATE DATABASE fresh")
    connect = ConnectOptions(dsn=external_server.dsn_for(database="fresh"))
    stores = [await open_store(f"first {number % 4}", connect) for number in range(12)]
    try:
        found = await asyncio.gather(*(store.status() for store in stores))
        assert [status.schema_version for status in found] == [found[0].schema_version] * 12
    finally:
        for store in stores:
            await store.aclose()
        with psycopg.connect(external_server.dsn, autocommit=True) as connection:
            connection.execute("DROP DATABASE fresh WITH (FORCE)")


async def test_pgvector_may_live_in_any_schema(external_server: PostgresServer) -> None:
    with psycopg.connect(external_server.dsn, autocommit=True) as connection:
        connection.execute("CREATE DATABASE elsewhere")
        connection.execute("ALTER DATABASE elsewhere SET search_path = ''")
    dsn = external_server.dsn_for(database="elsewhere")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute('CREATE SCHEMA "My ""Extensions"""')
        connection.execute('CREATE EXTENSION vector SCHEMA "My ""Extensions"""')
    store = await open_store("x", ConnectOptions(dsn=dsn))
    try:
        await store.check_embedding("m", 2)
        names = {"entity_embeddings": {"a": [1.0, 0.0]}}
        await put(store, document("d", chunk("c", "w", names=["A"], embedding=[1.0, 1.0]), **names))
        async with store.snapshot() as reader:
            assert len(await reader.nearest_chunks([1.0, 1.0], 5)) == len(await reader.nearest_entities([1, 0], 5)) == 1
        await store.compact()
        assert await store.verify() == []
    finally:
        await store.aclose()
        with psycopg.connect(external_server.dsn, autocommit=True) as connection:
            connection.execute("DROP DATABASE elsewhere WITH (FORCE)")


async def test_a_newer_schema_is_refused(make_store: MakeStore, dsn: str) -> None:
    store = await make_store("newer")
    schema = (await store.status()).schema_name
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"INSERT INTO {schema}.migration (version, name) VALUES (999, 'later')")
    other = await open_store("newer", ConnectOptions(dsn=dsn))
    with pytest.raises(SchemaError, match=r"version 999.*upgrade"):
        await other.status()
    await other.aclose()
