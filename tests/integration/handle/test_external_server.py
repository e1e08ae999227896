"""A PostgreSQL of the user's own: another server, over TCP, with a password."""

import asyncio

import pytest
from pydantic import SecretStr

from lightrag_integrations import ConnectionFailed, ConnectOptions, Document, LightRAGIndex
from tests.servers import PostgresServer

DOCUMENTS = [
    Document(id="fram", title="Fram", text="The Fram was designed by Colin Archer.", metadata={"year": 1892}),
    Document(id="archer", title="Colin Archer", text="Colin Archer was born at Larvik.", metadata={"year": 1832}),
]


def test_the_same_work_on_another_server(make_index, external_server: PostgresServer) -> None:
    index = make_index(database=external_server.dsn)
    assert index.ingest(DOCUMENTS).documents == 2
    for mode in ("keyword", "vector", "local", "global", "hybrid", "graph", "mix"):
        assert index.retrieve("Where was the designer of the Fram born?", mode=mode, k=1).hits, mode
    assert index.retrieve("Larvik", filter={"year": {"$lt": 1850}}, k=1).hits[0].document_id == "archer"
    assert index.ingest(DOCUMENTS).unchanged == 2
    assert index.documents.delete(["fram"]) == 1
    assert index.verify() == []


def test_connect_options_with_a_password_that_is_asked_for(make_index, external_server: PostgresServer) -> None:
    asked: list[int] = []

    def password() -> str:
        asked.append(1)
        return external_server.password

    bare = external_server.dsn.replace(f":{external_server.password}@", "@")
    assert external_server.password not in bare
    seen: list[str] = []

    async def configure(connection) -> None:
        seen.append(connection.info.dbname)

    options = ConnectOptions(dsn=SecretStr(bare), password=password, configure=configure, pool_max_size=2)
    index = make_index(database=options)
    index.ingest(DOCUMENTS)

    async def ask() -> int:
        results = await asyncio.gather(*(index.aretrieve("Fram", k=1) for _ in range(20)))
        return sum(len(result.hits) for result in results)

    assert asyncio.run(ask()) == 20
    assert asked
    assert seen


def test_two_places_are_two_indexes(make_index, external_server: PostgresServer) -> None:
    here, there = make_index("twin"), make_index("twin", database=external_server.dsn)
    here.ingest(DOCUMENTS)
    assert there.documents.list() == []


def test_a_wrong_password_is_told_at_once_and_kept_secret(external_server: PostgresServer) -> None:
    wrong = external_server.dsn.replace(external_server.password, "not-the-password")
    index = LightRAGIndex("x", database=wrong)
    with pytest.raises(ConnectionFailed, match=r"127\.0\.0\.1") as caught:
        index.retrieve("Fram")
    assert "not-the-password" not in str(caught.value)
    index.close()
