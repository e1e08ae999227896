"""Eight writers and deleters on one index, in threads and in processes, and readers beside them."""

import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightrag_integrations import LightRAGIndex
from tests.integration.changes.hands import EVERYBODY, final_documents, use_hands, versions_seen
from tests.servers import PostgresServer

ROOT = Path(__file__).parents[3]
HANG_GUARD_S = 200


@pytest.fixture
def index(external_server: PostgresServer) -> Iterator[LightRAGIndex]:
    with LightRAGIndex(f"hands-{uuid.uuid4().hex[:12]}", database=external_server.dsn) as made:
        yield made
        made.drop()


def read_until(done: threading.Event, index: LightRAGIndex) -> int:
    """Look at all chunks again and again: how often; a document not seen whole is an error."""
    looks = 0
    while not done.is_set():
        found: dict[str, list[str]] = {}
        for hit in index.documents.chunks():
            found.setdefault(hit.document_id, []).append(hit.text)
        for name, texts in found.items():
            if name.startswith("own-"):
                ((_, size),) = versions_seen(texts)
                assert len(texts) == size, f"{name} was seen in part"
        hits = index.retrieve("Ada Lovelace", k=5).hits
        assert len(hits) == len({hit.chunk_id for hit in hits})
        looks += 1
    return looks


def test_eight_hands_end_like_one(external_server: PostgresServer, index: LightRAGIndex) -> None:
    program = [sys.executable, "-W", "error", "-m", "tests.integration.changes.hands", external_server.dsn, index.name]
    processes = [
        subprocess.Popen([*program, *map(str, hands)], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for hands in (EVERYBODY[:2], EVERYBODY[2:4])
    ]
    done, looks = threading.Event(), []
    reader = threading.Thread(target=lambda: looks.append(read_until(done, index)))
    reader.start()
    try:
        use_hands(external_server.dsn, index.name, EVERYBODY[4:])
        outcomes = [process.communicate(timeout=HANG_GUARD_S)[1] for process in processes]
    finally:
        done.set()
        reader.join(HANG_GUARD_S)
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], outcomes
    assert looks and looks[0] > 0
    assert {status.status for status in index.documents.list()} == {"processed"}
    assert index.verify() == []
    with LightRAGIndex(f"{index.name} alone", database=external_server.dsn) as alone:
        alone.ingest(final_documents())
        expected = alone.dump()
        alone.drop()
    assert index.dump() == expected
    index.compact()
    assert index.dump() == expected
