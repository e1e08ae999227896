"""What is embedded of a chunk, an entity and a fact: the same text at ingestion and for every later model."""

from __future__ import annotations

from collections.abc import Sequence

from lightrag_integrations.models import Chunk
from lightrag_integrations.refill import Unfilled

__all__ = ["entity_text", "statement_text", "text_of"]


def entity_text(key: str) -> str:
    """The key itself: a name as some chunk writes it would depend on which chunk came first."""
    return key


def statement_text(description: str, source: str, keywords: Sequence[str], target: str) -> str:
    """A fact's description; without one, the names as its chunk writes them, and the keywords."""
    return description or " ".join(part for part in (source, ", ".join(keywords), target) if part)


def text_of(row: Unfilled) -> str:
    """The text of a stored row."""
    if row.kind == "chunk":
        title, text = row.parts
        return Chunk(id="", document_id="", title=title, text=text).content
    return entity_text(*row.parts) if row.kind == "entity" else statement_text(*row.parts)
