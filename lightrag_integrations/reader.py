"""The seam for reading: what algorithms ask of one snapshot of an index."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from lightrag_integrations.mirrored import MirrorReader
from lightrag_integrations.notes import NoteReader
from lightrag_integrations.rows import ChunkRow, EdgeBatch, EntityRow, FactRow, Posting, Statement
from lightrag_integrations.whole import WholeReader

if TYPE_CHECKING:
    from lightrag_integrations.rows import Ints

__all__ = ["Reader"]

T = TypeVar("T")


class Reader(WholeReader, NoteReader, MirrorReader, Protocol):
    """One consistent, read-only snapshot of an index through one filter. Everything returned is visible."""

    async def begin(self, reading: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin to read what is wanted later: it is on its way while the caller does something else.

        Args:
            reading: What a method of this reader gives. Its statements take their turns with others'; what is not
                done when the snapshot ends is given up.
        """
        ...

    async def corpus(self) -> tuple[int, int]:
        """(number of chunks, sum of their lengths in terms): BM25's N and N × mean length."""
        ...

    async def postings(self, terms: Sequence[int], *, most: int | None = None) -> Sequence[Posting]:
        """Postings of the terms that occur, in the order asked.

        Args:
            terms: Hashes.
            most: Terms that more chunks hold are left out.
        """
        ...

    async def nearest_chunks(self, vector: Sequence[float], limit: int) -> Sequence[tuple[int, float]]:
        """(chunk, cosine), best first."""
        ...

    async def nearest_entities(self, vector: Sequence[float], limit: int) -> Sequence[tuple[int, float]]:
        """(entity, cosine of its name), best first."""
        ...

    async def nearest_facts(self, vector: Sequence[float], limit: int) -> Sequence[tuple[Statement, float]]:
        """(fact, cosine of its description), best first."""
        ...

    async def similarities(self, vector: Sequence[float], chunks: Sequence[int]) -> Mapping[int, float]:
        """Cosine of each given chunk that has a vector."""
        ...

    async def named(self, keys: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        """Entity key to (entity, number of visible chunks that mention it), for keys that exist visibly.

        No count goes past `COUNTED`.
        """
        ...

    async def edges(
        self,
        *,
        entities: Sequence[int],
        chunks: Sequence[int],
        limit: int,
        vector: Sequence[float] | None = None,
        measured: Sequence[int] = (),
        known: Sequence[int] | Ints = (),
    ) -> EdgeBatch:
        """Edges next to the nodes given, in one call.

        Args:
            entities: Nodes.
            chunks: Nodes.
            limit: Most edges of one kind read of each node.
            vector: Where given, the cosines to it of the chunks met come along,
            measured: and those of these chunks,
            known: but for these, whose cosines the caller has.
        """
        ...

    async def links(self, chunks: Sequence[int], *, limit: int, shared_by: int) -> Sequence[tuple[int, int, float]]:
        """From each chunk p given to other chunks q, with a weight.

        (p, q, 1.0) where p mentions (not as its title) an entity that is q's title; chunks of the same entity title as
        p itself are left out. If p has no title, also (p, q, 1/√df) where both mention a non-title entity of
        2 ≤ df ≤ `shared_by`, once for each such entity.

        Args:
            chunks: Each p.
            limit: Most links of each kind from one chunk.
            shared_by: Most chunks that mention an entity which links them.
        """
        ...

    async def chunks(self, ids: Sequence[int]) -> Mapping[int, ChunkRow]:
        """The chunks with these surrogate ids."""
        ...

    async def places(self, ids: Sequence[int]) -> Mapping[int, tuple[str, int, str]]:
        """(document id, position, chunk id) of these chunks: the order of those that are equal otherwise."""
        ...

    async def find_chunks(self, chunk_ids: Sequence[str]) -> Sequence[ChunkRow]:
        """The chunks with these callers' ids, in the order asked."""
        ...

    async def all_chunks(self, limit: int | None = None) -> Sequence[ChunkRow]:
        """Every visible chunk, in (document id, position) order; the first `limit` where given."""
        ...

    async def vectors(self, chunk_ids: Sequence[str]) -> Mapping[str, Sequence[float]]:
        """Stored vectors by callers' chunk id, of those that have one."""
        ...

    async def entities(self, ids: Sequence[int], *, sources: int | None = None) -> Mapping[int, EntityRow]:
        """The entities with these surrogate ids.

        Args:
            ids: Surrogate ids.
            sources: Names, types, descriptions and documents come from so many mentions of each at most, titles
                first, and no count goes past `WEIGHED`; None: from all.
        """
        ...

    async def expect_entities(self, ids: Sequence[int], *, sources: int | None = None) -> None:
        """Say that `entities` will be asked for these; then it may be read already.

        Args:
            ids: As for `entities`, in any order.
            sources: The same.
        """
        ...

    async def facts(self, ids: Sequence[int]) -> Mapping[int, FactRow]:
        """The facts with these surrogate ids."""
        ...

    async def facts_and_names(
        self, ids: Sequence[int], entities: Sequence[int]
    ) -> tuple[Mapping[int, FactRow], Mapping[int, str]]:
        """`facts`, and the names of these entities as `entities` with `SOURCES` gives them; no more of them is read."""
        ...

    async def facts_of_entities(self, entities: Sequence[int], limit: int) -> Sequence[FactRow]:
        """Facts at these entities, at most `limit` for each, heaviest first, then by document id and position."""
        ...

    async def statements(self, chunks: Sequence[int], limit: int) -> Sequence[Statement]:
        """What these chunks tell, in order, `limit` of each at most."""
        ...

    async def facts_between(self, pairs: Sequence[tuple[int, int]], limit: int) -> Sequence[FactRow]:
        """Facts between each pair of entities, either direction, at most `limit` for each pair."""
        ...

    async def mentions_of_chunks(self, chunks: Sequence[int]) -> Sequence[tuple[int, int, bool]]:
        """(chunk, entity, is title)."""
        ...

    async def mentions_of_entities(self, entities: Sequence[int], limit: int) -> Sequence[tuple[int, int]]:
        """(entity, chunk), at most `limit` for each entity, in (document id, position) order."""
        ...
