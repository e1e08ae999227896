"""Searches whose vector part a store outside answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from lightrag_integrations.errors import MirrorError
from lightrag_integrations.mirror.tools import Mirror
from lightrag_integrations.mirrored import VectorTarget
from lightrag_integrations.reader import Reader

__all__ = ["Outside"]

_LOG = logging.getLogger("lightrag_integrations.mirror")
_MARGIN = 8
"""Asked for beyond those wanted, for chunks that were deleted since the last sync."""
_WIDER = 4
"""Times as many are asked for when too few of those given are visible."""


class Outside:
    """Puts a store outside in the place of a reader's own search among chunk vectors."""

    def __init__(self, mirror: Mirror[VectorTarget], *, timeout_s: float, most: int) -> None:
        """Keep the store.

        Args:
            mirror: The store.
            timeout_s: After so long PostgreSQL answers.
            most: Most chunks asked for.
        """
        self._mirror = mirror
        self._timeout_s = timeout_s
        self._most = most

    def over(self, reader: Reader) -> Reader:
        """The same snapshot, with the nearest chunks from outside."""
        return cast(Reader, _Reader(reader, self))

    async def nearest(self, reader: Reader, vector: Sequence[float], limit: int) -> Sequence[tuple[int, float]]:
        """(chunk, cosine), best first: which chunks is told from outside, how near and whether visible by PostgreSQL.

        Args:
            reader: The snapshot.
            vector: Of the question.
            limit: How many.
        """
        visible = await self._visible(reader, vector, limit)
        if visible:
            near = await reader.similarities(vector, visible)
            # Equal ones stay in the order of their ids, as PostgreSQL has them.
            scored = sorted(((one, near[one]) for one in visible if one in near), key=lambda pair: -pair[1])
            if len(scored) >= limit or len(scored) == (await reader.corpus())[0]:
                return scored[:limit]
        return await reader.nearest_chunks(vector, limit)

    async def _visible(self, reader: Reader, vector: Sequence[float], limit: int) -> list[int]:
        """Chunks from outside, as many as are wanted if there are so many within reach; none where that fails."""
        asked = 0
        wanted = limit + _MARGIN
        found: list[int] = []
        while len(found) < limit and asked < self._most:
            asked = min(wanted, self._most)
            ids = await self._ask(vector, asked)
            known = await reader.mirrored_chunks(self._mirror.name, ids) if ids else {}
            found = [*known.values()]
            if len(ids) < asked:
                break
            wanted = asked * _WIDER
        return found

    async def _ask(self, vector: Sequence[float], limit: int) -> Sequence[str]:
        call = partial(self._mirror.target.nearest, [float(value) for value in vector], limit)
        try:
            return await asyncio.wait_for(self._mirror.run(call), self._timeout_s)
        except TimeoutError:
            reason = f"no answer within {self._timeout_s} s"
        except MirrorError as error:
            reason = str(error)
        _LOG.warning("the store of vectors failed, PostgreSQL answers: %s", reason, extra={"action": "search"})
        return ()


class _Reader:
    """A reader with another `nearest_chunks`."""

    def __init__(self, reader: Reader, outside: Outside) -> None:
        self._reader = reader
        self._outside = outside

    async def nearest_chunks(self, vector: Sequence[float], limit: int) -> Sequence[tuple[int, float]]:
        """See `reader.Reader.nearest_chunks`."""
        return await self._outside.nearest(self._reader, vector, limit) if limit > 0 else ()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)
