"""Chunks added to documents of which something failed, and documents of which only title or text changes."""

import uuid
from collections.abc import Iterator

import pytest

from lightrag_integrations import Chunk, Document, ExtractedEntity, Extraction, LightRAGIndex
from lightrag_integrations.errors import ModelError

UPSERT = "upsert_chunks"


class Failing:
    """Fails where it is told to."""

    fingerprint = "failing/1"

    def __init__(self) -> None:
        self.fails = False
        self.calls = 0

    async def extract(self, chunk: Chunk) -> Extraction:
        self.calls += 1
        if self.fails and "broken" in chunk.text:
            raise ModelError("broken on order")
        return Extraction(entities=[ExtractedEntity(name="Ada")])


@pytest.fixture
def failing() -> Failing:
    return Failing()


@pytest.fixture
def index(dsn: str, failing: Failing) -> Iterator[LightRAGIndex]:
    with LightRAGIndex(f"upserts-{uuid.uuid4().hex[:12]}", database=dsn, extractor=failing) as made:
        yield made
        made.drop()


def with_chunk(**fields: str) -> Document:
    return Document(id="d", chunks=(Chunk(id="d/0", document_id="d", text="Ada", title="Chunk", position=9),), **fields)


def test_a_stored_chunk_joins_the_failed_document_that_takes_its_place(index: LightRAGIndex, failing: Failing) -> None:
    index.ingest(with_chunk(), on_existing=UPSERT)
    failing.fails = True
    assert index.ingest(Document(id="d", text="A broken text.")).failed == 1
    failing.fails = False
    assert index.ingest(with_chunk(), on_existing=UPSERT).documents == 1
    assert [hit.chunk_id for hit in index.documents.chunks()] == ["d#0", "d/0"]


def test_a_stored_chunk_given_again_replaces_the_failed_one(index: LightRAGIndex, failing: Failing) -> None:
    index.ingest(with_chunk(), on_existing=UPSERT)
    failing.fails = True
    broken = Document(id="d", chunks=(Chunk(id="d/0", document_id="d", text="broken"),))
    assert index.ingest(broken, on_existing=UPSERT).failed == 1
    assert index.ingest(with_chunk(), on_existing=UPSERT).documents == 1
    failing.fails = False
    assert index.documents.retry().documents == 0
    assert [hit.text for hit in index.documents.chunks()] == ["Ada"]


def test_a_place_changes_without_any_call(index: LightRAGIndex, failing: Failing) -> None:
    def given(**place: int) -> Document:
        return Document(id="d", chunks=(Chunk(id="d/0", document_id="d", text="Ada", **place),))

    index.ingest(given(position=3, start=10, end=13), on_existing=UPSERT)
    for place in ({"position": 4, "start": 10, "end": 13}, {"position": 4, "start": 20, "end": 23}):
        report = index.ingest(given(**place), on_existing=UPSERT)
        assert (report.documents, report.model_calls, report.cached) == (1, 0, 1)
        (hit,) = index.documents.chunks()
        assert {"position": hit.position, "start": hit.start, "end": hit.end} == place
    # Said again, or left out: as it is.
    for same in ({"position": 4, "start": 20, "end": 23}, {"position": 4}, {}):
        assert index.ingest(given(**same), on_existing=UPSERT).unchanged == 1
    assert failing.calls == 1
    assert index.verify() == []


def test_title_and_text_change_without_any_chunk(index: LightRAGIndex) -> None:
    index.ingest(with_chunk(title="Old", text="Ada."), on_existing=UPSERT)
    assert index.ingest(with_chunk(title="New", text="Ada."), on_existing=UPSERT).documents == 1
    assert index.ingest(with_chunk(title="New", text="Ada!"), on_existing=UPSERT).documents == 1
    for same in (with_chunk(title="New", text="Ada!"), with_chunk(title="New")):
        report = index.ingest(same, on_existing=UPSERT)
        assert (report.documents, report.unchanged) == (0, 1)
    state = index.documents.get("d")
    assert state is not None
    assert (state.title, index.documents.text("d")) == ("New", "Ada!")
    assert index.verify() == []
