"""The window: how much is in work at once, by number of documents and by size. It limits memory, not calls."""

from __future__ import annotations

import asyncio

__all__ = ["Window"]


class Window:
    """Admits documents one after the other; for one feeder."""

    def __init__(self, *, documents: int, size: int) -> None:
        """Stand open.

        Args:
            documents: Most documents inside.
            size: Most characters inside. A document counts at most a quarter of it, so that a huge one never keeps
                all the others waiting.
        """
        self._documents = documents
        self._size = size
        self._inside = 0
        self._load = 0
        self._left = asyncio.Event()

    @property
    def empty(self) -> bool:
        """Nothing is inside."""
        return not self._inside

    async def enter(self, size: int) -> None:
        """Wait until there is room, and take it."""
        size = self._counted(size)
        while self._inside >= self._documents or (self._inside and self._load + size > self._size):
            self._left.clear()
            await self._left.wait()
        self._inside += 1
        self._load += size

    async def down_to(self, documents: int) -> None:
        """Wait until no more than so many are inside."""
        while self._inside > documents:
            self._left.clear()
            await self._left.wait()

    def leave(self, size: int) -> None:
        """Give the room back."""
        self._inside -= 1
        self._load -= self._counted(size)
        self._left.set()

    def _counted(self, size: int) -> int:
        return min(size, self._size // 4)
