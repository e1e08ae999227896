"""What documents say, corrected by hand: not shown, or something else said in its place. Each can be undone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lightrag_integrations.edits import Edits, Hidden, Override
from lightrag_integrations.errors import InputError
from lightrag_integrations.graph import edits as changes
from lightrag_integrations.graph.reading import Reading

__all__ = ["Hiding"]

Names = str | Sequence[str]
Pairs = Sequence[tuple[str, str]]


class Hiding(Reading):
    """The corrections of `index.graph`."""

    def hide(self, entities: Names = (), relations: Pairs = (), *, reason: str = "") -> list[Hidden]:
        """Show nothing of what documents say of these, now and whatever is ingested later; `unhide` brings it back.

        What is said by hand stays (`delete` removes it): to correct what documents say of a pair, hide it and `add`
        what is right. The text of the chunks stays, and is found, as it is.

        Args:
            entities: With all that is said of their relations.
            relations: Pairs, whichever way the facts point.
            reason: Why, for `hidden`.

        Returns:
            What was hidden; what was already is not among it.
        """
        listed = changes.listed(_names(entities), changes.pairs_of(relations))
        return self._live.run(lambda: self._hide(listed, reason))

    async def ahide(self, entities: Names = (), relations: Pairs = (), *, reason: str = "") -> list[Hidden]:
        """Like `hide`."""
        listed = changes.listed(_names(entities), changes.pairs_of(relations))
        return await self._live.arun(lambda: self._hide(listed, reason))

    def unhide(self, entities: Names = (), relations: Pairs = ()) -> list[Hidden]:
        """Show again what was hidden.

        Args:
            entities: Names of entities; those that are not hidden are left out.
            relations: Pairs.

        Returns:
            What was taken back.
        """
        listed = changes.listed(_names(entities), changes.pairs_of(relations))
        return self._live.run(lambda: self._unhide(listed))

    async def aunhide(self, entities: Names = (), relations: Pairs = ()) -> list[Hidden]:
        """Like `unhide`."""
        listed = changes.listed(_names(entities), changes.pairs_of(relations))
        return await self._live.arun(lambda: self._unhide(listed))

    def hidden(self) -> list[Hidden]:
        """All that is hidden."""
        return self._live.read(self._hidden)

    async def ahidden(self) -> list[Hidden]:
        """Like `hidden`."""
        return await self._live.aread(self._hidden)

    def override(
        self, name: str, *, type: str | None = None, description: str | None = None, reason: str = ""
    ) -> Override:
        """Say what an entity is in place of what is said of it, now and whatever is ingested later.

        It is shown wherever the entity is, under every filter. `restore` takes it back.

        Args:
            name: Of the entity.
            type: None: as documents say, or as overridden before.
            description: As `type`; empty: none.
            reason: Why, for `overrides`.

        Returns:
            What is said of it now.
        """
        return self._live.run(lambda: self._override(name, type, description, reason))

    async def aoverride(
        self, name: str, *, type: str | None = None, description: str | None = None, reason: str = ""
    ) -> Override:
        """Like `override`."""
        return await self._live.arun(lambda: self._override(name, type, description, reason))

    def restore(self, names: Names) -> list[Override]:
        """Take overrides back: entities are what documents say again.

        Args:
            names: A name, or several; those that are not overridden are left out.

        Returns:
            What was taken back.
        """
        return self._live.run(lambda: self._restore(names))

    async def arestore(self, names: Names) -> list[Override]:
        """Like `restore`."""
        return await self._live.arun(lambda: self._restore(names))

    def overrides(self) -> list[Override]:
        """All overrides, by name."""
        return self._live.read(self._overrides)

    async def aoverrides(self) -> list[Override]:
        """Like `overrides`."""
        return await self._live.aread(self._overrides)

    async def _hide(self, listed: list[tuple[str, ...]], reason: str) -> list[Hidden]:
        before, after = await self._edit(lambda edits: changes.hide(edits, listed, reason))
        return [one for pair, one in sorted(after.hidden.items()) if pair not in before.hidden]

    async def _unhide(self, listed: list[tuple[str, ...]]) -> list[Hidden]:
        before, after = await self._edit(lambda edits: changes.unhide(edits, listed))
        return [one for pair, one in sorted(before.hidden.items()) if pair not in after.hidden]

    async def _hidden(self) -> list[Hidden]:
        edits = await (await self._live.store()).edits()
        return [one for _, one in sorted(edits.hidden.items())]

    async def _override(self, name: str, kind: str | None, description: str | None, reason: str) -> Override:
        (shown,) = changes.names_of([name], "name")
        if kind is None and description is None:
            raise InputError(f"override({shown!r:.80}): got neither type nor description; give one, or use restore()")
        given = changes.read(Override, name=shown, type=kind, description=description, reason=reason)
        _, after = await self._edit(lambda edits: changes.override(edits, given))
        return after.overrides[after.root(changes.key_of(shown))]

    async def _restore(self, names: Names) -> list[Override]:
        listed = changes.names_of(names)
        before, after = await self._edit(lambda edits: changes.restore(edits, listed))
        return _sorted([one for key, one in before.overrides.items() if key not in after.overrides])

    async def _overrides(self) -> list[Override]:
        return _sorted([*(await (await self._live.store()).edits()).overrides.values()])

    async def _edit(self, change: Callable[[Edits], Edits]) -> tuple[Edits, Edits]:
        return await (await self._live.store()).edit(change)


def _names(given: Names) -> list[str]:
    return changes.names_of(given, "entities")


def _sorted(overrides: list[Override]) -> list[Override]:
    return sorted(overrides, key=lambda one: one.name)
