"""What goes in and comes out: documents, chunks, extractions, hits, reports. All frozen."""

from __future__ import annotations

import re
from typing import Any

from pydantic import Field

from lightrag_integrations.evidence import HAND, Evidence, FactView, Frozen, PathStep, Seed
from lightrag_integrations.extracted import (
    ChunkEntity,
    ChunkGraph,
    ChunkLink,
    ChunkRelation,
    ExtractedEntity,
    ExtractedRelation,
    Extraction,
)

__all__ = [
    "Answer",
    "Chunk",
    "ChunkEntity",
    "ChunkGraph",
    "ChunkLink",
    "ChunkRelation",
    "Citation",
    "Context",
    "Document",
    "EntityView",
    "Evidence",
    "ExtractedEntity",
    "ExtractedRelation",
    "Extraction",
    "FactView",
    "Frozen",
    "Hit",
    "PathStep",
    "RelationView",
    "RetrievalResult",
    "Seed",
    "Subgraph",
    "cited_numbers",
]

HIDDEN_KEY = "_lightrag"
"""Metadata key under which an adapter keeps what its framework needs to rebuild its object; users never see it."""
_CITED = re.compile(r"\[(\d{1,9}(?:\s*,\s*\d{1,9})*)\]")


class Chunk(Frozen):
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
    graph: ChunkGraph | None = None
    """Given in place of an extraction, see `ChunkGraph`."""

    @property
    def content(self) -> str:
        """Title line and text: what keyword search, embedder and extractor see."""
        return f"{self.title}\n{self.text}" if self.title else self.text


class Document(Frozen):
    """A document to ingest."""

    text: str = ""
    id: str = ""
    """Any text, unique in the index; empty: derived from text, title and source."""
    title: str = ""
    source: str = ""
    """Where it came from: a path, an address."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    """JSON values only; filters look here."""
    chunks: tuple[Chunk, ...] | None = None
    """Given by the caller: the text is not split."""


class EntityView(Frozen):
    """An entity as the visible contributions describe it."""

    name: str
    type: str = ""
    description: str = ""
    degree: int = 0
    """Number of entities it has relations with; a search looks at 100 facts of each direction at most."""
    mentions: int = 0
    """Number of chunks that mention it; a search counts 100 at most."""
    document_ids: tuple[str, ...] = ()
    summarised: bool = False
    """A model wrote the description, from what the visible mentions say."""
    aliases: tuple[str, ...] = ()
    """Names merged into it (`graph.merge`) under which visible chunks speak of it."""
    edited: bool = False
    """What is seen is not all as documents say it: see `graph.merge` and `graph.override`."""

    @property
    def by_hand(self) -> bool:
        """Whether somebody spoke of it with `graph.add`."""
        return any(document.startswith(HAND) for document in self.document_ids)


class RelationView(Frozen):
    """A pair of entities and everything visible that is said of it."""

    source: str
    target: str
    keywords: tuple[str, ...] = ()
    description: str = ""
    weight: float = 0.0
    """Exact sum of the weights of its facts."""
    facts: tuple[FactView, ...] = ()


class Subgraph(Frozen):
    """Entities and the relations between them."""

    entities: tuple[EntityView, ...] = ()
    relations: tuple[RelationView, ...] = ()


class Hit(Frozen):
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


class Citation(Frozen):
    """A numbered reference of a context or an answer."""

    number: int
    chunk_id: str
    document_id: str
    title: str = ""
    source: str = ""
    start: int = 0
    end: int = 0


class Context(Frozen):
    """LightRAG's three-part context, cut to its token budgets."""

    text: str
    entities: tuple[EntityView, ...] = ()
    relations: tuple[RelationView, ...] = ()
    citations: tuple[Citation, ...] = ()
    token_count: int = 0


class RetrievalResult(Frozen):
    """The answer of one retrieval."""

    query: str
    mode: str
    hits: tuple[Hit, ...] = ()
    entities: tuple[EntityView, ...] = ()
    """Entities near the question, strongest first (graph modes)."""
    relations: tuple[RelationView, ...] = ()
    sub_questions: tuple[str, ...] = ()
    """Those that were searched, too, names in place of answers (`decompose=True`); empty: the model made none."""
    context: Context | None = None
    """Filled when asked for (`context=True`)."""

    def to_html(self, *, title: str | None = None) -> str:
        """One page with the hits, what brought them and a picture of the graph between; needs no network.

        Args:
            title: Of the page; None: the query.
        """
        from lightrag_integrations.view.page import render

        return render(self, title=title)


class Answer(Frozen):
    """A model's answer and what it rests on."""

    text: str
    citations: tuple[Citation, ...] = ()
    """Those that the text cites as [n]."""
    retrieval: RetrievalResult
    prompt_tokens: int = 0
    completion_tokens: int = 0


def cited_numbers(text: str) -> tuple[int, ...]:
    """The numbers that a text cites as [1] or [2, 3], each once, in the order named."""
    return tuple(dict.fromkeys(int(number) for group in _CITED.findall(text) for number in group.split(",")))
