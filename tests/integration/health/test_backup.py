"""The README's commands for backup and restore, as they stand there; and a copy of the directory."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from lightrag_integrations import Document, LightRAGIndex
from lightrag_integrations.storage.embedded import EmbeddedServer
from tests.docs.snippets import README, blocks
from tests.servers import PostgresServer

QUESTION = "Who designed the ship that was launched at Larvik?"
DOCUMENTS = [
    Document(id="fram", title="Fram", text="The Fram was designed by Colin Archer and launched at Larvik in 1892."),
    Document(id="archer", title="Colin Archer", text="Colin Archer was born in Larvik.", metadata={"year": 1832}),
    Document(id="amundsen", text="Roald Amundsen borrowed the Fram in 1910.", source="a book"),
]


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that PostgreSQL's user may reach, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="lr", dir="/tmp") as made:
        Path(made).chmod(0o755)
        yield Path(made)


def commands() -> tuple[str, str]:
    """The README's: for the dump, for the restore."""
    dump, restore = (
        block.code for block in blocks(README, "sh") if "pg_dump" in block.code or "pg_restore" in block.code
    )
    return dump, restore


def shell(script: str, folder: Path, **environment: str) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-euc", script], cwd=folder, env={**kept, "PATH": path, **environment}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def same(index: LightRAGIndex, dump: str, hits: list[tuple[str, float]]) -> None:
    """The whole content is there, is searched alike, and can be changed."""
    assert index.dump() == dump and index.verify() == []
    assert [(hit.chunk_id, hit.score) for hit in index.retrieve(QUESTION, k=3).hits] == hits
    assert index.ingest(DOCUMENTS).unchanged == 3
    assert index.ingest([Document(id="new", text="Larvik lies at the Lågen.")]).documents == 1
    assert index.documents.delete(["new"]) == 1
    assert index.dump() == dump and index.verify() == []


def test_a_dump_is_restored_into_another_server_and_another_directory(
    home: Path, external_server: PostgresServer
) -> None:
    dump, restore = commands()
    with psycopg.connect(external_server.dsn, autocommit=True) as connection:
        connection.execute("CREATE DATABASE restored")
    with LightRAGIndex("ships", database=home / ".lightrag") as index:
        index.ingest(DOCUMENTS)
        content, hits = index.dump(), [(hit.chunk_id, hit.score) for hit in index.retrieve(QUESTION, k=3).hits]
        assert len(hits) == 3
        shell(dump, home)
    tools = dump.splitlines()[0]
    address = {"PGHOST": "127.0.0.1", "PGPORT": str(external_server.port), "PGUSER": "postgres"}
    secret = {"PGDATABASE": "restored", "PGPASSWORD": external_server.password}
    shell(f"{tools}\n{restore}", home, **address, **secret)
    with LightRAGIndex("ships", database=external_server.dsn_for(database="restored")) as index:
        same(index, content, hits)
    shutil.rmtree(home / ".lightrag")
    (home / "lightrag.dump").rename(home / "kept.dump")
    server = EmbeddedServer(home / ".lightrag")
    server.start()
    try:
        variables = "\n".join(dump.splitlines()[:-1])
        shell(f"{variables}\n{restore}".replace("lightrag.dump", "kept.dump"), home)
        with LightRAGIndex("ships", database=home / ".lightrag") as index:
            same(index, content, hits)
    finally:
        server.stop()


def test_a_stopped_directory_can_be_copied(home: Path) -> None:
    with LightRAGIndex("ships", database=home / "first") as index:
        index.ingest(DOCUMENTS)
        content, hits = index.dump(), [(hit.chunk_id, hit.score) for hit in index.retrieve(QUESTION, k=3).hits]
    subprocess.run(["cp", "-a", str(home / "first"), str(home / "second")], check=True)
    shutil.rmtree(home / "first")
    with LightRAGIndex("ships", database=home / "second") as index:
        same(index, content, hits)
