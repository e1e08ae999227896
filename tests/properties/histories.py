"""What an index should hold after a history of calls: a model of it, a failing extractor, small documents."""

import asyncio
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from lightrag_integrations import Chunk, Document, ExtractedEntity, ExtractedRelation, Extraction, HashEmbedder
from lightrag_integrations.errors import ModelError
from lightrag_integrations.ingest.split import chunks_of
from lightrag_integrations.options import IngestOptions
from lightrag_integrations.text.tokens import default_tokenizer

__all__ = [
    "IDS",
    "OPTIONS",
    "CountingEmbedder",
    "Model",
    "Telling",
    "chunked",
    "given_chunks",
    "labels",
    "shifted",
    "written",
]

OPTIONS = IngestOptions(chunk_tokens=24, max_description_chars=120, attempts=1, commit_documents=2)
TOKENIZER = default_tokenizer()
IDS = ("alpha", "beta", "gamma", "delta")
TITLES = {"alpha": ("Ada Lovelace", "Engines"), "beta": ("London", "Engines"), "gamma": ("",), "delta": ("",)}
NAMES = ("Ada Lovelace", "ADA LOVELACE", "Charles Babbage", "London", "Émile Zola", "北京大学")
CHUNKS_EACH = 4
MADE_BY_HAND = 3
"""The chunk of this number always comes with its extraction."""


class Telling:
    """Tells of every name in a chunk and of each two that follow one another; fails where it is told to."""

    fingerprint = "telling/1"

    def __init__(self) -> None:
        self.fails = False
        self.calls: list[str] = []

    async def extract(self, chunk: Chunk) -> Extraction:
        self.calls.append(chunk.content)
        await asyncio.sleep(0)
        if self.fails and "Broken" in chunk.content:
            raise ModelError("broken on order")
        return told(chunk.text)


def told(text: str) -> Extraction:
    """What `Telling` says: types and weights differ from text to text, so that sums and ties are put to the test."""
    found = sorted((text.index(name), name) for name in NAMES if name in text)
    size = len(text)
    described = text * 40 if "at length" in text else text if size % 2 else ""
    entities = [ExtractedEntity(name=name, type=("person", "place", "")[(size + at) % 3], description=described)
                for at, name in found]  # fmt: skip
    relations = [
        ExtractedRelation(source=one, target=other, keywords=["near", str(at)][: size % 3], description=described,
                          weight=0.1 * (1 + size % 7))
        for (at, one), (_, other) in itertools.pairwise(found)
    ]  # fmt: skip
    return Extraction(entities=entities, relations=relations)


class CountingEmbedder(HashEmbedder):
    """Hashed words, and how often it was asked."""

    def __init__(self) -> None:
        super().__init__(16)
        self.calls = 0

    async def embed(self, texts: Sequence[str], *, kind: str) -> Sequence[Sequence[float]]:
        self.calls += 1
        return await super().embed(texts, kind=kind)


_sentences = st.builds(
    "{} {} {}{}.".format,
    st.sampled_from(NAMES),
    st.sampled_from(("met", "never left", "wrote at length of", "Broken saw")),
    st.sampled_from(NAMES),
    st.sampled_from(("", " and a machine of brass with many wheels, levers and cards", "\n\n# A part\n\nMore")),
)
_texts = st.lists(_sentences, min_size=1, max_size=4).map(" ".join)
labels = st.fixed_dictionaries({"source": st.sampled_from(("", "/a", "/b")),
                                "metadata": st.fixed_dictionaries({"v": st.integers(0, 3)})})  # fmt: skip


@st.composite
def written(draw: st.DrawFn) -> Document:
    """A document with text."""
    name = draw(st.sampled_from(IDS))
    return Document(id=name, title=draw(st.sampled_from(TITLES[name])), text=draw(_texts), **draw(labels))


@st.composite
def given_chunks(draw: st.DrawFn) -> Document:
    """A document of one to three given chunks, each of which has a place of its own."""
    name = draw(st.sampled_from(IDS))
    numbers = draw(st.lists(st.integers(0, CHUNKS_EACH - 1), min_size=1, max_size=3, unique=True))
    chunks = [_chunk(name, number, draw(_texts), draw(st.sampled_from(({}, {"v": 9})))) for number in numbers]
    text = draw(st.sampled_from(("", "", "A text of its own.", "Another.")))
    return Document(id=name, title=draw(st.sampled_from(TITLES[name])), text=text, chunks=tuple(chunks), **draw(labels))


def _chunk(name: str, number: int, text: str, metadata: dict[str, int]) -> Chunk:
    extraction = told(text[::-1] + text) if number == MADE_BY_HAND else None
    return Chunk(id=f"{name}/{number}", document_id=name, text=text, position=100 + number, metadata=metadata,
                 extraction=extraction)  # fmt: skip


def shifted(chunk: Chunk, by: int) -> Chunk:
    """The same chunk in another place."""
    return chunk.model_copy(update={"position": chunk.position + 10 * by, "start": by, "end": by + len(chunk.text)})


def chunked(document: Document) -> dict[str, Chunk]:
    """A document's chunks by id, complete, with the metadata they are stored with."""
    return {
        chunk.id: chunk.model_copy(update={"metadata": {**document.metadata, **chunk.metadata}})
        for chunk in chunks_of(document, TOKENIZER, OPTIONS)
    }


@dataclass(frozen=True)
class Waiting:
    """A document that failed."""

    document: Document
    whole: bool
    """It stands for the whole document; else its chunks are added to those stored."""


@dataclass
class Model:
    """What is stored, what has failed, and which texts the extractor was paid for."""

    stored: dict[str, Document] = field(default_factory=dict)
    """Each as one could give it to an empty index."""
    waiting: dict[str, Waiting] = field(default_factory=dict)
    incomplete: set[str] = field(default_factory=set)
    """Stored documents that no longer are what any one call gave."""
    paid: set[str] = field(default_factory=set)

    def ingest(self, documents: Iterable[Document], *, fails: bool) -> set[str]:
        """The texts that the extractor has to be asked for."""
        return self._work([Waiting(document, whole=True) for document in documents], fails=fails)

    def upsert(self, documents: Iterable[Document], *, fails: bool) -> set[str]:
        """As `ingest`, chunks added to what is stored or waiting."""
        return self._work([self._joined(document) for document in documents], fails=fails)

    def retry(self, *, fails: bool) -> set[str]:
        """As `ingest`, of what is waiting."""
        return self._work([*self.waiting.values()], fails=fails)

    def delete(self, names: Iterable[str]) -> int:
        """How many there were."""
        gone = {name for name in names if name in self.stored or name in self.waiting}
        for name in gone:
            self.stored.pop(name, None)
            self.waiting.pop(name, None)
        return len(gone)

    def delete_chunks(self, chunk_ids: set[str]) -> int:
        """How many there were."""
        found: set[str] = set()
        for name, waiting in [*self.waiting.items()]:
            if waiting.document.chunks is not None:
                found |= chunk_ids & {chunk.id for chunk in waiting.document.chunks}
                left = _without(waiting.document.chunks, chunk_ids)
                self.waiting[name] = replace(waiting, document=waiting.document.model_copy(update={"chunks": left}))
                if not left:
                    del self.waiting[name]
        for document in [*self.stored.values()]:
            chunks = chunked(document)
            if chunk_ids & chunks.keys():
                found |= chunk_ids & chunks.keys()
                self._settle(document, _without(chunks.values(), chunk_ids))
        return len(found)

    def forget(self) -> None:
        """Answers about text that no stored chunk has are dropped."""
        self.paid &= {chunk.content for document in self.stored.values() for chunk in chunked(document).values()}

    def chunk_ids(self) -> list[str]:
        """All that could be deleted."""
        known = [*self.stored.values(), *(one.document for one in self.waiting.values())]
        return sorted({chunk_id for document in known for chunk_id in chunked(document)})

    def settled(self) -> list[Document]:
        """Stored documents that a call gave as they are, with nothing waiting."""
        return [self.stored[name] for name in sorted(self.stored.keys() - self.waiting.keys() - self.incomplete)]

    def added(self) -> list[Document]:
        """Stored documents with the chunks that were given for them."""
        found = []
        for document in self.stored.values():
            chunks = tuple(chunk for chunk in document.chunks or () if "/" in chunk.id)
            found += [document.model_copy(update={"chunks": chunks})] if chunks else []
        return sorted(found, key=lambda document: document.id)

    def _joined(self, document: Document) -> Waiting:
        waiting = self.waiting.get(document.id)
        if waiting is None:
            return Waiting(document, whole=False)
        left = {chunk.id: chunk for chunk in chunks_of(waiting.document, TOKENIZER, OPTIONS)}
        left.update((chunk.id, chunk) for chunk in chunks_of(document, TOKENIZER, OPTIONS))
        update = {"chunks": tuple(left.values()), "text": document.text or waiting.document.text}
        return Waiting(document.model_copy(update=update), whole=waiting.whole)

    def _work(self, tried: Sequence[Waiting], *, fails: bool) -> set[str]:
        asked: set[str] = set()
        for one in tried:
            wanted = {chunk.content for chunk in chunked(one.document).values() if chunk.extraction is None}
            asked |= wanted - self.paid
        broken = {text for text in asked if fails and "Broken" in text}
        self.paid |= asked - broken
        for one in tried:
            if any(chunk.extraction is None and chunk.content in broken for chunk in chunked(one.document).values()):
                self.waiting[one.document.id] = one
            else:
                self._store(one)
        return asked

    def _store(self, one: Waiting) -> None:
        document = one.document
        self.waiting.pop(document.id, None)
        if one.whole:
            self.stored[document.id] = document
            self.incomplete.discard(document.id)
            return
        older = self.stored.get(document.id)
        chunks = {**({} if older is None else chunked(older)), **chunked(document)}
        text = document.text or ("" if older is None else older.text)
        self._settle(document.model_copy(update={"text": text}), tuple(chunks.values()))

    def _settle(self, document: Document, chunks: tuple[Chunk, ...]) -> None:
        """The document is these chunks now, which no call gave together."""
        self.incomplete.add(document.id)
        self.stored[document.id] = document.model_copy(update={"chunks": chunks})
        if not chunks:
            del self.stored[document.id]


def _without(chunks: Iterable[Chunk], chunk_ids: set[str]) -> tuple[Chunk, ...]:
    return tuple(chunk for chunk in chunks if chunk.id not in chunk_ids)
