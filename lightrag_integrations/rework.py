"""What a change of stored chunks is told, and what it says in return."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lightrag_integrations.contributions import PreparedDocument
    from lightrag_integrations.models import ChunkGraph, Document

__all__ = ["Change", "Contributed", "Reworked", "Reworking", "Vectors"]


@dataclass(frozen=True, slots=True)
class Reworked:
    """What a change makes of stored chunks."""

    documents: Sequence[PreparedDocument] = ()
    """To be stored, new and changed chunks; other chunks of the same documents stay."""
    gone: Sequence[str] = ()
    """Ids of chunks to be removed."""
    missing: Sequence[str] = ()
    """Ids of chunks that were to be changed, and are not there: nothing is written."""


@dataclass(frozen=True, slots=True)
class Contributed:
    """What one call adds to what chunks tell."""

    documents: Sequence[Document] = ()
    """With their chunks, new ones or such as are stored: what a stored one tells stays."""
    graphs: Mapping[str, ChunkGraph] = field(default_factory=dict)
    """For stored chunks, by id."""
    homes: Sequence[str] = ()
    """Ids of the documents of these."""
    into: Mapping[str, str] = field(default_factory=dict)
    """Stored chunks whose contributions another chunk of the call takes over; they go."""


Change = Callable[[Mapping[str, "PreparedDocument"]], Reworked]
"""Of the stored chunks by id, each as a document of one; may be called again."""


Vectors = Mapping[str, Sequence[float]]


class Reworking(Protocol):
    """The part of the store that changes what stored chunks contribute."""

    async def rework(
        self,
        chunk_ids: Sequence[str],
        change: Change,
        *,
        homes: Sequence[str] = (),
        vectors: Vectors | None = None,
        model: str = "",
    ) -> Reworked:
        """Read chunks, change them and store them, in one transaction that nobody else changes them in.

        Args:
            chunk_ids: Those that are to be changed; unknown ones are left out.
            change: Says what is to be stored and removed.
            homes: Documents that new chunks go to.
            vectors: That entities have from now on, by key.
            model: That new vectors come from; empty: not told.

        Returns:
            What was changed.
        """
        ...
