"""A transaction that the server broke off for another's sake is done again: real deadlocks, and failures on order."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import sql

from lightrag_integrations.contributions import PendingDocument
from lightrag_integrations.errors import StorageError
from lightrag_integrations.models import Document
from lightrag_integrations.options import ConnectOptions
from lightrag_integrations.storage.postgres import open_store, schema_name
from lightrag_integrations.store import Store
from tests.integration.storage.making import chunk, document, put
from tests.servers import PostgresServer

HANG_GUARD_S = 60
NEW = document("d", chunk("d1", "new words", names=["Ada"]))
FAIL = """
CREATE SEQUENCE {schema}.tries;
CREATE FUNCTION {schema}.lose() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('{schema}.tries') <= {times} THEN
        RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER lose BEFORE DELETE ON {schema}.document FOR EACH ROW EXECUTE FUNCTION {schema}.lose();
"""


@dataclass
class Race:
    """A store whose connections wait two seconds before they look for a deadlock, and a rival on the same rows."""

    store: Store
    rival: psycopg.AsyncConnection[tuple[Any, ...]]
    schema: str

    async def lock(self, table: str, document_id: str) -> None:
        query = sql.SQL("SELECT FROM {} WHERE document_id = %s FOR UPDATE").format(sql.Identifier(self.schema, table))
        await self.rival.execute(query, [document_id])

    async def execute(self, text: str, **names: int) -> list[tuple[Any, ...]]:
        query = sql.SQL(text).format(
            schema=sql.Identifier(self.schema), **{name: sql.Literal(value) for name, value in names.items()}
        )
        cursor = await self.rival.execute(query)
        return await cursor.fetchall() if cursor.description else []

    async def somebody_waits(self) -> None:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        while (await self.execute(waiting))[0][0] == 0:
            await asyncio.sleep(0.02)


@pytest.fixture
async def race(external_server: PostgresServer) -> AsyncIterator[Race]:
    name = f"race-{uuid.uuid4().hex[:12]}"

    async def patient(connection: psycopg.AsyncConnection[Any]) -> None:
        await connection.execute("SET deadlock_timeout = '2s'")

    store = await open_store(name, ConnectOptions(dsn=external_server.dsn, configure=patient))
    await put(store, document("d", chunk("d1", "old words", names=["Ada"])))
    await store.accept([PendingDocument(one, "h") for one in (NEW.document, Document(id="e", text="e"))],
                       owner="o", lease_s=60)  # fmt: skip
    async with await psycopg.AsyncConnection.connect(external_server.dsn) as rival:
        # The rival never looks, so it is always ours that is broken off.
        await rival.execute("SET deadlock_timeout = '1h'")
        await rival.commit()
        yield Race(store, rival, schema_name(name))
    await store.drop()
    await store.aclose()


async def accept_both(store: Store) -> frozenset[str]:
    both = [PendingDocument(Document(id=one, text="again"), "h2") for one in ("d", "e")]
    return await store.accept(both, owner="o", lease_s=60)


@pytest.mark.parametrize(
    ("work", "held", "wanted", "expected"),
    [
        (lambda store: store.commit([NEW], owner="o"), ("document", "d"), ("pending", "d"), frozenset({"d"})),
        (lambda store: store.delete(["d"]), ("document", "d"), ("pending", "d"), 1),
        (accept_both, ("pending", "e"), ("pending", "d"), frozenset({"d", "e"})),
    ],
    ids=["commit", "delete", "accept"],
)
async def test_a_deadlock_is_lost_and_the_transaction_done_again(
    race: Race,
    work: Callable[[Store], Awaitable[object]],
    held: tuple[str, str],
    wanted: tuple[str, str],
    expected: object,
) -> None:
    async with asyncio.timeout(HANG_GUARD_S):
        await race.lock(*held)
        working = asyncio.create_task(work(race.store))
        await race.somebody_waits()
        # Ours waits for this row's holder and holds that row: only by breaking off ours can the rival go on.
        await race.lock(*wanted)
        assert not working.done()
        await race.rival.commit()
        assert await working == expected
    assert await race.store.verify() == []


HELD = """
SELECT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.mode = 'AccessExclusiveLock' AND l.granted AND c.relkind = 'r' AND c.relnamespace = '{schema}'::regnamespace
"""


async def test_a_drop_that_meets_a_writer_is_done_again(race: Race) -> None:
    async with asyncio.timeout(HANG_GUARD_S):
        await race.execute("LOCK TABLE {schema}.ledger IN ROW EXCLUSIVE MODE")
        dropping = asyncio.create_task(race.store.drop())
        await race.somebody_waits()
        table = sql.Identifier(race.schema, (await race.execute(HELD))[0][0])
        await race.rival.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(table))
        assert not dropping.done()
        await race.rival.commit()
        await dropping
    assert await race.store.dump() == ""


@pytest.mark.parametrize("times", [3, 1000])
async def test_tries_are_bounded(race: Race, times: int) -> None:
    await race.execute(FAIL, times=times)
    await race.rival.commit()
    if times == 3:
        assert await race.store.delete(["d"]) == 1
        assert await race.store.dump() == ""
    else:
        before = await race.store.dump()
        with pytest.raises(StorageError) as caught:
            await race.store.delete(["d"])
        assert isinstance(caught.value.__cause__, psycopg.errors.SerializationFailure)
        assert await race.store.dump() == before
    tries = (await race.execute("SELECT last_value FROM {schema}.tries"))[0][0]
    await race.rival.commit()
    assert tries == (4 if times == 3 else 8)
