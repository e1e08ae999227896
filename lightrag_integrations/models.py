"""What goes in and comes out: documents, chunks, extractions, hits, reports. All frozen."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from lightrag_integrations.errors import LightRAGError

__all__ = [
    "Answer",
    "Chunk",
    "Citation",
    "Context",
    "Document",
    "DocumentStatus",
    "EntityView",
    "Evidence",
    "ExtractedEntity",
    "ExtractedRelation",
    "Extraction",
    "FactView",
    "Hit",
    "IndexStatus",
    "IngestReport",
    "RelationView",
    "RetrievalResult",
    "Subgraph",
]

DocumentState = Literal["pending", "processing", "processed", "failed"]
HIDDEN_KEY = "_lightrag"
"""Metadata key under which an adapter keeps what its framework needs to rebuild its object; users never see it."""


class _Frozen(BaseModel):
    # `model_calls` is no name of pydantic's; versions before 2.10 warn that it might be.
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class ExtractedEntity(_Frozen):
    """A named thing found in one chunk."""

    name: str
    type: str = ""
    description: str = ""


class ExtractedRelation(_Frozen):
    """A statement about two entities, found in one chunk."""

    source: str
    target: str
    keywords: list[str] = Field(default_factory=list)
    description: str = ""
    """A short, self-contained statement; may be empty."""
    weight: float = 1.0

    @field_validator("keywords", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return [word.strip() for word in value.split(",") if word.strip()]
        return value


class Extraction(_Frozen):
    """What an extractor found in one chunk."""

    entities: list[ExtractedEntity] = Field(default_factory=list)
    relations: list[ExtractedRelation] = Field(default_factory=list)


class Chunk(_Frozen):
    """A piece of a document: the unit that is extracted from, embedded and returned."""

    id: str
    document_id: str
    text: str
    position: int = 0
    """0-based order within the document."""
    start: int = 0
    """First character of `text` in the document's text."""
    end: int = 0
    """One past the last character."""
    title: str = ""
    """Title of the document or heading of the section; searched and embedded with the text."""
    token_count: int = 0
    metadata: dict[str, Any] = Field(default_factory=dict)
    embedding: tuple[float, ...] | None = None
    """Given by the caller: no embedding call is made for this chunk."""
    extraction: Extraction | None = None
    """Given by the caller: no extraction call is made for this chunk."""

    @property
    def content(self) -> str:
        """Title line and text: what keyword search, embedder and extractor see."""
        return f"{self.title}\n{self.text}" if self.title else self.text


class Document(_Frozen):
    """A document to ingest."""

    text: str = ""
    id: str = ""
    """Any text, unique in the index; empty: derived from the content."""
    title: str = ""
    source: str = ""
    """Where it came from: a path, an address."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    """JSON values only; filters look here."""
    chunks: tuple[Chunk, ...] | None = None
    """Given by the caller: the text is not split."""


class FactView(_Frozen):
    """One stored statement: a relation as one chunk tells it."""

    source: str
    target: str
    description: str = ""
    keywords: tuple[str, ...] = ()
    weight: float = 1.0
    chunk_id: str = ""
    document_id: str = ""
    start: int = 0
    """Span of the statement's sentence, or of its chunk, in the document's text."""
    end: int = 0


class EntityView(_Frozen):
    """An entity as the visible contributions describe it."""

    name: str
    type: str = ""
    description: str = ""
    degree: int = 0
    """Number of entities it has relations with."""
    mentions: int = 0
    """Number of chunks that mention it."""
    document_ids: tuple[str, ...] = ()


class RelationView(_Frozen):
    """A pair of entities and everything visible that is said of it."""

    source: str
    target: str
    keywords: tuple[str, ...] = ()
    description: str = ""
    weight: float = 0.0
    """Exact sum of the weights of its facts."""
    facts: tuple[FactView, ...] = ()


class Subgraph(_Frozen):
    """Entities and the relations between them."""

    entities: tuple[EntityView, ...] = ()
    relations: tuple[RelationView, ...] = ()


class Evidence(_Frozen):
    """Why a hit was returned."""

    parts: dict[str, float] = Field(default_factory=dict)
    """Additive parts of the score by signal (keyword, vector, graph, …); they sum to the hit's score."""
    entities: tuple[str, ...] = ()
    """Names through which the hit was reached, strongest first."""
    facts: tuple[FactView, ...] = ()
    """Statements that connect the question to the hit, strongest first."""
    path: tuple[str, ...] = ()
    """The strongest path from a seed to the hit, in words: seed, entity, …, chunk id."""


class Hit(_Frozen):
    """A ranked chunk."""

    chunk_id: str
    document_id: str
    text: str
    score: float
    """Higher is better."""
    title: str = ""
    source: str = ""
    position: int = 0
    start: int = 0
    end: int = 0
    metadata: dict[str, Any] = Field(default_factory=dict)
    evidence: Evidence = Evidence()

    @property
    def visible_metadata(self) -> dict[str, Any]:
        """The metadata as the caller stored it."""
        return {key: value for key, value in self.metadata.items() if key != HIDDEN_KEY}

    def summary(self, mode: str) -> dict[str, Any]:
        """What adapters put beside the stored metadata: place, score and evidence, in plain values and lists.

        Args:
            mode: The mode that found the hit.
        """
        facts = [fact.description or f"{fact.source} - {fact.target}" for fact in self.evidence.facts]
        return {
            "chunk_id": self.chunk_id,
            "document_id": self.document_id,
            "score": float(self.score),
            "mode": mode,
            "title": self.title,
            "source": self.source,
            "start": self.start,
            "end": self.end,
            "parts": {name: float(part) for name, part in self.evidence.parts.items()},
            "entities": list(self.evidence.entities),
            "facts": facts,
            "path": list(self.evidence.path),
        }


class Citation(_Frozen):
    """A numbered reference of a context or an answer."""

    number: int
    chunk_id: str
    document_id: str
    title: str = ""
    source: str = ""
    start: int = 0
    end: int = 0


class Context(_Frozen):
    """LightRAG's three-part context, cut to its token budgets."""

    text: str
    entities: tuple[EntityView, ...] = ()
    relations: tuple[RelationView, ...] = ()
    citations: tuple[Citation, ...] = ()
    token_count: int = 0


class RetrievalResult(_Frozen):
    """The answer of one retrieval."""

    query: str
    mode: str
    hits: tuple[Hit, ...] = ()
    entities: tuple[EntityView, ...] = ()
    """Entities near the question, strongest first (graph modes)."""
    relations: tuple[RelationView, ...] = ()
    context: Context | None = None
    """Filled when asked for (`context=True`)."""


class Answer(_Frozen):
    """A model's answer and what it rests on."""

    text: str
    citations: tuple[Citation, ...] = ()
    """Those that the text cites as [n]."""
    retrieval: RetrievalResult
    prompt_tokens: int = 0
    completion_tokens: int = 0


class DocumentStatus(_Frozen):
    """State of one document."""

    id: str
    status: DocumentState
    title: str = ""
    source: str = ""
    chunks: int = 0
    error: str = ""
    attempts: int = 0
    """How often it was taken up again after its first ingestion."""
    metadata: dict[str, Any] = Field(default_factory=dict)


class IngestReport(_Frozen):
    """What one ingestion did. Counts are of this call."""

    documents: int = 0
    """Stored or replaced."""
    unchanged: int = 0
    """Already stored with the same content: no model call, no write."""
    failed: int = 0
    chunks: int = 0
    entities: int = 0
    """Mentions stored (an entity in three chunks counts three times)."""
    relations: int = 0
    """Facts stored."""
    model_calls: int = 0
    cached: int = 0
    """Extractions answered by the cache."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    embedding_tokens: int = 0
    dropped: int = 0
    """Extracted records refused by validation."""
    seconds: float = 0.0
    document_ids: tuple[str, ...] = ()
    """Ids of all accepted documents, in the order given."""
    errors: dict[str, str] = Field(default_factory=dict)
    """Reason by document id, for those that failed or were skipped."""

    def raise_if_failed(self) -> None:
        """For callers that have no room for a report.

        Raises:
            LightRAGError: A document was not stored; says which and why.
        """
        if self.failed:
            document_id, reason = next(iter(self.errors.items()), ("", "unknown"))
            raise LightRAGError(
                f"{self.failed} documents were not stored; the first, {document_id!r}: {reason}. "
                "index.documents.retry() tries them again"
            )


class IndexStatus(_Frozen):
    """Counts and settings of an index."""

    name: str
    schema_name: str
    schema_version: int
    documents: int = 0
    chunks: int = 0
    entities: int = 0
    relations: int = 0
    facts: int = 0
    pending: int = 0
    processing: int = 0
    failed: int = 0
    embedding: str = ""
    """Fingerprint of the embedding model."""
    dimension: int | None = None
    size_bytes: int = 0
    server_version: str = ""
    pgvector_version: str = ""
