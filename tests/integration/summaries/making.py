"""Handles whose chat model is the double, and documents that describe one entity in a word each."""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lightrag_integrations import (
    Chunk,
    ChunkEntity,
    ChunkGraph,
    ChunkRelation,
    Document,
    EntityView,
    IndexOptions,
    IngestOptions,
    LightRAGIndex,
    OpenAIChatModel,
    SummaryOptions,
)
from tests.doubles.answers import SUMMARY
from tests.doubles.openai_server import OpenAIServer

__all__ = ["HUB", "MakeIndex", "described", "making", "words_of"]

HUB = "Hub"
LIMIT = 4
MakeIndex = Callable[..., LightRAGIndex]


@contextmanager
def making(dsn: str, server: OpenAIServer) -> Iterator[MakeIndex]:
    """Makes handles, of which each has an index of its own unless named; drops them all at the end."""
    made: list[LightRAGIndex] = []

    def make(
        name: str = "", *, ingest: IngestOptions | None = None, concurrency: int = 4, **summaries: Any
    ) -> LightRAGIndex:
        options = SummaryOptions(**{"automatic": True, "descriptions": LIMIT, **summaries})
        made.append(
            LightRAGIndex(
                name or f"summaries-{uuid.uuid4().hex[:12]}", database=dsn, max_concurrency=concurrency,
                llm=OpenAIChatModel("double", base_url=server.base_url, api_key="k"),
                options=IndexOptions(ingest=ingest or IngestOptions(attempts=1), summaries=options),
            )
        )  # fmt: skip
        return made[-1]

    yield make
    for index in {index.name: index for index in made}.values():
        index.drop()
    for index in made:
        index.close()


def described(name: str, *words: str, entity: str = HUB, **metadata: Any) -> Document:
    """A document with a chunk for each word, which says that word of the entity."""
    chunks = tuple(
        Chunk(
            id=f"{name}/{place}", document_id=name, text=f"{entity} is {word}.", position=place,
            graph=ChunkGraph(
                entities=[ChunkEntity(name=entity, description=f"{word} is told."), ChunkEntity(name="Other")],
                relations=[ChunkRelation(source=entity, target="Other", description=f"{entity} and Other.")],
            ),
        )
        for place, word in enumerate(words)
    )  # fmt: skip
    return Document(id=name, chunks=chunks, metadata=metadata)


def words_of(view: EntityView | None) -> tuple[bool, list[str]]:
    """Whether what is said of an entity is a summary, and the words it holds."""
    if view is None:
        return False, []
    assert view.summarised == (SUMMARY in view.description)
    return view.summarised, sorted(re.findall(r"(\w+) is told\.", view.description))
