"""The handle's calls about the index as a whole: state, checks, maintenance."""

from __future__ import annotations

from lightrag_integrations._handle import Handle
from lightrag_integrations.reports import IndexStatus

__all__ = ["Upkeep"]


class Upkeep(Handle):
    """What can be done with an index as a whole."""

    def status(self) -> IndexStatus:
        """Counts and settings."""
        return self._live.run(self._live.status)

    async def astatus(self) -> IndexStatus:
        """Like `status`."""
        return await self._live.arun(self._live.status)

    def verify(self) -> list[str]:
        """Check every invariant of the store: one line for each violation, none when all is well."""
        return self._live.run(self._live.verify)

    async def averify(self) -> list[str]:
        """Like `verify`."""
        return await self._live.arun(self._live.verify)

    def dump(self) -> str:
        """Canonical text of the content: equal for equal content, whatever the history."""
        return self._live.run(self._live.dump)

    async def adump(self) -> str:
        """Like `dump`."""
        return await self._live.arun(self._live.dump)

    def compact(self, *, forget: bool = False) -> None:
        """Fold deletions into the postings and sweep what nothing refers to. Happens by itself, too, but for `forget`.

        Args:
            forget: Also drop the model's answers about text that no chunk has any more. Without it they stay in the
                cache when documents are deleted, and such text need not be paid again; that of documents still pending
                must be.
        """
        self._live.run(lambda: self._live.compact(forget))

    async def acompact(self, *, forget: bool = False) -> None:
        """Like `compact`."""
        await self._live.arun(lambda: self._live.compact(forget))

    def drop(self) -> None:
        """Remove the index with everything in it. The handle stays usable: the next call starts an empty index."""
        self._live.run(self._live.drop)

    async def adrop(self) -> None:
        """Like `drop`."""
        await self._live.arun(self._live.drop)
