"""A server that dies under live handles: it is started again for all of them, and waited for where it is not ours."""

import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from lightrag_integrations import ConnectionFailed, Document, LightRAGIndex, OpenAIChatModel, ServerError
from lightrag_integrations.storage.postgres import parts, pool, store
from tests.doubles.fixtures import openai_server as openai_server
from tests.doubles.openai_server import OpenAIServer
from tests.faults.processes import children_of, kill, programs_of
from tests.integration.embedded.holding import sockets_of, vanished
from tests.servers import PostgresServer

HANG_GUARD_S = 60
CONCURRENCY = 4
_END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lightrag'"


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lrk", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "db"
        assert programs_of(Path(folder) / "db") == []
        assert vanished(sockets_of(Path(folder) / "db"))


@pytest.fixture
def external() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.stop()


def notes(count: int) -> list[Document]:
    return [Document(id=f"n{n}", text=f"Ada Byron wrote note {n} in Geneva.") for n in range(count)]


def model(server: OpenAIServer) -> OpenAIChatModel:
    return OpenAIChatModel("m", base_url=server.base_url, api_key="k")


def at_work(server: OpenAIServer, *, answered: int) -> None:
    """Until so many calls are answered."""
    until = time.monotonic() + HANG_GUARD_S
    while server.answered["extract"] < answered:
        assert time.monotonic() < until
        time.sleep(0.005)


def test_whoever_calls_next_starts_a_dead_server_again(home: Path) -> None:
    with LightRAGIndex("one", database=home) as one, LightRAGIndex("one", database=home) as two:
        one.ingest(notes(3))
        before = two.dump()
        (server,) = programs_of(home)
        assert kill([server, *children_of(server)]) > 1
        begin = threading.Barrier(8)

        def ask(number: int) -> str:
            begin.wait(HANG_GUARD_S)
            return (one, two)[number % 2].retrieve("Who wrote in Geneva?", k=1).hits[0].text

        with ThreadPoolExecutor(8) as threads:
            assert {text[:9] for text in threads.map(ask, range(8))} == {"Ada Byron"}
        (again,) = programs_of(home)
        assert again != server
        kill(children_of(again)[:1])  # PostgreSQL itself recovers from this one
        assert two.ingest(notes(4)).documents == 1
        assert one.documents.delete(["n3"]) == 1
        assert one.dump() == before
        assert one.verify() == []


def test_an_ingestion_outlives_its_server(home: Path, openai_server: OpenAIServer) -> None:
    openai_server.latency_s = 0.03
    with LightRAGIndex("one", database=home, llm=model(openai_server), max_concurrency=CONCURRENCY) as index:
        index.open()
        with ThreadPoolExecutor(1) as threads:
            ingesting = threads.submit(index.ingest, notes(30))
            at_work(openai_server, answered=8)
            kill(programs_of(home))
            report = ingesting.result(HANG_GUARD_S)
        assert (report.documents, report.failed, report.model_calls) == (30, 0, 30)
        assert openai_server.calls["extract"] == 30
        assert sum(usage.calls for usage in index._live.run(lambda: _ledger(index))) == 30
        assert index.verify() == []


async def _ledger(index: LightRAGIndex) -> list:
    return [*await (await index._live.store()).ledger()]


def test_no_model_is_asked_while_a_server_that_is_not_ours_stays_away(
    external: PostgresServer, openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (parts, pool, store):
        monkeypatch.setattr(module, "PATIENCE_S", 1.5)
    openai_server.latency_s = 0.03
    with LightRAGIndex("away", database=external.dsn, llm=model(openai_server), max_concurrency=CONCURRENCY) as index:
        index.open()
        with ThreadPoolExecutor(1) as threads:
            ingesting = threads.submit(index.ingest, notes(40))
            at_work(openai_server, answered=8)
            external.kill()
            with pytest.raises(ConnectionFailed, match="can't be reached"):
                ingesting.result(HANG_GUARD_S)
        made = openai_server.calls["extract"]
        # In flight at the crash, and begun before the first answer found that it can't be written.
        assert made < 8 + 5 * CONCURRENCY
        with pytest.raises(ConnectionFailed):
            index.retrieve("Geneva")
        external.restart()
        report = index.documents.retry()
        assert (report.documents, report.failed, report.processing) == (40, 0, 0)
        assert openai_server.calls["extract"] - 40 <= 2 * CONCURRENCY  # nothing that was written is asked again
        assert index.verify() == []


def test_connections_that_an_administrator_ends_are_made_anew(
    external: PostgresServer, openai_server: OpenAIServer
) -> None:
    openai_server.latency_s = 0.03
    with LightRAGIndex("ended", database=external.dsn, llm=model(openai_server)) as index:
        index.open()
        with ThreadPoolExecutor(1) as threads, psycopg.connect(external.dsn, autocommit=True) as console:
            ingesting = threads.submit(index.ingest, notes(40))
            ended = 0
            for answered in (5, 20):
                at_work(openai_server, answered=answered)
                ended += console.execute(_END).rowcount
            assert ingesting.result(HANG_GUARD_S).documents == 40
        assert ended > 0
        assert openai_server.calls["extract"] == 40
        assert index.verify() == []


def test_a_server_whose_directory_is_gone_is_told(home: Path) -> None:
    with LightRAGIndex("one", database=home) as index:
        index.ingest(notes(1))
        away = home.with_name("away")
        home.rename(away)
        (server,) = [int((away / "data" / "postmaster.pid").read_text().split()[0])]
        kill([server, *children_of(server)])
        with pytest.raises(ServerError, match=r"start\.lock: No such file"):
            index.status()
        away.rename(home)
        assert index.status().documents == 1
