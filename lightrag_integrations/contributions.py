"""What ingestion hands to storage: plain frozen records, made by the thousand, so dataclasses and not pydantic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lightrag_integrations.models import Chunk, Document, Extraction
from lightrag_integrations.notes import Note

__all__ = [
    "Fact",
    "Mention",
    "PaidAnswer",
    "PendingDocument",
    "PreparedChunk",
    "PreparedDocument",
    "StoredChunk",
    "StoredDocument",
    "Usage",
]


@dataclass(frozen=True, slots=True)
class Mention:
    """An entity occurs in a chunk. One per entity key and chunk."""

    key: str
    """Normalised name: the identity of the entity."""
    surface: str
    """As written in the chunk."""
    type: str = ""
    description: str = ""
    is_title: bool = False
    """The name is the chunk's title (or stands for it)."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A statement about two entities in a chunk. Both keys also occur among the chunk's mentions."""

    source_key: str
    target_key: str
    description: str = ""
    keywords: tuple[str, ...] = ()
    weight: float = 1.0
    start: int = 0
    """Span in the document's text; 0, 0 when unknown (then the chunk's span counts)."""
    end: int = 0
    cooccurrence: bool = False
    """Made by the lexical tier: the names share the sentence that is the description."""
    embedding: Sequence[float] | None = None


@dataclass(frozen=True, slots=True)
class PreparedChunk:
    """A chunk with everything derived from it."""

    chunk: Chunk
    """`chunk.metadata` is effective: the document's, with the chunk's own over it."""
    content_hash: str
    """SHA-256 hex of `chunk.content` (title line and text)."""
    terms: Mapping[int, int]
    """Signed 64-bit term hash to its count in `chunk.content`."""
    length: int
    """Number of terms: BM25's document length."""
    mentions: Sequence[Mention] = ()
    facts: Sequence[Fact] = ()
    notes: Sequence[Note] = ()
    embedding: Sequence[float] | None = None
    """Not yet normalised; storage normalises and stores zero vectors as NULL."""


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    """A document ready to be stored in one transaction."""

    document: Document
    """Text and metadata as accepted; `document.chunks` is not read."""
    content_hash: str
    """What makes two inputs equal: text or chunks, title, options fingerprint. Not source and metadata."""
    chunks: Sequence[PreparedChunk]
    replace: bool = True
    """False: only chunks with the same ids are replaced, the others stay."""
    entity_embeddings: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Vectors of entities by key, for those that have none yet."""
    model: str = ""
    """Fingerprint of the model that the vectors come from; empty: not told."""


@dataclass(frozen=True, slots=True)
class PendingDocument:
    """Accepted input, committed before any model call."""

    document: Document
    content_hash: str
    replace: bool = True
    attempts: int = 0
    error: str = ""
    options: str = ""
    """How the call that accepted it works, see `ingest.manner`; empty: not known."""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """What storage knows of a document without reading its text."""

    id: str
    content_hash: str
    source: str
    metadata: Mapping[str, Any]


class StoredChunk(NamedTuple):
    """What storage knows of a chunk without reading its text."""

    content_hash: str
    metadata: str
    """Canonical JSON."""
    position: int
    start: int
    end: int
    token_count: int


@dataclass(frozen=True, slots=True)
class Usage:
    """One model call, for the ledger."""

    kind: str
    """extract, keywords, answer, rerank, summarise or embed."""
    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached: bool = False
    document_id: str = ""
    calls: int = 1
    """More than one in totals."""


@dataclass(frozen=True, slots=True)
class PaidAnswer:
    """What a model found in a chunk, for the cache."""

    key: tuple[str, str]
    """The chunk's content hash and the extractor's fingerprint."""
    extraction: Extraction
    usages: Sequence[Usage] = ()
    """The calls that led to it."""
