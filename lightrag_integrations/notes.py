"""Notes: what callers say of a mention, a fact or a chunk beyond what the graph has a place for, and get back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pydantic import Field

from lightrag_integrations.evidence import Frozen

if TYPE_CHECKING:
    from lightrag_integrations.rows import FactRow

__all__ = [
    "PLAIN", "Link", "NodeView", "Note", "NoteReader", "NotedFact", "NotedMention", "Schema", "TripleView", "label_for",
]  # fmt: skip

PLAIN = "related to"
"""Label of a relation that nobody gave one."""


class NodeView(Frozen):
    """An entity with what callers said of it beyond the graph."""

    name: str
    type: str = ""
    description: str = ""
    properties: dict[str, Any] | None = None
    """Of all visible mentions together, what was written last going before; None: nobody gave any."""
    chunk_ids: tuple[str, ...] = ()
    """Of chunks that mention it, in the order they were written; of a hub, a part."""


class TripleView(Frozen):
    """What chunks say of two entities under one label, or how a chunk is linked to something."""

    source: str
    target: str
    label: str
    properties: dict[str, Any] = Field(default_factory=dict)
    chunk_ids: tuple[str, ...] = ()
    """Of the chunks that say it."""
    link: bool = False
    """The ends are as the caller named them: a chunk, a document, an entity."""


class Schema(Frozen):
    """What an index speaks of."""

    types: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Of entities, with the names and JSON types of their properties."""
    labels: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Of relations, with the names and JSON types of their properties."""
    ends: tuple[tuple[str, str, str], ...] = ()
    """(type of the source, label, type of the target) of relations between entities."""


@dataclass(frozen=True, slots=True)
class Note:
    """Of one mention, fact or link of a chunk."""

    source: str
    """Key of the entity; of a link, what the caller names."""
    target: str = ""
    """Of a mention: empty."""
    label: str = ""
    ordinal: int | None = None
    """Of a fact: its place among those of the chunk."""
    properties: Mapping[str, Any] = field(default_factory=dict)


class NotedMention(NamedTuple):
    """A visible mention."""

    entity: int
    chunk_id: str
    document_id: str
    properties: Mapping[str, Any] | None


class NotedFact(NamedTuple):
    """A visible fact."""

    row: FactRow
    label: str | None
    """As the caller gave it; None: there is no note."""
    properties: Mapping[str, Any]


class Link(NamedTuple):
    """A link of a visible chunk."""

    chunk_id: str
    source: str
    target: str
    label: str
    properties: Mapping[str, Any]


class NoteReader(Protocol):
    """The part of a reader that tells notes. It looks at no filter."""

    async def noted_mentions(self, entities: Sequence[int], *, limit: int) -> Sequence[NotedMention]:
        """Mentions of these entities, in the order they were written; without a note, `limit` of each at most."""
        ...

    async def noted_facts(self, facts: Sequence[int]) -> Sequence[NotedFact]:
        """These facts with their notes, in the order they were written."""
        ...

    async def facts_labelled(self, labels: Sequence[str], *, plain: str) -> Sequence[int]:
        """Facts of these labels; those without one go by their first keyword, or else by `plain`."""
        ...

    async def facts_noting(self, properties: Mapping[str, Any]) -> Sequence[int]:
        """Facts whose note has one of these properties."""
        ...

    async def entities_noting(self, properties: Mapping[str, Any]) -> Sequence[int]:
        """Entities of which a note has one of these properties."""
        ...

    async def all_entities(self) -> Sequence[int]:
        """Every entity that a chunk mentions, by key."""
        ...

    async def facts_at(self, entities: Sequence[int], *, limit: int) -> Sequence[int]:
        """Facts at these entities, at most `limit` of each direction of each, heaviest first."""
        ...

    async def chunks_telling(self, keys: Sequence[str], pairs: Sequence[tuple[str, str]]) -> Sequence[str]:
        """Ids of the chunks that mention these entities, or tell of one of a pair that it is something to the other.

        Also where edits hide that, or show it otherwise.
        """
        ...

    async def noted_links(
        self, *, ends: Sequence[str] | None = None, labels: Sequence[str] | None = None
    ) -> Sequence[Link]:
        """Links with such an end, or such a label; both None: all. In the order they were written."""
        ...

    async def schema(self, *, plain: str) -> Schema:
        """Types, labels, and the names of properties."""
        ...


def label_for(keywords: Sequence[str], label: str | None = None) -> str:
    """What a relation is called: the label noted, else its first keyword, else `PLAIN`."""
    return label or next(iter(keywords), PLAIN)
