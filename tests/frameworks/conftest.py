"""A small connected collection, and handles that are dropped and closed after the test."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lightrag_integrations import Document, LightRAGIndex

MakeIndex = Callable[..., LightRAGIndex]

ARTICLES = (
    ("mira", "Mira Halden", 1931, "Mira Halden designed the Corvane Bridge. She studied at the Tarn Institute."),
    ("corvane", "Corvane Bridge", 1934, "The Corvane Bridge crosses the River Ossel near Port Lorne."),
    ("lorne", "Port Lorne", 1802, "Port Lorne is a harbour town. The Lantern Fair is held in Port Lorne each May."),
    ("tarn", "Tarn Institute", 1899, "The Tarn Institute was founded by Edda Quill in the city of Brenn."),
    ("edda", "Edda Quill", 1861, "Edda Quill was an engineer. She invented the Quill Valve for steam ships."),
    ("fair", "Lantern Fair", 1840, "The Lantern Fair ends with boats of light on the River Ossel."),
    ("brenn", "Brenn", 1710, "Brenn is a city of glass makers. Its trams were planned by Otto Varga."),
    ("otto", "Otto Varga", 1902, "Otto Varga wrote a book about the Quill Valve and taught at the Tarn Institute."),
)
QUESTION = "Who founded the institute where the designer of the Corvane Bridge studied?"


@pytest.fixture
def make_index(dsn: str) -> Iterator[MakeIndex]:
    made: list[LightRAGIndex] = []

    def make(name: str | None = None, **settings: Any) -> LightRAGIndex:
        settings.setdefault("database", dsn)
        made.append(LightRAGIndex(name or f"frameworks-{uuid.uuid4().hex[:12]}", **settings))
        return made[-1]

    yield make
    for name, database in {(index.name, index._settings.database) for index in made}:
        with LightRAGIndex(name, database=database) as last:
            last.drop()
    for index in made:
        index.close()


@pytest.fixture
def index(make_index: MakeIndex) -> LightRAGIndex:
    """An empty index of the lexical tier."""
    return make_index()


def collection() -> list[Document]:
    """The articles."""
    return [
        Document(
            id=id_,
            title=title,
            text=text,
            source=f"{id_}.txt",
            metadata={"title": title, "source": f"{id_}.txt", "year": year, "even": year % 2 == 0},
        )
        for id_, title, year, text in ARTICLES
    ]


@pytest.fixture
def articles() -> list[Document]:
    return collection()


@pytest.fixture
def question() -> str:
    return QUESTION


@pytest.fixture
def library(index: LightRAGIndex, articles: list[Document]) -> LightRAGIndex:
    """The collection in an index of the lexical tier."""
    index.ingest(articles)
    return index
