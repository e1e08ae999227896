"""A corpus, embedders that write down what they are asked, and the rows as the server has them."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

from lightrag_integrations import (
    Chunk,
    Document,
    ExtractedRelation,
    IndexOptions,
    IngestOptions,
    LexicalExtractor,
    LightRAGIndex,
    RetrievalResult,
)
from tests.doubles.words import vector, words

BATCH = 8
MODES: tuple[Any, ...] = ("vector", "local", "global", "hybrid", "graph", "mix", "keyword")
QUESTIONS = ("Who built the ship of Nansen?", "What did Amundsen sail to Bergen?")
_PEOPLE = ("Nansen", "Archer", "Amundsen", "Sverdrup", "Heyerdahl", "Ross")
_PLACES = ("Larvik", "Oslo", "Bergen", "Tromso", "Hull")


class Words:
    """Alike words, alike vectors; what else is alike is another matter in each make."""

    def __init__(self, make: str, dimension: int, *, delay_s: float = 0.0) -> None:
        self.fingerprint = f"{make}/{dimension}"
        self.asked: list[str] = []
        self.before: Callable[[Sequence[str]], None] | None = None
        self._make, self._dimension, self._delay_s = make, dimension, delay_s

    async def embed(self, texts: Sequence[str], *, kind: str) -> list[list[float]]:
        if kind == "document":
            self.asked += texts
            if self.before is not None:
                self.before(texts)
        await asyncio.sleep(self._delay_s)
        return [vector(" ".join(word + self._make for word in words(text)), self._dimension) for text in texts]


class Held(Words):
    """Answers a question only when it may."""

    def __init__(self, make: str, dimension: int) -> None:
        super().__init__(make, dimension)
        self.asked_once, self.may = threading.Event(), threading.Event()

    async def embed(self, texts: Sequence[str], *, kind: str) -> list[list[float]]:
        if kind == "query":
            self.asked_once.set()
            while not self.may.is_set():
                await asyncio.sleep(0.005)
        return await super().embed(texts, kind=kind)


class NoChat:
    """A chat model that counts, and answers nothing."""

    name, formats = "no-chat", ("text",)

    def __init__(self) -> None:
        self.calls = 0

    async def chat(self, messages: Any, **more: Any) -> Any:
        self.calls += 1
        raise AssertionError("nothing may be asked of the chat model")

    async def stream(self, messages: Any, **more: Any) -> AsyncIterator[str]:
        self.calls += 1
        yield ""

    async def aclose(self) -> None:
        pass


class Facts:
    """The lexical tier's, and facts without a description."""

    fingerprint, cacheable = "facts", False

    async def extract(self, chunk: Chunk) -> Any:
        found = await LexicalExtractor().extract(chunk)
        names = [entity.name for entity in found.entities]
        bare = [ExtractedRelation(source=a, target=b, keywords=["near"]) for a, b in pairwise(names)]
        return found.model_copy(update={"relations": [*found.relations, *bare]})


def documents(count: int, *, first: int = 0) -> list[Document]:
    made = []
    for n in range(first, first + count):
        who, other, place = _PEOPLE[n % 6], _PEOPLE[(n * 5 + 1) % 6], _PLACES[n % 5]
        text = f"{who} sailed with {other} from {place} in {1880 + n}. The ship was built at {place} by Archer."
        made.append(Document(id=f"d{n}", title=f"{who} {n}", text=text, metadata={"n": n}))
    return made


def settings(model: Any, *, concurrency: int = 2, **more: Any) -> dict[str, Any]:
    options = IndexOptions(ingest=IngestOptions(embed_batch=BATCH, attempts=1))
    given = {"embed_model": model, "extractor": Facts(), "max_concurrency": concurrency, "options": options}
    return {**given, **more}


def shown(result: RetrievalResult) -> list[tuple[str, float]]:
    return [(hit.chunk_id, round(hit.score, 5)) for hit in result.hits]


def answers(index: LightRAGIndex) -> dict[tuple[str, str], list[tuple[str, float]]]:
    return {(mode, asked): shown(index.retrieve(asked, mode=mode, k=4)) for mode in MODES for asked in QUESTIONS}


def stored_vectors(index: LightRAGIndex, dsn: str) -> dict[str, str]:
    """Every vector that is searched, by what it is the vector of; `none` for those that are missing."""
    with psycopg.connect(dsn) as connection:
        schema = index.status().schema_name
        meta = dict(connection.execute(f"SELECT key, value FROM {schema}.meta").fetchall())
        e = meta.get("column", "embedding")
        rows = connection.execute(
            f"SELECT 'chunk ' || chunk_id, coalesce({e}::text, 'none') FROM {schema}.chunk UNION ALL "
            f"SELECT 'entity ' || key, coalesce({e}::text, 'none') FROM {schema}.entity n "
            f"WHERE EXISTS (SELECT FROM {schema}.mention m WHERE m.entity = n.id) UNION ALL "
            f"SELECT 'fact ' || c.chunk_id || ' ' || f.ordinal, coalesce(f.{e}::text, 'none') "
            f"FROM {schema}.fact f JOIN {schema}.chunk c ON c.id = f.chunk"
        )
        return dict(rows.fetchall())


def lines(path: Path) -> list[list[str]]:
    """The batches that another process wrote down, a line for each."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
