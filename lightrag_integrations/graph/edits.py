"""The edits that a call of `index.graph` makes of those that are there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from pydantic import ValidationError

from lightrag_integrations.edits import Alias, Edits, Hidden, Override, Pair
from lightrag_integrations.errors import InputError
from lightrag_integrations.text.keys import normalise_name

__all__ = [
    "hide",
    "key_of",
    "listed",
    "merge",
    "names_of",
    "override",
    "pairs_of",
    "read",
    "restore",
    "unhide",
    "unmerge",
]

_MAX_BYTES = 1024
"""No document has an entity of a longer name (`ingest.check.MAX_ID_BYTES`)."""
Made = TypeVar("Made", Alias, Hidden, Override)


def names_of(given: object, name: str = "names") -> list[str]:
    """A list of names; a lone string is one name.

    Raises:
        InputError: Something is no text, empty, or longer than any name of an entity.
    """
    listed: list[object] = [*given] if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    for one in listed:
        if not isinstance(one, str) or not one.strip():
            raise InputError(f"{name}: got {one!r:.80}; expected names")
        if len(normalise_name(one).encode("utf-8", "surrogatepass")) > _MAX_BYTES:
            raise InputError(f"{name}: got {len(one)} characters; a name has at most {_MAX_BYTES} bytes of UTF-8")
    return [" ".join(str(one).split()) for one in listed]


def read(kind: type[Made], **said: object) -> Made:
    """An edit of what the caller said.

    Raises:
        InputError: Something is no text.
    """
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise InputError(f"{first['loc'][0]}: got {first['input']!r:.80}; expected text") from error


def key_of(name: str) -> str:
    """The key of a name."""
    return normalise_name(name)


def pairs_of(given: Iterable[Sequence[str]]) -> list[tuple[str, str]]:
    """Pairs of names.

    Raises:
        InputError: Something else is among them.
    """
    found = []
    if not isinstance(given, Iterable):
        raise InputError(f"relations: got {given!r:.80}; expected pairs of names")
    for pair in given:
        if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise InputError(f"relations: got {pair!r:.80}; expected pairs of names")
        first, second = names_of(pair, "relations")
        if normalise_name(first) == normalise_name(second):
            raise InputError(f"relations: got {first!r:.80} twice; expected two entities")
        found.append((first, second))
    return found


def merge(edits: Edits, names: Sequence[str], alias: Alias) -> Edits:
    """The edits with these names merged into that of the alias.

    Args:
        edits: Those that are there.
        names: To be merged.
        alias: Into which, why and with what score; its own name does not matter.

    Raises:
        InputError: A name is merged into another already, is hidden, or leads back to itself.
    """
    target = normalise_name(alias.into)
    for name in names:
        key = normalise_name(name)
        if key == target:
            raise InputError(f"got {name!r:.80} and into={alias.into!r:.80}; these are the same name already")
        there = edits.aliases.get(key)
        if there is not None and there[0] == target:
            continue
        if there is not None:
            raise InputError(f"{name!r:.80} is merged into {there[1].into!r:.80} already; unmerge it first")
        if edits.root(target) == key:
            raise InputError(f"{alias.into!r:.80} is merged into {name!r:.80}; unmerge it first")
        for shown in (name, alias.into):
            if edits.is_hidden(normalise_name(shown)):
                raise InputError(f"{shown!r:.80} is hidden; unhide it first")
        added = alias.model_copy(update={"name": name})
        edits = replace(edits, aliases={**edits.aliases, key: (target, added)})
    return edits


def unmerge(edits: Edits, names: Sequence[str]) -> Edits:
    """The edits with these names on their own again; what was merged into them stays with them."""
    gone = {normalise_name(name) for name in names}
    return replace(edits, aliases={key: one for key, one in edits.aliases.items() if key not in gone})


def hide(edits: Edits, pairs: Iterable[Sequence[str]], reason: str) -> Edits:
    """The edits with these hidden: entities (one name) and pairs (two)."""
    hidden = dict(edits.hidden)
    for names in pairs:
        hidden.setdefault(_pair(names), read(Hidden, names=tuple(names), reason=reason))
    return replace(edits, hidden=hidden)


def unhide(edits: Edits, pairs: Iterable[Sequence[str]]) -> Edits:
    """The edits without those that hide these."""
    gone = {(len(names), edits.roots(_pair(names))) for names in pairs}
    return replace(
        edits,
        hidden={pair: one for pair, one in edits.hidden.items() if (len(one.names), edits.roots(pair)) not in gone},
    )


def override(edits: Edits, given: Override) -> Edits:
    """The edits with what is said of an entity; what is left open stays as it was."""
    key = edits.root(normalise_name(given.name))
    there = edits.overrides.get(key)
    if there is not None:
        said = {name: value for name, value in given.model_dump().items() if value is not None and name != "at"}
        given = there.model_copy(update=said)
    return replace(edits, overrides={**edits.overrides, key: given})


def restore(edits: Edits, names: Sequence[str]) -> Edits:
    """The edits without what is said of these entities."""
    keys = {normalise_name(name) for name in names}
    # What was said of a name that was merged then goes by the name it was merged into.
    gone = {edits.root(key) for key in keys}
    return replace(
        edits,
        overrides={
            key: one
            for key, one in edits.overrides.items()
            if edits.root(key) not in gone and normalise_name(one.name) not in keys
        },
    )


def listed(names: Sequence[str], relations: Sequence[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Entities and pairs as `hide` takes them."""
    return [*((name,) for name in names), *relations]


def _pair(names: Sequence[str]) -> Pair:
    keys = sorted(map(normalise_name, names))
    return keys[0], keys[-1]
