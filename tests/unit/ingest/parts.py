"""Models and tools for trying the pipeline without a server."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from typing import TypeVar

from lightrag_integrations.calls.meter import Meter
from lightrag_integrations.ingest.tools import IngestTools
from lightrag_integrations.models import Chunk, ExtractedEntity, ExtractedRelation, Extraction
from lightrag_integrations.observe import Event, Observer
from lightrag_integrations.protocols import Embedder, Extractor
from tests.unit.ingest.memory import MemoryStore

T = TypeVar("T")


class Recorder(Observer):
    def __init__(self) -> None:
        self.events: list[Event] = []

    def on_event(self, event: Event) -> None:
        self.events.append(event)

    def total(self, kind: str) -> int:
        return sum(event.count for event in self.events if event.kind == kind)


class WordExtractor:
    """Every capitalised word is an entity; neighbours are related. Fails, or does anything else, where told to."""

    def __init__(self, react: Callable[[Chunk], Awaitable[None]] | None = None) -> None:
        self.fingerprint = "words/1"
        self.seen: list[str] = []
        self.react = react

    async def extract(self, chunk: Chunk) -> Extraction:
        self.seen.append(chunk.id)
        if self.react is not None:
            await self.react(chunk)
        names = [word.strip(".") for word in chunk.text.split() if word[:1].isupper()]
        relations = [
            ExtractedRelation(source=a, target=b, description=f"{a} is beside {b}.") for a, b in pairwise(names)
        ]
        return Extraction(entities=[ExtractedEntity(name=name) for name in names], relations=relations)


class LengthEmbedder:
    """Vectors from lengths; counts its calls; refuses texts that hold a given word."""

    def __init__(self, *, poison: str = "", dimension: int = 3) -> None:
        self.fingerprint = f"length/{dimension}"
        self.batches: list[list[str]] = []
        self.poison = poison
        self.dimension = dimension

    async def embed(self, texts: Sequence[str], *, kind: str) -> list[list[float]]:
        self.batches.append(list(texts))
        await asyncio.sleep(0)
        if self.poison and any(self.poison in text for text in texts):
            raise RuntimeError("cannot embed this")
        return [[float(len(text))] * self.dimension for text in texts]

    @property
    def texts(self) -> list[str]:
        return [text for batch in self.batches for text in batch]


class WordTokenizer:
    fingerprint = "words"

    def count(self, text: str) -> int:
        return len(text.split())

    def cut(self, text: str, limit: int) -> str:
        return " ".join(text.split()[:limit])


async def run_here(fn: Callable[[], T]) -> T:
    await asyncio.sleep(0)
    return fn()


def tools_of(
    store: MemoryStore,
    *,
    extractor: Extractor | None = None,
    embedder: Embedder | None = None,
    observer: Observer | None = None,
    concurrency: int = 4,
) -> IngestTools:
    return IngestTools(
        store=store,  # type: ignore[arg-type]
        extractor=extractor if extractor is not None else WordExtractor(),
        embedder=embedder or LengthEmbedder(),
        tokenizer=WordTokenizer(),
        observer=observer or Observer(),
        owner="test",
        run_cpu=run_here,
        meter=Meter(),
        concurrency=concurrency,
    )
