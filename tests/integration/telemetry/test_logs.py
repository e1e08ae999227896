"""The log as a JSON formatter sees it: stable fields, no text, no secrets; silent unless asked."""

import asyncio
import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lightrag_integrations import Document, IndexOptions, IngestOptions, LightRAGIndex, ModelError, OpenAIChatModel
from lightrag_integrations.watch import Watch
from tests.doubles.openai_server import OpenAIServer
from tests.faults.processes import children_of, kill, programs_of

MakeIndex = Callable[..., LightRAGIndex]
FIELDS = ("index", "action", "document_id", "count", "duration_ms", "mode", "error_type", "chunks", "failed")
SECRETS = ("Zanzibar", "Larvik", "sk-hidden", "engineering")
TEXT = "The Zanzibar was built in Larvik."


class Lines(logging.Handler):
    """What a JSON formatter would write."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.written: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        fields = {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        told = {"logger": record.name, "level": record.levelname, "message": record.getMessage(), **fields}
        self.written.append(json.dumps(told))

    def of(self, action: str) -> list[dict[str, Any]]:
        return [told for told in map(json.loads, self.written) if told.get("action") == action]


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines()
    logger = logging.getLogger("lightrag_integrations")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def cut_off(dsn: str) -> int:
    """End every connection of our pools, as a server that crashed does."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        query = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE application_name = 'lightrag' AND pid <> pg_backend_pid()"
        )
        row = connection.execute(query).fetchone()
        return 0 if row is None else int(row[0])


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lrl", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "db"


def test_an_ingestion_a_query_and_two_faults(home: Path, openai_server: OpenAIServer, lines: Lines) -> None:
    model = OpenAIChatModel("m", base_url=openai_server.base_url, api_key="sk-hidden")
    options = IndexOptions(ingest=IngestOptions(attempts=2))
    with LightRAGIndex("logged", database=home, llm=model, options=options) as index:
        work(index, openai_server, home)
    first, second = lines.of("ingest")
    assert (first["count"], first["chunks"], first["failed"], first["level"]) == (2, 2, 0, "INFO")
    assert (second["count"], second["failed"]) == (0, 1)
    assert [(told["document_id"], told["error_type"], told["level"]) for told in lines.of("failed")] == [
        ("d3", "ModelError", "WARNING")
    ]
    asked = [(told["mode"], told["count"]) for told in lines.of("retrieve")]
    assert asked == [("keyword", 1), ("mix", 1), ("mix", 2), ("keyword", 1)]
    assert [told.get("error_type") for told in lines.of("answer")] == [None, "ModelError"]
    timed = lines.of("retrieve") + lines.of("answer") + lines.of("ingest")
    assert all(told["duration_ms"] > 0 for told in timed)
    assert {told["index"] for told in timed + lines.of("stored") + lines.of("lost")} == {"logged"}
    warnings = [told["action"] for told in map(json.loads, lines.written) if told["level"] == "WARNING"]
    assert warnings == ["failed", "lost", "returned"]
    assert not [line for line in lines.written if any(secret in line for secret in SECRETS)]


def work(index: LightRAGIndex, openai_server: OpenAIServer, home: Path) -> None:
    index.ingest([Document(id="d1", text=TEXT), Document(id="d2", text="Nothing here.")])
    index.retrieve("Who built the Zanzibar?", mode="keyword", k=1)
    index.answer("What is engineering in Larvik?", k=1)
    openai_server.fault("status", status=503, retry_after=0, path="chat")
    index.ingest(Document(id="d3", text=TEXT + " Again."))
    with pytest.raises(ModelError):
        index.answer("Who built the Zanzibar?")
    (server,) = programs_of(home)
    kill([server, *children_of(server)])  # alone, it would leave the connection's own process to answer
    assert index.retrieve("Who built the Zanzibar?", mode="keyword").hits


def test_nothing_is_printed_by_default(dsn: str) -> None:
    code = (
        "import sys; from lightrag_integrations import *; from tests.integration.telemetry.test_logs import cut_off\n"
        "class Bad(Observer):\n"
        "    def on_event(self, event): raise ValueError('no')\n"
        "with LightRAGIndex('quiet', database=sys.argv[1], observer=Bad()) as index:\n"
        "    index.ingest('The Fram.'); assert cut_off(sys.argv[1]); assert index.retrieve('Fram').hits; index.drop()\n"
    )
    done = subprocess.run([sys.executable, "-c", code, dsn], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_what_was_broken_off_does_not_look_done(lines: Lines) -> None:
    for ending, told in ((asyncio.CancelledError, "CancelledError"), (GeneratorExit, None)):
        with pytest.raises(ending), Watch("logged").ingest():
            raise ending
        assert lines.of("ingest")[-1].get("error_type") == told
    assert "failed: CancelledError" in lines.of("ingest")[0]["message"]
