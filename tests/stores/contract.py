"""What every store that follows an index must do, whatever its engine: the same steps for all of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from lightrag_integrations import Document, HashEmbedder, LightRAGIndex, Stores

ARTICLES = (
    ("mira", "Mira Halden", 1931, "Mira Halden designed the Corvane Bridge. She studied at the Tarn Institute."),
    ("corvane", "Corvane Bridge", 1934, "The Corvane Bridge crosses the River Ossel near Port Lorne."),
    ("lorne", "Port Lorne", 1802, "Port Lorne is a harbour town. The Lantern Fair is held in Port Lorne each May."),
    ("tarn", "Tarn Institute", 1899, "The Tarn Institute was founded by Edda Quill in the city of Brenn."),
    ("edda", 'Edda "Valve" Quill', 1861, "Edda Quill was an engineer. She invented the Quill Valve for steam ships."),
    ("fair", "Lantern Fair", 1840, "The Lantern Fair ends with boats of light on the River Ossel."),
)
DIMENSION = 256
QUESTION = "Which bridge crosses the River Ossel near the harbour?"


class Meaning(HashEmbedder):
    """Taken to know more than words, so that `mix` asks for the nearest chunks."""

    lexical = False


def article(id_: str, text: str | None = None) -> Document:
    _, title, year, told = next(one for one in ARTICLES if one[0] == id_)
    return Document(
        id=id_, title=title, text=text or told, metadata={"year": year, "tags": ["a", title], "more": {"deep": year}}
    )


def articles() -> list[Document]:
    return [article(one[0]) for one in ARTICLES]


class Hands:
    """Handles on one index, some of them with the stores, some without."""

    def __init__(self, database: Any) -> None:
        self.name = f"stores-{uuid.uuid4().hex[:12]}"
        self._database = database
        self._made: list[LightRAGIndex] = []

    def with_stores(self, **stores: Any) -> LightRAGIndex:
        return self._kept(LightRAGIndex(self.name, database=self._database, embed_model=Meaning(DIMENSION),
                                        stores=Stores(**stores)))  # fmt: skip

    def bare(self) -> LightRAGIndex:
        return self._kept(LightRAGIndex(self.name, database=self._database, embed_model=Meaning(DIMENSION)))

    def _kept(self, index: LightRAGIndex) -> LightRAGIndex:
        self._made.append(index)
        return index

    def close(self) -> None:
        with LightRAGIndex(self.name, database=self._database) as last:
            last.drop()
        for index in self._made:
            index.close()


@contextmanager
def hands_on(database: Any) -> Iterator[Hands]:
    """Handles that are closed, and their index dropped, at the end.

    Args:
        database: As `LightRAGIndex(database=…)` takes it.
    """
    hands = Hands(database)
    try:
        yield hands
    finally:
        hands.close()


def check_vectors(hands: Hands, make: Callable[[], Any]) -> None:
    """Chunks with their vectors: searched there, never out of date, never anything that is not visible."""
    index, bare = hands.with_stores(vectors=make()), hands.bare()
    report = index.ingest(articles())
    assert report.mirrors is not None
    report.mirrors.raise_if_failed()
    assert report.mirrors.put == {"vectors": len(ARTICLES)}
    assert index.mirror.verify() == []
    check_searches(index, bare)

    again = index.mirror.sync()
    assert (again.put, again.unchanged) == ({"vectors": 0}, {"vectors": len(ARTICLES)})

    index.ingest([article("fair", "The Lantern Fair moved to Brenn, where glass boats carry the light.")])
    index.documents.delete(["corvane"])
    assert index.mirror.verify() == []
    check_searches(index, bare)

    bare.documents.delete(["lorne"])
    bare.ingest([article("corvane")])
    assert len(index.mirror.verify()) == 2, "one is missing, one is extra"
    found = {hit.document_id for hit in index.retrieve(QUESTION, mode="vector", k=4).hits}
    assert found == {"mira", "tarn", "edda", "fair"}, "what the store has and PostgreSQL shows"
    mended = index.mirror.sync()
    assert (mended.put, mended.removed, mended.failed) == ({"vectors": 1}, {"vectors": 1}, {})
    assert index.mirror.verify() == []
    check_searches(index, bare)

    anew = index.mirror.sync(anew=True)
    assert anew.put == {"vectors": 5} and index.mirror.verify() == []
    index.documents.delete([one[0] for one in ARTICLES])
    assert index.mirror.verify() == [] and index.retrieve(QUESTION, mode="vector").hits == ()


def check_searches(index: LightRAGIndex, bare: LightRAGIndex) -> None:
    """Searches give what PostgreSQL alone gives."""
    for fields in ({"mode": "vector"}, {"mode": "mix"}, {"mode": "naive", "filter": {"year": {"$lt": 1900}}}):
        ours = index.retrieve(QUESTION, k=3, **fields)
        theirs = bare.retrieve(QUESTION, k=3, **fields)
        assert [(hit.chunk_id, round(hit.score, 6)) for hit in ours.hits] == [
            (hit.chunk_id, round(hit.score, 6)) for hit in theirs.hits
        ], fields


def check_documents(hands: Hands, make: Callable[[], Any]) -> None:
    """Documents as they came, taken back when they go."""
    index, bare = hands.with_stores(documents=make()), hands.bare()
    report = index.ingest(articles())
    assert report.mirrors is not None
    report.mirrors.raise_if_failed()
    assert report.mirrors.put == {"documents": len(ARTICLES)}
    assert index.mirror.verify() == []
    bare.documents.delete(["lorne"])
    bare.ingest([article("fair", "The Lantern Fair moved to Brenn.")])
    assert [line.split(";")[0] for line in index.mirror.verify()] == [
        "documents: 1 document stale: 'fair'", "documents: 1 document extra: 'lorne'",
    ]  # fmt: skip
    mended = index.mirror.sync()
    assert (mended.put, mended.removed, mended.failed) == ({"documents": 1}, {"documents": 1}, {})
    assert index.mirror.verify() == []
    assert index.mirror.sync(anew=True).put == {"documents": 5}
    assert index.mirror.verify() == []
    index.documents.delete([one[0] for one in ARTICLES])
    assert index.mirror.verify() == []


def check_graph(hands: Hands, make: Callable[[], Any]) -> None:
    """Entities, relations and chunks; what is not told any more is gone, what is edited is shown as edited."""
    index, bare = hands.with_stores(graph=make()), hands.bare()
    report = index.ingest(articles())
    assert report.mirrors is not None
    report.mirrors.raise_if_failed()
    whole = report.mirrors.put["graph"]
    assert whole > len(ARTICLES) and index.mirror.verify() == []
    assert index.mirror.sync().put == {"graph": 0}

    steps: Sequence[Callable[[], Any]] = (
        lambda: bare.documents.delete(["lorne"]),
        lambda: bare.ingest([article("mira", "Mira Halden studied in Brenn. She admired the Corvane Bridge.")]),
        lambda: bare.graph.merge(["Quill Valve"], into="Corvane Bridge"),
        lambda: bare.ingest([article("lorne")]),
        lambda: bare.graph.override("Brenn", description="A city of glass."),
    )
    for step in steps:
        step()
        assert index.mirror.verify(), "what another handle does is told before it is mended"
        mended = index.mirror.sync()
        assert mended.failed == {} and mended.put["graph"] < whole
        assert index.mirror.verify() == []
    anew = index.mirror.sync(anew=True)
    assert anew.failed == {} and index.mirror.verify() == []
    index.documents.delete([one[0] for one in ARTICLES])
    assert index.mirror.verify() == []
