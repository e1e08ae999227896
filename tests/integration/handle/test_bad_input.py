"""Bad input gets a clear error, and nothing is written or lost."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from lightrag_integrations import (
    Chunk,
    ChunkGraph,
    ConfigurationError,
    Document,
    IngestOptions,
    InputError,
    LexicalReranker,
    LightRAGError,
    LightRAGIndex,
    ModelError,
    Observer,
    SchemaError,
)

GOOD = Document(id="good", text="Ada Lovelace lived in London.")


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        (Document(id="bad"), "bad"),
        (Document(id="bad", text=" \n\t "), "bad"),
        (Document(id="good", text="The same id again."), "good"),
        (Document(id="bad", text="a\x00b"), "NUL"),
        (Document(id="bad", text="a\ud800b"), "surrogate"),
        (Document(id="b\x00d", text="fine"), "NUL"),
        (Document(id="bad", text="fine", metadata={"when": object()}), "metadata"),
        (Document(id="bad", text="fine", metadata={"x": math.nan}), "metadata"),
        (Document(id="bad", text="fine", metadata={"x": {1: 2}}), "metadata"),
        (Document(id="bad", text="fine", metadata={"x": "a\x00b"}), "NUL"),
        (Document(id="bad", chunks=()), "bad"),
        (
            Document(
                id="bad",
                chunks=(Chunk(id="c", document_id="bad", text="x"), Chunk(id="c", document_id="bad", text="y")),
            ),
            "c",
        ),
        (b"bytes", "bytes"),
        (5, "int"),
        (None, "None"),
    ],
)
def test_one_bad_document_refuses_the_call(make_index, bad: Any, named: str) -> None:
    index = make_index()
    with pytest.raises(InputError, match=named):
        index.ingest([GOOD, bad])
    assert index.documents.list() == []
    assert index.retrieve("London").hits == ()


def test_every_bad_document_is_named(make_index) -> None:
    with pytest.raises(InputError) as caught:
        make_index().ingest([Document(id="one", text=""), GOOD, Document(id="two", text="\x00")])
    assert len(caught.value.problems) == 2
    assert "one" in caught.value.problems[0]
    assert "two" in caught.value.problems[1]


def test_bad_documents_can_be_left_out(make_index) -> None:
    index = make_index()
    report = index.ingest([GOOD, Document(id="empty", text="")], on_invalid="skip")
    assert (report.documents, report.failed) == (1, 1)
    assert "empty" in report.errors
    assert [status.id for status in index.documents.list()] == ["good"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"mode": "magic"}, "mix"),
        ({"k": 0}, "'k'"),
        ({"k": -3}, "'k'"),
        ({"k": 2**70}, "'k'"),
        ({"filter": {"year": {"$near": 5}}}, r"\$near"),
        ({"filter": {"$xor": []}}, r"\$xor"),
        ({"filter": {"year": {"$in": 5}}}, r"\$in"),
        ({"filter": "year"}, "filter"),
        ({"kk": 3}, "kk"),
    ],
)
def test_bad_questions(make_index, fields: dict[str, Any], named: str) -> None:
    index = make_index()
    index.ingest(GOOD)
    with pytest.raises(InputError, match=named):
        index.retrieve("London", **fields)


@pytest.mark.parametrize("question", ["", "  \n"])
def test_an_empty_question(make_index, question: str) -> None:
    with pytest.raises(InputError, match="query"):
        make_index().retrieve(question)


@pytest.mark.parametrize("question", ["a\x00b London", "\ud800 London", "'; drop table chunk; --", "%_\\", "🦄" * 500])
def test_odd_questions_are_only_words(make_index, question: str) -> None:
    index = make_index()
    index.ingest(GOOD)
    for mode in ("keyword", "vector", "local", "global", "hybrid", "graph", "mix"):
        assert len(index.retrieve(question, mode=mode).hits) <= 1
    assert index.verify() == []


def test_a_filter_on_a_missing_key_hides_everything(make_index) -> None:
    index = make_index()
    index.ingest(GOOD)
    for mode in ("keyword", "vector", "local", "global", "hybrid", "graph", "mix"):
        assert index.retrieve("London", mode=mode, filter={"nothing": 1}).hits == ()


def test_a_document_of_ten_megabytes(make_index) -> None:
    index = make_index()
    plain = "it was a quiet year, and nothing was written down about it but the weather and the price of bread. " * 30
    text = "".join(f"The Meridian Canal joins Harbour {number} with Dock {number}. {plain}" for number in range(3_400))
    assert len(text) > 10_000_000
    report = index.ingest(Document(id="long", text=text))
    assert (report.documents, report.failed) == (1, 0)
    assert index.retrieve("Harbour 613", mode="keyword", k=1).hits


def test_ten_thousand_tiny_documents(make_index) -> None:
    index = make_index()
    report = index.ingest([Document(id=str(n), text=f"Lamp {n} stands in Street {n % 100}.") for n in range(10_000)])
    assert (report.documents, report.chunks, report.failed) == (10_000, 10_000, 0)
    assert index.retrieve("Lamp 4711", mode="keyword", k=1).hits[0].document_id == "4711"
    assert len(index.retrieve("Street 7", k=25).hits) == 25


class Embedding:
    """An embedder that misbehaves on demand."""

    def __init__(self, dimension: int = 4, fault: str = "") -> None:
        self.fingerprint = f"faulty-{dimension}"
        self.dimension, self.fault = dimension, fault

    async def embed(self, texts: Sequence[str], *, kind: str) -> list[list[float]]:
        vectors = [[float(len(text) % 7 + place) for place in range(self.dimension)] for text in texts]
        if self.fault == "nan":
            vectors[0][0] = math.nan
        return vectors[1:] if self.fault == "count" else vectors


@pytest.mark.parametrize("fault", ["nan", "count"])
def test_faulty_embeddings_fail_the_document_with_a_reason(make_index, fault: str) -> None:
    index = make_index(embed_model=Embedding(fault=fault))
    report = index.ingest(GOOD)
    assert (report.documents, report.failed) == (0, 1)
    assert index.documents.get("good").status == "failed"
    assert index.documents.get("good").error
    index.close()
    mended = make_index(index.name, embed_model=Embedding())
    assert mended.documents.retry().documents == 1
    assert mended.verify() == []


@pytest.mark.parametrize("fault", ["nan", "count"])
def test_faulty_query_embeddings(make_index, fault: str) -> None:
    index = make_index(embed_model=Embedding())
    index.ingest(GOOD)
    broken = make_index(index.name, embed_model=Embedding(fault=fault))
    with pytest.raises(ModelError):
        broken.retrieve("London", mode="vector")


def test_a_lone_text_is_embedded_as_one(make_index) -> None:
    index = make_index()
    assert index.embed("hello") == index.embed(["hello"])
    assert index.embed([]) == []
    for bad in (5, None, ["fine", 5], [b"bytes"]):
        with pytest.raises(InputError, match="texts"):
            index.embed(bad)


def test_another_dimension_at_a_second_opening(make_index) -> None:
    index = make_index(embed_model=Embedding(4))
    index.ingest(GOOD)
    index.close()
    other = make_index(index.name, embed_model=Embedding(5))
    with pytest.raises(SchemaError, match=r"4.*5|5.*4"):
        other.ingest(Document(id="more", text="More text."))
    with pytest.raises(LightRAGError, match=r"4.*5|5.*4"):
        other.retrieve("London", mode="vector")
    assert make_index(index.name, embed_model=Embedding(4)).retrieve("London", mode="vector").hits


def test_a_file_in_place_of_the_directory(tmp_path) -> None:
    (tmp_path / "file").write_text("not a directory")
    index = LightRAGIndex("x", database=tmp_path / "file")
    with pytest.raises(LightRAGError, match="file"):
        index.status()
    index.close()


def test_arguments_of_another_kind(make_index) -> None:
    index = make_index()
    index.ingest([GOOD])
    hits = index.retrieve("London").hits
    other: Any = {"k": 3}
    wrong: list[tuple[Callable[[], object], str]] = [
        (lambda: index.retrieve("x", options=other), "options: got dict; expected a QueryOptions"),
        (lambda: index.retrieve("x", options=IngestOptions()), "got IngestOptions; expected a QueryOptions"),
        (lambda: index.ingest("x", options=other), "options: got dict; expected an IngestOptions"),
        (lambda: index.answer("x", options=other), "options: got dict; expected an AnswerOptions"),
        (lambda: index.ingest("x", observer=3), "observer: got int; expected an Observer"),
        (lambda: index.context("x"), "result: got 'x'; expected a RetrievalResult"),
        (lambda: index.rerank("x", [*hits, 3]), "hits: got int; expected a Hit"),
        (lambda: index.graph.contribute([1]), "graphs: got list; expected a ChunkGraph by the id"),
        (lambda: index.graph.contribute({"c": {}}), "graph of chunk 'c': got dict; expected a ChunkGraph"),
        (lambda: index.graph.contribute({1: ChunkGraph()}), "graphs: got int; expected a str: the ids"),
        (lambda: index.ingest(Path("notes")), "got pathlib.*; files are read by `lightrag ingest`"),
    ]
    for call, named in wrong:
        with pytest.raises(InputError, match=named):
            call()
    assert [one.id for one in index.documents.list()] == ["good"]


def test_a_class_in_place_of_an_object() -> None:
    for made in ({"reranker": LexicalReranker}, {"extractor": LexicalReranker}, {"observer": Observer}):
        with pytest.raises(ConfigurationError, match=r": got the class \w+; expected"):
            LightRAGIndex("classes", **made)


def test_nothing_that_matches_scores_nothing(make_index) -> None:
    index = make_index()
    index.ingest([GOOD, Document(id="other", text="Bob Smith sells fish in Hull.")])
    for mode in ("vector", "local", "global", "hybrid", "graph", "mix"):
        hits = index.retrieve("zebra quantum pancake", mode=mode, k=2).hits
        assert len(hits) == 2 and all(hit.score <= 0 for hit in hits), mode
    assert index.retrieve("zebra quantum pancake", mode="keyword").hits == ()
    assert index.retrieve("Hull", k=2).hits[0].score > 0


def test_bad_ids_names_and_limits(make_index) -> None:
    index = make_index()
    index.ingest(GOOD)
    calls: list[tuple[Any, str]] = [
        (lambda: index.documents.list(limit=-1), "limit"),
        (lambda: index.documents.list(limit=2**70), "limit"),
        (lambda: index.documents.list(limit="x"), "limit"),
        (lambda: index.documents.text(5), "ids"),
        (lambda: index.documents.text("a\x00"), "ids"),
        (lambda: index.documents.get(None), "ids"),
        (lambda: index.documents.delete(None), "ids"),
        (lambda: index.documents.delete("\ud800"), "ids"),
        (lambda: index.documents.delete_chunks([b"x"]), "ids"),
        (lambda: index.documents.retry([3]), "ids"),
        (lambda: index.graph.entity(123), "names"),
        (lambda: index.graph.relation("Ada Lovelace", None), "names"),
        (lambda: index.graph.subgraph(7), "names"),
        (lambda: index.graph.subgraph(["London"], hops="1"), "hops"),
        (lambda: index.graph.neighbours("London", limit=2**40), "limit"),
        (lambda: index.graph.neighbours("London", limit=1.5), "limit"),
    ]
    for call, named in calls:
        with pytest.raises(InputError, match=named):
            call()
    assert len(index.retrieve("London", k=2**31 - 1).hits) == len(index.documents.list(limit=2**31 - 1)) == 1
    assert index.documents.list(limit=0) == []
