"""A handle at an endpoint of which a fifth of all answers is at fault: all ends well, and nothing good is paid twice.

Each call is tried once, so that documents do fail; `retry` under the same fault has to bring the index to what it is
without faults. Drawn so that no chunk's answer is spoiled three times in a row: what can be saved of it would stand.
"""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from lightrag_integrations import Document, LightRAGIndex, OpenAIChatModel, OpenAIEmbedder
from lightrag_integrations.options import IndexOptions, IngestOptions
from tests.doubles.fixtures import openai_server as openai_server
from tests.doubles.openai_server import OpenAIServer
from tests.integration.models.conftest import counted, ledger

RATE = 0.2
CHUNKS = 4
FAULTS: dict[str, dict[str, Any]] = {
    "429": {"trouble": "status", "status": 429, "retry_after": 0.05},
    "500": {"trouble": "status", "status": 500},
    "time-out": {"trouble": "slow", "seconds": 30.0},
    "reset": {"trouble": "reset"},
    "malformed": {"trouble": "malformed"},
    "truncated": {"trouble": "truncated"},
    "schema ignored": {"trouble": "prose"},
    "another schema": {"trouble": "other_shape"},
    "empty": {"trouble": "empty"},
    "refused": {"trouble": "refusal"},
}
ALL = {"mixed": RATE / len(FAULTS)} | dict.fromkeys(FAULTS, RATE)


def library() -> list[Document]:
    people = ["Ada Lovelace", "Charles Babbage", "Mary Somerville", "Grace Hopper", "Alan Turing", "Emmy Noether"]
    places = ["London", "Turin", "Göttingen", "Edinburgh", "Arlington"]

    def part(number: int) -> str:
        one, other = people[number % 6], people[(number * 5 + 1) % 6]
        return f"# Part {number}\n\n" + " ".join(
            f"{one} met {other} in {places[(number + step) % 5]} about Machine {number}{step}." for step in range(6)
        )

    return [
        Document(id=f"d{place:02}", title=f"Report {place}",
                 text="\n\n".join(part(CHUNKS * place + number) for number in range(CHUNKS)))
        for place in range(12)
    ]  # fmt: skip


def handle(dsn: str, server: OpenAIServer, **ingest: Any) -> LightRAGIndex:
    at: dict[str, Any] = {"base_url": server.base_url, "api_key": "k"}
    options = IndexOptions(ingest=IngestOptions(chunk_tokens=128, attempts=1, **ingest))
    return LightRAGIndex(
        f"faults-{uuid.uuid4().hex[:12]}", database=dsn, options=options, max_concurrency=8,
        llm=OpenAIChatModel("double", **at), embed_model=OpenAIEmbedder("double", **at),
    )  # fmt: skip


@pytest.fixture(scope="module")
def clean(dsn: str) -> str:
    """The dump of a build without faults."""
    with OpenAIServer() as server, handle(dsn, server) as index:
        assert index.ingest(library()).chunks == CHUNKS * len(library())
        try:
            return index.dump()
        finally:
            index.drop()


@pytest.fixture
def faulty(dsn: str, openai_server: OpenAIServer, request: pytest.FixtureRequest) -> Iterator[LightRAGIndex]:
    """A handle at an endpoint with the fault of that name."""
    for fault in FAULTS.values() if request.param == "mixed" else [FAULTS[request.param]]:
        answers = fault["trouble"] not in ("status", "slow", "reset")
        openai_server.fault(rate=ALL[request.param], kind="extract" if answers else "", **fault)
    late = request.param in ("time-out", "mixed")
    with handle(dsn, openai_server, call_timeout_s=3.0 if late else 60.0) as index:
        yield index
        index.drop()


@pytest.mark.parametrize("faulty", ALL, indirect=True)
def test_all_is_well_in_the_end_and_every_call_is_in_the_ledger(
    faulty: LightRAGIndex, openai_server: OpenAIServer, clean: str
) -> None:
    documents = library()
    report = faulty.ingest(documents)
    rounds = 0
    assert report.documents + report.failed == len(documents)
    while report.failed:
        rounds += 1
        statuses = faulty.documents.list()
        assert {one.status for one in statuses} <= {"processed", "failed"}
        assert {one.id: one.error for one in statuses if one.status == "failed"} == report.errors
        assert all(report.errors.values())
        assert rounds < 40
        report = faulty.documents.retry()
    assert {one.status for one in faulty.documents.list()} == {"processed"}
    assert faulty.dump() == clean
    assert set(openai_server.whole.values()) == {1}
    assert ledger(faulty) == counted(openai_server)
