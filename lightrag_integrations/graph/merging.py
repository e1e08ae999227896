"""Names that mean the same: merged by hand or by a threshold, each with its reason, each to be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from lightrag_integrations.edits import Alias, Edits
from lightrag_integrations.graph import edits as changes
from lightrag_integrations.graph.duplicates import Duplicate, Suggesting
from lightrag_integrations.graph.reading import Where
from lightrag_integrations.text.keys import normalise_name

__all__ = ["Merging"]

Names = str | Sequence[str]


class Merging(Suggesting):
    """The merges of `index.graph`."""

    def merge(self, names: Names, *, into: str, reason: str = "") -> list[Alias]:
        """Show these entities as one. What was said is kept as it was; `unmerge` brings back the very same index.

        Everything said under the names is shown under the other from now on, whatever is ingested or deleted; the
        shown name is one under which chunks speak of the other, where there is such a chunk. Questions may use any of
        the names. A fact about two names of one entity is not shown any more.

        Args:
            names: A name, or several. Names that nothing speaks of yet are kept for when something does.
            into: What they mean; may itself be merged into another.
            reason: Why, for `aliases`.

        Returns:
            What was merged; names that were already are not among it.

        Raises:
            InputError: A name is merged into another already, is hidden, or leads back to itself; nothing was written.
        """
        return self._live.run(lambda: self._merge(names, into, reason))

    async def amerge(self, names: Names, *, into: str, reason: str = "") -> list[Alias]:
        """Like `merge`."""
        return await self._live.arun(lambda: self._merge(names, into, reason))

    def unmerge(self, names: Names) -> list[Alias]:
        """Take merges back: what was said under these names is theirs again.

        Args:
            names: A name that was merged, or several; others are left out.

        Returns:
            The merges taken back.
        """
        return self._live.run(lambda: self._unmerge(names))

    async def aunmerge(self, names: Names) -> list[Alias]:
        """Like `unmerge`."""
        return await self._live.arun(lambda: self._unmerge(names))

    def aliases(self) -> list[Alias]:
        """All merges, by name, with their reasons. No filter hides any: they were said by hand."""
        return self._live.read(self._aliases)

    async def aaliases(self) -> list[Alias]:
        """Like `aliases`."""
        return await self._live.aread(self._aliases)

    def merge_duplicates(self, *, min_score: float = 0.95, limit: int = 50, filter: Where = None) -> list[Alias]:
        """Accept suggested duplicates: merge each pair of at least this score into the one with more mentions.

        Args:
            min_score: See `duplicates`.
            limit: At most so many pairs, likeliest first.
            filter: Only pairs among what passes. The merges hold for all.

        Returns:
            What was merged, with score and reason; `unmerge` takes it back.
        """
        return self._live.run(lambda: self._merge_duplicates(min_score, limit, filter))

    async def amerge_duplicates(self, *, min_score: float = 0.95, limit: int = 50, filter: Where = None) -> list[Alias]:
        """Like `merge_duplicates`."""
        return await self._live.arun(lambda: self._merge_duplicates(min_score, limit, filter))

    async def _merge(self, names: Names, into: str, reason: str) -> list[Alias]:
        listed, (target,) = changes.names_of(names), changes.names_of([into], "into")
        alias = changes.read(Alias, name=target, into=target, reason=reason)
        return await self._change(lambda edits: changes.merge(edits, listed, alias))

    async def _unmerge(self, names: Names) -> list[Alias]:
        listed = changes.names_of(names)
        before, after = await (await self._live.store()).edit(lambda edits: changes.unmerge(edits, listed))
        return _sorted(one for key, (_, one) in before.aliases.items() if key not in after.aliases)

    async def _aliases(self) -> list[Alias]:
        edits = await (await self._live.store()).edits()
        return _sorted(one for _, one in edits.aliases.values())

    async def _merge_duplicates(self, min_score: float, limit: int, where: Where) -> list[Alias]:
        pairs = await self._duplicates(limit, min_score, where)
        return await self._change(lambda edits: _accepted(edits, pairs))

    async def _change(self, change: Callable[[Edits], Edits]) -> list[Alias]:
        before, after = await (await self._live.store()).edit(change)
        return _sorted(one for key, (_, one) in after.aliases.items() if key not in before.aliases)


def _accepted(edits: Edits, pairs: Sequence[Duplicate]) -> Edits:
    for pair in pairs:
        # Either may have been merged by an earlier pair: then what it is now is merged.
        key, target = normalise_name(pair.second), normalise_name(pair.first)
        if edits.root(key) == edits.root(target) or edits.is_hidden(key) or edits.is_hidden(target):
            continue
        name = edits.aliases[key][1].into if key in edits.aliases else pair.second
        while normalise_name(name) in edits.aliases:
            name = edits.aliases[normalise_name(name)][1].into
        alias = Alias(name=name, into=pair.first, score=pair.score, reason="; ".join(pair.reasons))
        edits = changes.merge(edits, [name], alias)
    return edits


def _sorted(aliases: Iterable[Alias]) -> list[Alias]:
    return sorted(aliases, key=lambda one: one.name)
