"""What every mode gives: chunks with additive score parts, and the entities and facts that led to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lightrag_integrations.reader import Reader
from lightrag_integrations.rows import ChunkRow

if TYPE_CHECKING:
    from lightrag_integrations.retrieve.trace import Trace

__all__ = ["Found", "Ranking", "ordered", "settled"]


@dataclass(frozen=True, slots=True)
class Found:
    """One chunk as a mode found it. Integers are the snapshot's surrogate ids."""

    parts: Mapping[str, float]
    entities: tuple[int, ...] = ()
    """Through which it was reached, strongest first."""
    facts: tuple[int, ...] = ()
    """Stored facts that led to it, strongest first."""
    path: tuple[tuple[str, int], ...] = ()
    """From a seed to the chunk: ("entity" or "chunk", id); of a walk only its trace knows."""
    given: float | None = None
    """The score where it was settled apart from the parts: their sum may differ from it in the last digit."""

    @property
    def score(self) -> float:
        """Sum of the parts."""
        return sum(self.parts.values()) if self.given is None else self.given


@dataclass(frozen=True, slots=True)
class Ranking:
    """All that a mode found."""

    chunks: Mapping[int, Found] = field(default_factory=dict)
    entities: tuple[int, ...] = ()
    """Near the question, strongest first."""
    facts: tuple[int, ...] = ()
    """Near the question, strongest first."""
    pinned: tuple[int, ...] = ()
    """Chunks of the first stage, best first: as many as the guard asks for stay within the first five."""
    trace: Trace | None = None
    """Tells of a walk how its mass came to a chunk."""


def ordered(found: Mapping[int, Found], rows: Mapping[int, ChunkRow]) -> list[int]:
    """Chunk ids by score, ties by document id, position and chunk id: never by what depends on history."""
    return sorted(
        (chunk for chunk in found if chunk in rows),
        key=lambda chunk: (-found[chunk].score, *_place(rows[chunk])),
    )


async def settled(scored: Sequence[tuple[int, float]], reader: Reader, limit: int) -> list[tuple[int, float]]:
    """The best of some scored chunks; of equal scores the first in the order of documents, whatever their ids.

    Args:
        scored: (chunk, score).
        reader: Tells the places of those that tie, which are few.
        limit: At most so many.
    """
    times = Counter(score for _, score in scored)
    tied = [chunk for chunk, score in scored if times[score] > 1]
    places = await reader.places(tied) if tied else {}
    return sorted(scored, key=lambda pair: (-pair[1], places.get(pair[0], ("", 0, ""))))[:limit]


def _place(row: ChunkRow) -> tuple[str, int, str]:
    return row.document_id, row.position, row.chunk_id
