"""What was said by hand about names: which mean the same, what is not shown, what is said instead.

Edits are kept beside what documents say and never change it: what is shown is the one applied to the other. They go by
keys of names, so they hold whatever is ingested or deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from lightrag_integrations.evidence import Frozen

__all__ = ["Alias", "Edits", "Hidden", "Override", "Pair"]

Pair = tuple[str, str]
"""Two keys, the lower first; twice the same: the entity itself."""


class Alias(Frozen):
    """A name that was merged into another."""

    name: str
    into: str
    reason: str = ""
    score: float | None = None
    """Of the suggestion that was accepted; None: merged by hand."""
    at: datetime | None = None


class Hidden(Frozen):
    """An entity (one name), or what is said of a pair (two), that documents speak of and nobody is shown."""

    names: tuple[str, ...]
    reason: str = ""
    at: datetime | None = None


class Override(Frozen):
    """What is said of an entity in place of what documents say; None: as they say."""

    name: str
    type: str | None = None
    description: str | None = None
    reason: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Edits:
    """All edits of an index, by key."""

    aliases: Mapping[str, tuple[str, Alias]] = field(default_factory=dict)
    """With the key of the name merged into."""
    hidden: Mapping[Pair, Hidden] = field(default_factory=dict)
    overrides: Mapping[str, Override] = field(default_factory=dict)

    def root(self, key: str) -> str:
        """Where the chain of aliases that begins with a key ends; a damaged one, going in a circle, where it began."""
        seen = {key}
        found = key
        while found in self.aliases:
            found = self.aliases[found][0]
            if found in seen:
                return key
            seen.add(found)
        return found

    def roots(self, pair: Pair) -> Pair:
        """Of both keys, the lower first."""
        low, high = sorted((self.root(pair[0]), self.root(pair[1])))
        return low, high

    def is_hidden(self, key: str) -> bool:
        """Whether the entity that the key leads to is hidden."""
        return ("", "") in self._partners.get(self.root(key), frozenset())

    def differing(self, other: Edits) -> set[str]:
        """Keys of which mentions or facts look different under other edits."""
        keys = self._keys | other._keys
        return {key for key in keys if self._ruling(key) != other._ruling(key)}

    @cached_property
    def _keys(self) -> set[str]:
        named = {key for pair in self.hidden for key in pair} | self.aliases.keys() | self.overrides.keys()
        return named | {self.root(key) for key in named}

    @cached_property
    def _partners(self) -> Mapping[str, frozenset[Pair]]:
        """Hidden pairs by the root of each end; the pair of nothing stands for the entity itself."""
        found: dict[str, set[Pair]] = {}
        for low, high in self.hidden:
            pair = self.roots((low, high))
            for root in pair:
                found.setdefault(root, set()).add(("", "") if low == high else pair)
        return {root: frozenset(pairs) for root, pairs in found.items()}

    @cached_property
    def _said(self) -> Mapping[str, frozenset[tuple[str, str | None, str | None]]]:
        found: dict[str, set[tuple[str, str | None, str | None]]] = {}
        for key, one in self.overrides.items():
            found.setdefault(self.root(key), set()).add((key, one.type, one.description))
        return {root: frozenset(said) for root, said in found.items()}

    def _ruling(self, key: str) -> tuple[object, ...]:
        root = self.root(key)
        return root, self._partners.get(root, frozenset()), self._said.get(root, frozenset())
