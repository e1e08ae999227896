"""What summaries of entities are made from, and where they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["TOLD", "Limits", "SummaryStore", "Told"]

TOLD = 300
"""A summary is made from the first so many mentions of its entity, titles first: a hub has thousands, and each new one
would make its summary stale. LightRAG's default for the sources of an entity."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the mentions of an entity tell of it."""

    entity: int
    """Surrogate id: good as long as the entity is there."""
    name: str
    """Commonest surface form, ties by code point."""
    descriptions: tuple[str, ...]
    """Distinct, in order of code points, none empty."""
    hash: bytes
    """Of name and descriptions."""


@dataclass(frozen=True, slots=True)
class Limits:
    """An entity that reaches one of them is worth a summary."""

    descriptions: int
    octets: int
    """Of all descriptions together."""


class SummaryStore(Protocol):
    """The part of a store that keeps summaries. A kept one is shown only where it fits, see `Reader.entities`."""

    async def touched_entities(self, document_ids: Sequence[str]) -> Sequence[int]:
        """Entities that these documents describe."""
        ...

    async def much_told_entities(self, limits: Limits) -> Sequence[int]:
        """Entities that may reach the limits, those with most descriptions first; reads all mentions."""
        ...

    async def told(self, entities: Sequence[int], limits: Limits) -> Sequence[Told]:
        """What is told of those of these entities that reach a limit and have no summary made from just that."""
        ...

    async def keep_summary(self, told: Told, text: str, *, model: str) -> None:
        """Keep a paid summary.

        Args:
            told: What it was made from.
            text: The summary.
            model: Who wrote it.
        """
        ...
