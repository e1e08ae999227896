"""The whole of a graph, row by row, for exports. Streams are in order of ids and keys, the same after any history."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from lightrag_integrations.contributions import Mention
from lightrag_integrations.models import RelationView
from lightrag_integrations.notes import Note
from lightrag_integrations.rows import EntityRow, FactRow, relation_views

__all__ = ["WholeChunk", "WholeDocument", "WholeFact", "WholeReader", "WholeRelation"]


@dataclass(frozen=True, slots=True)
class WholeDocument:
    """A document of which something is visible."""

    document_id: str
    title: str
    source: str
    metadata: Mapping[str, Any]
    """Under a filter only what every visible chunk has, too."""


@dataclass(frozen=True, slots=True)
class WholeChunk:
    """A visible chunk and what it mentions."""

    chunk_id: str
    document_id: str
    position: int
    start: int
    end: int
    title: str
    text: str
    metadata: Mapping[str, Any]
    mentions: tuple[Mention, ...]
    """By key."""
    notes: tuple[Note, ...] = ()
    """Of mentions and links, by the names they are shown under."""


@dataclass(frozen=True, slots=True)
class WholeFact:
    """A visible fact and its place among those of its chunk."""

    row: FactRow
    ordinal: int
    cooccurrence: bool
    label: str | None = None
    """Of its note; None: it has none."""
    properties: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class WholeRelation:
    """Two entities and every visible fact about them, by document id and position."""

    facts: tuple[WholeFact, ...]

    @property
    def view(self) -> RelationView:
        """The relation as users see it."""
        return relation_views(fact.row for fact in self.facts)[0]


class WholeReader(Protocol):
    """The part of a reader that streams everything visible; memory holds one entity or relation at a time."""

    def whole_documents(self) -> AsyncGenerator[WholeDocument]:
        """By id."""
        ...

    def whole_chunks(self) -> AsyncGenerator[WholeChunk]:
        """By document id and position."""
        ...

    def whole_entities(self) -> AsyncGenerator[EntityRow]:
        """By key; counts and descriptions from all visible mentions."""
        ...

    def whole_relations(self) -> AsyncGenerator[WholeRelation]:
        """By the keys of both ends, the lower first."""
        ...

    async def heaviest_pairs(self, entities: Sequence[int], limit: int) -> Sequence[tuple[int, int]]:
        """(entity, another it has a relation with), at most `limit` of each, the relation of the greatest weight first.

        Of equal weight: by key.
        """
        ...

    async def pairs_among(self, entities: Sequence[int]) -> Sequence[tuple[int, int]]:
        """The relations whose ends are both among these entities, visible or not."""
        ...

    async def shown_names(self, entities: Sequence[int]) -> Mapping[int, str]:
        """The names of these entities, from all visible mentions, as `whole_entities` tells them."""
        ...

    async def near_entities(self, entities: Sequence[int], limit: int) -> Sequence[tuple[int, int, float]]:
        """(entity, another whose name is near, cosine), among these entities if they are few.

        Among more the others may be any, visible or not; none are found where that would take too long.
        """
        ...

    async def entity_cosines(self, pairs: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int, float]]:
        """(entity, entity, cosine of their names) of the pairs that have vectors."""
        ...
