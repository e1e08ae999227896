"""Mirrors: what a store outside is handed, what it must be able to do, and what is recorded of it in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

__all__ = [
    "HASH",
    "UNDER_WAY",
    "ChunkItem",
    "Compared",
    "DocumentItem",
    "DocumentTarget",
    "EntityItem",
    "GraphTarget",
    "MirrorKind",
    "MirrorReader",
    "MirrorStore",
    "Recorded",
    "RelationItem",
    "Target",
    "VectorTarget",
    "json_of",
    "plain_values",
]

HASH = "lightrag_hash"
"""Metadata key, in the frameworks' stores, of what tells one state of a thing from another."""
UNDER_WAY = ":"
"""What stands in place of a hash while a change is under way begins so."""
MirrorKind = Literal["chunk", "document", "entity", "relation", "node"]
"""`chunk`: one with its vector; `node`: one as a node of the graph."""


@dataclass(frozen=True, slots=True)
class ChunkItem:
    """A chunk as a mirror keeps it."""

    id: str
    """In the mirror."""
    chunk_id: str
    document_id: str
    text: str
    title: str
    source: str
    position: int
    metadata: Mapping[str, Any]
    hash: str
    """Of all this: what `Target.held` tells again, where the store can keep it."""
    vector: tuple[float, ...] = ()
    mentions: tuple[str, ...] = ()
    """Ids of the entities, in the mirror."""


@dataclass(frozen=True, slots=True)
class EntityItem:
    """An entity as a mirror keeps it; its name, without double quotes, is its id there."""

    id: str
    type: str
    description: str
    mentions: int
    document_ids: tuple[str, ...]
    hash: str


@dataclass(frozen=True, slots=True)
class RelationItem:
    """All that is said from one entity of another."""

    source: str
    """Ids of the entities, in the mirror."""
    target: str
    description: str
    keywords: tuple[str, ...]
    weight: float
    chunk_ids: tuple[str, ...]
    """Of its sources, strongest first."""
    document_ids: tuple[str, ...]
    hash: str


@dataclass(frozen=True, slots=True)
class DocumentItem:
    """A document as a mirror keeps it, under its own id."""

    id: str
    title: str
    source: str
    text: str
    metadata: Mapping[str, Any]
    hash: str


class Target(Protocol):
    """A store outside. Its methods block; they run in threads of the handle's, and may raise anything."""

    def remove(self, ids: Sequence[str]) -> None:
        """Take these out, with all that hangs on them; ids that aren't there are no error."""
        ...

    def held(self, ids: Sequence[str]) -> Mapping[str, str] | None:
        """Of these, those that are there, each with the hash it was put with ("": not known); None: can't be told."""
        ...

    def ids(self) -> Iterable[str] | None:
        """Ids of everything there; None: can't be told."""
        ...


class VectorTarget(Target, Protocol):
    """Keeps chunks with their vectors, and finds those nearest to another vector."""

    def put(self, items: Sequence[ChunkItem]) -> None:
        """Keep these; none of them is there."""
        ...

    def nearest(self, vector: Sequence[float], limit: int) -> Sequence[str]:
        """Ids of the nearest, nearest first."""
        ...


class DocumentTarget(Target, Protocol):
    """Keeps documents by id."""

    def put(self, items: Sequence[DocumentItem]) -> None:
        """Keep these; none of them is there."""
        ...


class GraphTarget(Target, Protocol):
    """Keeps a graph. `remove`, `held` and `ids` are about nodes: entities and chunks."""

    def put_entities(self, items: Sequence[EntityItem]) -> None:
        """Add these, or bring them up to date where they are."""
        ...

    def put_relations(self, items: Sequence[RelationItem]) -> None:
        """Keep these between entities that are there."""
        ...

    def put_nodes(self, items: Sequence[ChunkItem]) -> None:
        """Keep these chunks, each tied to the entities it mentions."""
        ...

    def unrelate(self, pairs: Sequence[tuple[str, str]]) -> bool:
        """Take out the relations between these (source, target); False: it can't, and did nothing."""
        ...

    def related(self, ids: Sequence[str]) -> Iterable[tuple[str, str]] | None:
        """(source, target) of each relation that these entities are the source of; None: can't be told."""
        ...


class Compared(NamedTuple):
    """What the index says of a thing beside what was recorded when it was put into the mirror."""

    key: str
    part: str
    present: str | None
    """Hash; None: it isn't in the index (any more)."""
    past: str | None
    """Hash; "" or `UNDER_WAY` and more: a change was under way; None: it isn't in the mirror."""
    stored: str
    """Its id there."""
    label: str
    first: str
    """Of a relation: the id of each end there. Of a chunk: the model that its vector is of."""
    second: str

    @property
    def same(self) -> bool:
        """The mirror has it as it is."""
        return self.present == self.past


@dataclass(frozen=True, slots=True)
class Recorded:
    """A thing in a mirror."""

    key: str
    stored: str
    hash: str = ""
    part: str = ""
    label: str = ""
    made: str = field(default="")
    """Kept from the first time until it is forgotten."""


class MirrorReader(Protocol):
    """The part of a reader that mirrors are brought up to date from; looks at no filter but in `mirrored_chunks`."""

    async def mirror_keys(self, mirror: str, kind: MirrorKind, *, after: str, limit: int) -> Sequence[str]:
        """The next keys that are in the index or the mirror, in order."""
        ...

    async def mirror_states(self, mirror: str, kind: MirrorKind, keys: Sequence[str]) -> Sequence[Compared]:
        """What is there of these keys."""
        ...

    async def mirror_documents(self, ids: Sequence[str]) -> Sequence[tuple[str, str, str, Mapping[str, Any], str]]:
        """(id, title, source, metadata, text)."""
        ...

    async def mirror_mentions(self, mirror: str, chunk_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Chunk id to the ids in the mirror of the entities that it mentions."""
        ...

    async def mirror_facts(
        self, pairs: Sequence[tuple[str, str]]
    ) -> Mapping[int, Sequence[tuple[str, Sequence[str], float, str, str]]]:
        """Place in `pairs` (source and target by key) to (description, keywords, weight, chunk id, document id)."""
        ...

    async def mirrored_chunks(self, mirror: str, stored: Sequence[str]) -> Mapping[str, int]:
        """Id in the mirror to chunk, of those that are visible, in the order of their ids."""
        ...


class MirrorStore(Protocol):
    """The part of a store that keeps what mirrors were given."""

    async def record_mirrored(
        self, mirror: str, kind: MirrorKind, rows: Sequence[Recorded], *, begun: str = ""
    ) -> None:
        """Write down what is there; of what was written down before, `made` stays.

        Args:
            mirror: Which.
            kind: Of things.
            rows: The things.
            begun: What was written as their hash when their change began: those where another one stands meanwhile are
                written down without hash and label, as nobody knows what is there. Empty: not looked at.
        """
        ...

    async def forget_mirrored(self, mirror: str, kind: MirrorKind, keys: Sequence[tuple[str, str]]) -> None:
        """Forget these (key, part)."""
        ...

    async def forget_mirror(self, mirror: str, kind: MirrorKind | None = None) -> None:
        """Forget all of a kind, or of every kind."""
        ...

    async def mirrored_elsewhere(
        self, mirror: str, kind: MirrorKind, stored: Sequence[str], keys: Sequence[str]
    ) -> frozenset[str]:
        """Those of these ids under which something else than these keys is there, too."""
        ...

    async def mirrored_sample(self, mirror: str, kind: MirrorKind, limit: int) -> Sequence[str]:
        """Ids of some that should be in the mirror, from both ends of the order."""
        ...


def plain_values(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Many engines take only plain values: others are told in JSON, and nothing is left out."""
    told = {key: value for key, value in metadata.items() if value is not None}
    return {key: value if isinstance(value, str | int | float) else json_of(value) for key, value in told.items()}


def json_of(value: Any) -> str:
    """A value told in JSON."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=dict)
