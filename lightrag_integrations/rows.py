"""What a `Reader` hands to retrieval. Integer ids are PostgreSQL's surrogate keys: good within one `Reader` only."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from lightrag_integrations.models import EntityView, Evidence, FactView, Hit, RelationView

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = [
    "COUNTED", "SOURCES", "WEIGHED", "Ahead", "ChunkRow", "EdgeBatch", "EntityRow", "FactEdges", "FactRow",
    "MentionEdges", "Posting", "Statement", "relation_views",
]  # fmt: skip

SOURCES = 20
"""Mentions that describe an entity in a search: a hub has thousands."""
WEIGHED = 100
"""Edges of one kind that a search counts and weighs at most of an entity."""
COUNTED = 1000
"""Mentions of a name that are counted at most: the commonest of 200,000 synthetic chunks has 40,000. With all of
them counted and with 1,000, walks of 150 questions found the chunk asked for first, in the first five and in the first
ten equally often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """What a search is sure to ask first, known before its snapshot begins: it may be sent along with the beginning.

    Only a hint: a reader that is told nothing, or the wrong thing, gives the same answers.
    """

    terms: Sequence[int] = ()
    """For `postings`,"""
    most: Callable[[int], int | None] = lambda chunks: None
    """with these limits, by the number of chunks."""
    keys: Sequence[str] = ()
    """For `named`."""
    vector: Sequence[float] | None = None
    """For the nearest:"""
    chunks: int = 0
    """so many chunks,"""
    facts: int = 0
    """so many facts; 0: nothing but the chunks, and these in full."""


@dataclass(frozen=True, slots=True)
class Posting:
    """The visible chunks that hold a term: deletions subtracted, filter applied. Three arrays of one length."""

    term: int
    chunks: Ints
    tfs: Ints
    lengths: Ints


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """A visible chunk."""

    id: int
    chunk_id: str
    document_id: str
    title: str
    text: str
    source: str
    position: int
    start: int
    end: int
    metadata: Mapping[str, Any]
    content_hash: str

    def hit(self, score: float = 0.0, evidence: Evidence | None = None) -> Hit:
        """The chunk as a hit."""
        return Hit(
            chunk_id=self.chunk_id,
            document_id=self.document_id,
            text=self.text,
            score=score,
            title=self.title,
            source=self.source,
            position=self.position,
            start=self.start,
            end=self.end,
            metadata=dict(self.metadata),
            evidence=evidence or Evidence(),
        )


@dataclass(frozen=True, slots=True)
class EntityRow:
    """A visible entity, composed from its visible mentions."""

    id: int
    key: str
    name: str
    """Commonest surface form, ties by code point."""
    type: str
    description: str
    """Distinct non-empty descriptions, joined by a line break, in (document id, position) order; or a summary."""
    degree: int
    """Distinct visible entities it has relations with."""
    mentions: int
    """Visible chunks that mention it."""
    document_ids: tuple[str, ...] = ()
    summarised: bool = False
    """The description is a summary made from exactly the visible contributions."""
    aliases: tuple[str, ...] = ()
    """Other names, merged into it, that visible mentions use."""
    edited: bool = False
    """A visible mention is not shown as it was said."""

    def view(self) -> EntityView:
        """The entity as users see it."""
        return EntityView(
            name=self.name,
            type=self.type,
            description=self.description,
            degree=self.degree,
            mentions=self.mentions,
            document_ids=self.document_ids,
            summarised=self.summarised,
            aliases=self.aliases,
            edited=self.edited,
        )


@dataclass(frozen=True, slots=True)
class FactRow:
    """A visible fact."""

    id: int
    source: int
    """Entity id."""
    target: int
    chunk: int
    """Chunk id (surrogate)."""
    weight: float
    view: FactView


class Statement(NamedTuple):
    """What a chunk tells, in short."""

    fact: int
    source: int
    """Entity id."""
    target: int
    chunk: int
    description: str


class MentionEdges(NamedTuple):
    """Columns of one length: weight 1; 2 where the entity is the chunk's title."""

    entities: Ints
    chunks: Ints
    weights: Floats


class FactEdges(NamedTuple):
    """Columns of one length. Facts between the same two entities are separate edges; the walk adds them up."""

    sources: Ints
    targets: Ints
    weights: Floats
    facts: Ints


@dataclass(frozen=True, slots=True)
class EdgeBatch:
    """Edges next to some nodes, at most `limit` of each kind for each node, heaviest first."""

    mentions: MentionEdges
    facts: FactEdges
    entity_totals: Mapping[int, float] = field(default_factory=dict)
    """The visible edge weight at each entity asked for, mention and fact edges together, read or not; of each kind
    the heaviest `WEIGHED` count, so that a hub costs no more than other nodes."""
    chunk_totals: Mapping[int, float] = field(default_factory=dict)
    cosines: Mapping[int, float] = field(default_factory=dict)
    """Where a vector was given: of each chunk that has one and was asked for or met."""


def relation_views(facts: Iterable[FactRow]) -> list[RelationView]:
    """Facts gathered by their two entities, whichever way they point, in the order of each pair's first fact."""
    pairs: dict[frozenset[int], dict[int, FactView]] = {}
    for fact in facts:
        pairs.setdefault(frozenset((fact.source, fact.target)), {})[fact.id] = fact.view
    return [_relation_view(tuple(views.values())) for views in pairs.values()]


def _relation_view(facts: tuple[FactView, ...]) -> RelationView:
    if len(facts) == 1:  # most are, and a search makes dozens
        (fact,) = facts
        return RelationView(
            source=fact.source, target=fact.target, keywords=tuple(dict.fromkeys(fact.keywords)),
            description=fact.description, weight=fact.weight, facts=facts,
        )  # fmt: skip
    return RelationView(
        source=facts[0].source,
        target=facts[0].target,
        keywords=tuple(dict.fromkeys(word for fact in facts for word in fact.keywords)),
        description="\n".join(dict.fromkeys(fact.description for fact in facts if fact.description)),
        weight=math.fsum(fact.weight for fact in facts),
        facts=facts,
    )
