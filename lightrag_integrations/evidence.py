"""Why a hit was found: facts, seeds, the path between. All frozen."""

from __future__ import annotations

from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["HAND", "Evidence", "FactView", "Frozen", "PathStep", "Seed"]

HAND = "by-hand:"
"""What the ids of documents made by hand begin with, see `Graph.add`."""
_REASONS = MappingProxyType(
    {
        "keyword": "matches the question's words",
        "vector": "is near the question in meaning",
        "name": "is named in the question",
        "fact": "is an end of a fact near the question",
        "local": "is an entity near the question",
        "global": "is an end of a relation near the question",
    }
)


class Frozen(BaseModel):
    """Base of all: can't be changed, refuses unknown fields."""

    # `model_calls` is no name of pydantic's; versions before 2.10 warn that it might be.
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class FactView(Frozen):
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

    @property
    def by_hand(self) -> bool:
        """Whether somebody added it with `graph.add`."""
        return self.document_id.startswith(HAND)

    @property
    def words(self) -> str:
        """What is stated."""
        return self.description or " ".join((self.source, *self.keywords[:1], self.target))

    @property
    def place(self) -> str:
        """Where it is stated, in words."""
        return _place(self.document_id, self.start, self.end)


class Seed(Frozen):
    """Where a search began, as far as one hit is concerned."""

    signal: str
    """Which part of the score it gives to: keyword, vector, name (named in the question), fact (near it), …"""
    kind: Literal["chunk", "entity"]
    name: str
    """The entity's name, or the chunk's id."""
    share: float = 0.0
    """Part of all that the walk began with; 0 where nothing walks."""
    part: float = 0.0
    """Part of the hit's score that began here; all seeds of a hit make 1 of what was found, not filled or moved up."""
    facts: tuple[FactView, ...] = ()
    """The facts near the question of which it is an end."""

    @property
    def words(self) -> str:
        """Why it is a seed."""
        return _REASONS.get(self.signal, self.signal)


class PathStep(Frozen):
    """One step of a hit's path, and the text it rests on."""

    kind: Literal["seed", "fact", "mention", "title"]
    """From the question to a seed; between entities; between an entity and a chunk that names it or is titled so."""
    target: str
    """Where the step leads: an entity's name or a chunk's id."""
    target_kind: Literal["chunk", "entity"]
    source: str = ""
    """Where the step before led; empty for the question."""
    signal: str = ""
    """Of a seed."""
    facts: tuple[FactView, ...] = ()
    """Statements behind the step, the cited one first."""
    document_id: str = ""
    chunk_id: str = ""
    """The chunk whose text the step rests on."""
    start: int = 0
    """Span of the cited statement or mention in the document's text."""
    end: int = 0
    quote: str = ""
    """The words there."""
    loss: float | None = None
    """Part of the hit's score that is lost when the walk can't take this edge; None: not an edge of the walk."""

    @property
    def words(self) -> str:
        """What the step says of its target: why it is a seed, what is stated, or that it is named."""
        if self.kind == "seed":
            return _REASONS.get(self.signal, self.signal)
        if self.kind == "fact":
            return self.facts[0].words if self.facts else ""
        forth, back = ("is the title of", "has the title") if self.kind == "title" else ("is named in", "names")
        return forth if self.target_kind == "chunk" else back

    @property
    def place(self) -> str:
        """Where the text is that it rests on, in words."""
        return _place(self.document_id, self.start, self.end)


class Evidence(Frozen):
    """Why a hit was returned."""

    parts: dict[str, float] = Field(default_factory=dict)
    """Additive parts of the score by signal (keyword, vector, graph, …); they sum to the hit's score."""
    entities: tuple[str, ...] = ()
    """Names through which the hit was reached, strongest first."""
    facts: tuple[FactView, ...] = ()
    """Statements that connect the question to the hit, strongest first."""
    path: tuple[str, ...] = ()
    """The strongest path from a seed to the hit, in words: seed, entity, …, chunk id (with `explain`)."""
    steps: tuple[PathStep, ...] = ()
    """The same path with what it rests on, the seed first (with `explain`)."""
    seeds: tuple[Seed, ...] = ()
    """Where the hit's score began, largest part first, at most ten (with `explain`)."""

    @property
    def shares(self) -> dict[str, float]:
        """Each part that is not 0 as a share of the score, largest first."""
        total = sum(abs(part) for part in self.parts.values())
        order = sorted(self.parts.items(), key=lambda item: -abs(item[1]))
        return {name: abs(part) / total for name, part in order if part}


def _place(document_id: str, start: int, end: int) -> str:
    return f"{document_id}, characters {start}–{end}" if end else document_id
