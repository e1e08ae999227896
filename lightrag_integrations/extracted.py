"""Entities and relations as extractors find them in a chunk, and as callers say that it tells them."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from lightrag_integrations.evidence import Frozen

__all__ = [
    "ChunkEntity", "ChunkGraph", "ChunkLink", "ChunkRelation", "ExtractedEntity", "ExtractedRelation", "Extraction",
]  # fmt: skip


class ExtractedEntity(Frozen):
    """A named thing found in one chunk."""

    name: str
    type: str = ""
    description: str = ""


class ExtractedRelation(Frozen):
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


class Extraction(Frozen):
    """What an extractor found in one chunk."""

    entities: list[ExtractedEntity] = Field(default_factory=list)
    relations: list[ExtractedRelation] = Field(default_factory=list)


class ChunkEntity(ExtractedEntity):
    """An entity that a chunk is said to mention."""

    title: bool = False
    """The chunk is about it."""
    properties: dict[str, Any] | None = None
    """What else is said of it: kept as it is, for `graph.nodes`."""
    embedding: tuple[float, ...] | None = None
    """Taken by `graph.contribute` in place of the one that is there, or that of its name."""


class ChunkRelation(ExtractedRelation):
    """A statement that a chunk is said to make."""

    start: int = Field(default=0, ge=0, lt=2**31)
    """Span of the statement in the document's text; 0, 0: the chunk's."""
    end: int = Field(default=0, ge=0, lt=2**31)
    cooccurrence: bool = False
    """The names share the sentence that is the description; nobody says how they are related."""
    label: str | None = None
    """What the caller calls the relation; None: its first keyword."""
    properties: dict[str, Any] | None = None
    """What else is said of it: kept as it is, for `graph.triples`."""


class ChunkLink(Frozen):
    """How a chunk is linked to a document, a chunk or an entity, as the caller names them."""

    source: str
    target: str
    label: str
    properties: dict[str, Any] = Field(default_factory=dict)


class ChunkGraph(Frozen):
    """All that a chunk tells of the graph, taken as it stands: no limit cuts it and nothing is put beside it."""

    entities: list[ChunkEntity] = Field(default_factory=list)
    relations: list[ChunkRelation] = Field(default_factory=list)
    links: list[ChunkLink] | None = None
    """How the chunk is linked to what is no entity; no search looks at them."""

    @property
    def said(self) -> str:
        """As canonical JSON, without what is not said."""
        return self.model_dump_json(exclude_none=True)
