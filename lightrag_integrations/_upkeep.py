"""The handle's calls about the index as a whole: state, checks, maintenance."""

from __future__ import annotations

from lightrag_integrations._handle import Handle
from lightrag_integrations.records import Records
from lightrag_integrations.reports import IndexStatus, RepairReport
from lightrag_integrations.stats import IndexStats

__all__ = ["Upkeep"]


class Upkeep(Handle):
    """What can be done with an index as a whole."""

    def status(self) -> IndexStatus:
        """Counts by state, what waits for upkeep, sizes and settings. Fast, however large the index."""
        return self._live.run(self._live.status)

    async def astatus(self) -> IndexStatus:
        """Like `status`."""
        return await self._live.arun(self._live.status)

    def stats(self) -> IndexStats:
        """What this handle did since it was made, and what it does now: counts, times, tokens. Asks no database."""
        return self._live.stats()

    async def astats(self) -> IndexStats:
        """Like `stats`; there is nothing to wait for."""
        return self._live.stats()

    def names(self) -> list[str]:
        """Names of all indexes of the database, in order. Makes none, so this one need not be among them."""
        return self._live.read(self._names)

    async def anames(self) -> list[str]:
        """Like `names`."""
        return await self._live.aread(self._names)

    async def _names(self) -> list[str]:
        return await (await self._live.store()).names()

    def records(self, namespace: str = "default") -> Records:
        """A book of what an outside program wrote and when, such as LangChain's indexing API; does no I/O.

        Args:
            namespace: One for each program and collection; up to 1024 bytes.

        Raises:
            InputError: The namespace can't be used.
        """
        return Records(self._live, self._keeper, namespace)

    def verify(self) -> list[str]:
        """Check every invariant of the store, beside readers and writers; reads the whole index.

        Returns:
            One line for each kind of damage, with a few ids and what to do about it; none when all is well.
        """
        return self._live.run(self._live.verify)

    async def averify(self) -> list[str]:
        """Like `verify`."""
        return await self._live.arun(self._live.verify)

    def repair(self) -> RepairReport:
        """Mend what `verify` finds, as far as documents, chunks and what was extracted from them tell how.

        The keyword index is made anew from the texts, relations from facts, entities from mentions; what belongs to
        nothing is removed, leases of workers that are gone end. Readers go on, writers wait until it is done.

        Returns:
            What was mended, and what is left with what to do: mostly to ingest some documents again, which are then
            stored anew though they are unchanged, from the cache where it has the model's answers.
        """
        return self._live.run(self._repair)

    async def arepair(self) -> RepairReport:
        """Like `repair`."""
        return await self._live.arun(self._repair)

    async def _repair(self) -> RepairReport:
        return await (await self._live.store()).repair()

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
        """Remove the index with everything in it, also from the handle's own stores, as far as they can be reached.

        The handle stays usable: the next call starts an empty index.
        """
        self._live.run(self._live.drop)

    async def adrop(self) -> None:
        """Like `drop`."""
        await self._live.arun(self._live.drop)
