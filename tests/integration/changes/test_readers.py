"""A writer stopped in the middle of its transaction: readers don't wait for it, and see the older version whole."""

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import sql

from lightrag_integrations import Chunk, Document, LightRAGIndex
from lightrag_integrations.storage.postgres import schema_name
from tests.servers import PostgresServer

MODES = ("keyword", "vector", "local", "global", "hybrid", "graph", "mix")
HANG_GUARD_S = 60


@pytest.fixture
def index(external_server: PostgresServer) -> Iterator[LightRAGIndex]:
    with LightRAGIndex(f"readers-{uuid.uuid4().hex[:12]}", database=external_server.dsn) as made:
        yield made
        made.drop()


def version(number: int, size: int) -> Document:
    chunks = [
        Chunk(id=f"d/{at}", document_id="d", text=f"Ada Lovelace wrote Version {number} in London.", position=at)
        for at in range(size)
    ]
    return Document(id="d", chunks=tuple(chunks))


def waiting_for(connection: psycopg.Connection, writing: threading.Event) -> None:
    """Until somebody waits for this connection."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    while connection.execute(query).fetchone() == (0,):
        assert not writing.wait(0.02), "the writer was not stopped"


def test_readers_neither_wait_for_a_writer_nor_see_its_half(
    external_server: PostgresServer, index: LightRAGIndex
) -> None:
    index.ingest(version(1, 3))
    before, written = index.dump(), threading.Event()

    def write() -> int:
        try:
            return index.ingest([version(2, 5)]).documents
        finally:
            written.set()

    with psycopg.connect(external_server.dsn) as rival, ThreadPoolExecutor(1) as threads:
        # The writer comes to the entities after it has replaced the document's row and chunks.
        rival.execute(sql.SQL("SELECT FROM {} FOR UPDATE").format(sql.Identifier(schema_name(index.name), "entity")))
        writing = threads.submit(write)
        waiting_for(rival, written)
        for mode in MODES:
            texts = [hit.text for hit in index.retrieve("Who wrote in London? Ada Lovelace", mode=mode, k=9).hits]
            assert texts == ["Ada Lovelace wrote Version 1 in London."] * 3, mode
        assert len(index.documents.chunks()) == 3
        assert (index.dump(), index.verify()) == (before, [])
        assert index.status().processing == 1
        assert not written.is_set()
        rival.rollback()
        assert writing.result(HANG_GUARD_S) == 1
    assert [hit.text for hit in index.documents.chunks()] == ["Ada Lovelace wrote Version 2 in London."] * 5
    assert index.verify() == []
