"""An index made by the first schema, with content, under today's code."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from lightrag_integrations.contributions import PendingDocument
from lightrag_integrations.models import Chunk, Document
from lightrag_integrations.storage.postgres import schema_name, status, verify
from lightrag_integrations.storage.postgres.sql import Statements, migrations
from tests.conftest import MakeStore
from tests.integration.health.content import contents, rows
from tests.integration.storage.making import put

NAME = "first schema"
CONTENT = Path(__file__).with_name("version_1.sql")


@pytest.fixture
def first_schema(dsn: str) -> Iterator[str]:
    """The schema of an index as the first version left it."""
    version, title, text = migrations()[0]
    assert (version, title) == (1, "initial")
    schema = schema_name(NAME)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        row = connection.execute("SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'vector'")
        statements = Statements(schema, row.fetchone()[0])
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        connection.execute(statements.fill(
            "CREATE TABLE {s}.migration (version int PRIMARY KEY, name text NOT NULL, "
            "applied_at timestamptz NOT NULL DEFAULT now()); INSERT INTO {s}.migration VALUES (1, 'initial')"
        ))  # fmt: skip
        connection.execute(statements.fill(text))
        connection.execute(statements.fill(CONTENT.read_text("utf-8")))
    yield schema


async def test_the_first_schema_is_brought_up_with_all_it_holds(
    make_store: MakeStore, dsn: str, first_schema: str, clean_dump: str
) -> None:
    store = await make_store(NAME)
    assert await store.dump() == clean_dump
    assert await store.verify() == []
    state = await store.status()
    newest = migrations()[-1][0]
    assert state.schema_version == newest > 1
    assert rows(dsn, first_schema, "SELECT version FROM {s}.migration ORDER BY 1") == [
        (number,) for number, _, _ in migrations()
    ]
    assert (state.processed, state.pending, state.failed, state.deleted_chunks) == (2, 1, 1, 1)
    assert (state.embedding, state.dimension) == ("m", 2)
    (usage,) = await store.ledger()
    assert (usage.kind, usage.prompt_tokens, usage.completion_tokens) == ("extract", 10, 5)
    assert await store.delete_chunks(["w2"]) == 1
    given = (Chunk(id="w1", document_id="w", text="x"),)
    claimed = await store.claim(None, owner="new", lease_s=60, limit=9)
    assert [one.document for one in claimed] == [Document(id="f", text="y"), Document(id="w", chunks=given)]
    await store.delete(["a", "f", "w"])
    await put(store, *contents()[:1])
    await store.compact(forget=True)
    assert await store.dump() == clean_dump
    assert await store.verify() == []


async def test_handles_that_upgrade_at_once_agree(make_store: MakeStore, first_schema: str) -> None:
    stores = [await make_store(NAME) for _ in range(3)]
    found = await asyncio.gather(*(store.status() for store in stores))
    assert [state.schema_version for state in found] == [migrations()[-1][0]] * 3
    await stores[0].accept([PendingDocument(Document(id="n", text="t"), "h")], owner="o", lease_s=60)
    assert (await stores[2].status()).processing == 1


async def test_verify_and_status_know_every_table(make_store: MakeStore, dsn: str) -> None:
    store = await make_store()
    schema = (await store.status()).schema_name
    tables = rows(
        dsn, schema, f"SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = '{schema}'::regnamespace"
    )
    assert {name for (name,) in tables} - {"meta", "migration"} == status._GROUPS.keys()
    keys = rows(dsn, schema, Statements(schema, "public")["keys_found"].decode().replace("%(schema)s", f"'{schema}'"))
    assert {name for (name,) in keys} - {"migration_pkey"} == set(verify._KEYS)
