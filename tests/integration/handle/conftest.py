"""Small documents, and handles that are dropped and closed after the test."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lightrag_integrations import Document, LightRAGIndex
from tests.doubles.fixtures import openai_server as openai_server

MakeIndex = Callable[..., LightRAGIndex]


@pytest.fixture
def make_index(dsn: str) -> Iterator[MakeIndex]:
    made: list[LightRAGIndex] = []

    def make(name: str | None = None, **settings: Any) -> LightRAGIndex:
        settings.setdefault("database", dsn)
        index = LightRAGIndex(name or f"handle-{uuid.uuid4().hex[:12]}", **settings)
        made.append(index)
        return index

    yield make
    for name, database in {(index.name, index._settings.database) for index in made}:
        with LightRAGIndex(name, database=database) as last:
            last.drop()
    for index in made:
        index.close()


@pytest.fixture
def documents() -> list[Document]:
    return [
        Document(id="lovelace", title="Ada Lovelace", text="Ada Lovelace wrote about the Analytical Engine in London."),
        Document(id="babbage", title="Charles Babbage", text="Charles Babbage designed the Analytical Engine."),
        Document(id="engine", title="Analytical Engine", text="The Analytical Engine was never finished in London."),
    ]
