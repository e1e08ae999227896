"""Vectors that callers give and the dimension of the model: refused before anything is kept, never half."""

from collections.abc import Sequence

import pytest

from lightrag_integrations.contributions import PendingDocument
from lightrag_integrations.errors import InputError, ModelError
from lightrag_integrations.ingest.manner import manner_of
from lightrag_integrations.ingest.pipeline import run_ingest
from lightrag_integrations.models import Chunk, Document
from lightrag_integrations.options import IngestOptions
from tests.unit.ingest.memory import MemoryStore
from tests.unit.ingest.parts import LengthEmbedder, tools_of

OPTIONS = IngestOptions()
UPSERT = IngestOptions(on_existing="upsert_chunks")


class Silent:
    """Doesn't say how long its vectors are."""

    fingerprint = "silent"

    def __init__(self, *, broken: bool = False) -> None:
        self.texts: list[str] = []
        self.broken = broken

    async def embed(self, texts: Sequence[str], *, kind: str) -> list[list[float]]:
        self.texts += texts
        if self.broken:
            raise ModelError("down", retryable=True)
        return [[1.0, 2.0, 3.0] for _ in texts]


def given(name: str, size: int, text: str = "Ada met Bob") -> Document:
    return Document(id=name, chunks=(Chunk(id=f"{name}-{size}", document_id=name, text=text, embedding=(1.0,) * size),))


async def test_a_first_write_that_contradicts_the_model_is_refused() -> None:
    store, embedder = MemoryStore(), LengthEmbedder(dimension=3)
    with pytest.raises(InputError, match=r"8 values; expected 3, .*'length/3'.*LightRAGIndex\(embed_model="):
        await run_ingest([given("a", 8)], tools_of(store, embedder=embedder), OPTIONS)
    assert (store.embedding, store.pending, store.documents, embedder.texts) == (None, {}, {}, [])
    skipping = IngestOptions(on_invalid="skip")
    report = await run_ingest([given("a", 8), given("b", 3)], tools_of(store, embedder=embedder), skipping)
    assert (report.document_ids, list(report.errors)) == (("b",), ["a"])
    assert store.embedding == ("length/3", 3)


async def test_a_model_of_unknown_dimension_is_asked_where_it_would_be_anyway() -> None:
    store, embedder = MemoryStore(), Silent()
    mixed = [given("a", 8), Document(id="b", text="Cid met Dan")]
    with pytest.raises(InputError, match="8 values; expected 3"):
        await run_ingest(mixed, tools_of(store, embedder=embedder), OPTIONS)
    assert (store.embedding, store.pending, len(embedder.texts)) == (None, {}, 1)
    paid = len(embedder.texts)
    report = await run_ingest([given("a", 8)], tools_of(store, embedder=embedder), IngestOptions(extract=False))
    assert (report.documents, len(embedder.texts)) == (1, paid), "nothing of it needs the model"


async def test_a_model_that_is_down_leaves_nothing_of_another_dimension() -> None:
    store = MemoryStore()
    report = await run_ingest([given("a", 8)], tools_of(store, embedder=Silent(broken=True)), OPTIONS)
    assert "down" in report.errors["a"]
    assert store.embedding is None


async def test_right_vectors_replace_an_attempt_with_wrong_ones() -> None:
    store = MemoryStore()
    await run_ingest([Document(id="x", text="Eve")], tools_of(store), OPTIONS)
    other = Chunk(id="other", document_id="d", text="Cid met Dan", embedding=(1.0,) * 8)
    left = Document(id="d", chunks=(*(given("d", 8).chunks or ()), other))
    pending = PendingDocument(left, "", replace=False, options=manner_of(UPSERT))
    await store.accept([pending], owner="gone", lease_s=0)
    await store.fail({"d": "wrong vectors"}, owner="gone")
    report = await run_ingest([given("d", 3)], tools_of(store), UPSERT)
    assert report.errors == {}
    chunks = {one.chunk.id: one.embedding for one in store.documents["d"].chunks}
    assert chunks.keys() == {"d-3", "other"}, "what has no successor is kept, embedded anew"
    assert {len(vector or ()) for vector in chunks.values()} == {3}
