"""The part of the store that makes vectors of another model beside those that are searched."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

__all__ = ["KINDS", "Filling", "Kind", "MakeVectors", "Refilling", "Unfilled"]

Kind = Literal["chunk", "entity", "fact", "aside"]
"""The last: facts that edits don't show."""
KINDS: tuple[Kind, ...] = ("chunk", "entity", "fact", "aside")


class Filling(NamedTuple):
    """Which model's vectors are searched, and which one's are being made."""

    searched: str | None
    """None: the index holds no vectors yet."""
    filling: str | None
    dimension: int | None
    """Of those being made."""


@dataclass(frozen=True, slots=True)
class Unfilled:
    """A row that lacks the vector of the model at work."""

    kind: Kind
    id: int
    parts: tuple[Any, ...]
    """What its text is made of: title and text of a chunk; the key of an entity; description, source, keywords and
    target of a fact."""


MakeVectors = Callable[[Sequence[Unfilled]], Awaitable[Sequence[Sequence[float]]]]


class Refilling(Protocol):
    """Everything that a change of the embedding model needs; searches and commits go on beside all of it."""

    async def filling(self) -> Filling:
        """The models."""
        ...

    async def clear_filling(self) -> None:
        """Drop what was made by a model that is not searched."""
        ...

    async def begin_filling(self, model: str, dimension: int) -> None:
        """Make room for the vectors of a model; what another one's call had made is dropped."""
        ...

    async def count_filling(self, kinds: Collection[Kind]) -> tuple[int, int]:
        """How many rows have their vector, and how many lack it; recorded for `status`. Nothing is filled: (0, 0)."""
        ...

    async def unfilled(self, kind: Kind, *, after: int, limit: int) -> Sequence[Unfilled]:
        """Rows of a kind that lack their vector, in the order of their ids, from beyond one."""
        ...

    async def fill(self, kind: Kind, vectors: Mapping[int, Sequence[float]], *, model: str) -> int | None:
        """Store vectors by row, in one transaction; rows that somebody holds are left out.

        Returns:
            How many were stored; None when this model's vectors are searched by now: another call was quicker.

        Raises:
            StorageError: Another call began with another model.
        """
        ...

    async def index_filled(self) -> None:
        """Build the vector indexes that the new vectors need to be searched fast."""
        ...

    async def switch(self, model: str, kinds: Collection[Kind], *, last: MakeVectors | None, limit: int) -> bool:
        """Search the new vectors from now on, if no row lacks its own. Commits wait meanwhile, readers don't.

        Args:
            model: The new model.
            kinds: What it makes vectors of.
            last: Makes the last few vectors while commits wait; None: nothing is made here.
            limit: Most vectors made so.

        Returns:
            False when rows lack their vectors: documents were stored meanwhile.
        """
        ...
