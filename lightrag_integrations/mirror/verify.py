"""What differs between an index and its mirrors."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from lightrag_integrations.errors import MirrorError
from lightrag_integrations.mirror.graph import BETWEEN
from lightrag_integrations.mirror.sync import KINDS
from lightrag_integrations.mirror.tools import Mirror, nothing, parts
from lightrag_integrations.mirrored import Compared, MirrorKind, Recorded

__all__ = ["verify_all"]

_ROWS = 500
_SHOWN = 5
_WORDS = ("missing", "stale", "extra")


async def verify_all(mirrors: Sequence[Mirror[Any]]) -> list[str]:
    """One line for each kind of difference of each mirror, none when all is well.

    Where a store has something otherwise than was recorded, that is forgotten, so that the next sync puts it anew.

    Args:
        mirrors: The stores.

    Raises:
        StorageError: PostgreSQL failed.
    """
    lines: list[str] = []
    for mirror in mirrors:
        try:
            for kind in KINDS[mirror.role]:
                lines += await (_relations(mirror) if kind == "relation" else _things(mirror, kind))
            lines += await _strangers(mirror)
        except MirrorError as error:
            lines.append(f"{mirror.role}: can't be asked: {error}")
    return lines


async def _things(mirror: Mirror[Any], kind: MirrorKind) -> list[str]:
    found: dict[str, list[str]] = {word: [] for word in _WORDS}
    async for part in parts(mirror, kind, _ROWS, nothing):
        ids = [state.stored for state in part.states if state.stored]
        held = await mirror.run(partial(mirror.target.held, ids)) if ids else {}
        words = {state: _difference(state, held) for state in part.states}
        for state, word in words.items():
            if word:
                found[word].append(state.key)
        await _doubt(mirror, kind, words)
    return _lines(mirror, kind, found)


def _difference(state: Compared, held: Mapping[str, str] | None) -> str:
    """Of one thing; a store that tells no hashes, or nothing at all, is taken to have what it was given."""
    there = state.past is not None and (held is None or state.stored in held)
    if state.present is None:
        return "extra" if there else ""
    if not there:
        return "missing"
    kept = held.get(state.stored, "") if held is not None else ""
    return "" if state.same and kept in ("", state.present) else "stale"


async def _relations(mirror: Mirror[Any]) -> list[str]:
    found: dict[str, list[str]] = {word: [] for word in _WORDS}
    async for part in parts(mirror, "relation", _ROWS, nothing):
        ends = {state: _ends(state) for state in part.states}
        sources = [*{pair[0] for pair in ends.values() if pair[0]}]
        told = await mirror.run(partial(mirror.target.related, sources)) if sources else ()
        held = None if told is None else set(told)
        words = {state: _relation_difference(state, held, pair) for state, pair in ends.items()}
        for state, word in words.items():
            if word:
                found[word].append(" → ".join(ends[state]))
        await _doubt(mirror, "relation", words)
    return _lines(mirror, "relation", found)


def _relation_difference(state: Compared, held: Collection[tuple[str, str]] | None, pair: tuple[str, str]) -> str:
    there = state.past is not None and (held is None or pair in held)
    if state.present is None:
        return "extra" if there else ""
    if there:
        return "" if state.same else "stale"
    return "missing"


async def _doubt(mirror: Mirror[Any], kind: MirrorKind, words: Mapping[Compared, str]) -> None:
    """Write down of what was recorded as well, but isn't, that it has to be put anew."""
    wrong = [state for state, word in words.items() if word and state.same]
    lost = [(state.key, state.part) for state in wrong if words[state] == "missing"]
    other = [
        Recorded(key=state.key, part=state.part, stored=state.stored, label=state.label)
        for state in wrong
        if words[state] == "stale"
    ]
    await mirror.store.forget_mirrored(mirror.name, kind, lost)
    await mirror.store.record_mirrored(mirror.name, kind, other)


def _ends(state: Compared) -> tuple[str, str]:
    if state.stored:
        source, _, target = state.stored.partition(BETWEEN)
        return source, target
    low, high = state.first or state.key, state.second or state.part[1:]
    return (low, high) if state.part.startswith(">") else (high, low)


async def _strangers(mirror: Mirror[Any]) -> list[str]:
    """What the store holds that this index did not put there, where it can list what it holds."""
    listed: Iterable[str] | None = await mirror.run(mirror.target.ids)
    if listed is None:
        return []
    left = set(listed)
    for kind in KINDS[mirror.role]:
        async for part in parts(mirror, kind, _ROWS, nothing):
            left.difference_update(state.stored for state in part.states)
    return _lines(mirror, "thing of others", {"extra": sorted(left)})


def _lines(mirror: Mirror[Any], kind: str, found: Mapping[str, Sequence[str]]) -> list[str]:
    return [
        f"{mirror.role}: {len(keys)} {_named(kind, len(keys))} {word}: {', '.join(map(repr, keys[:_SHOWN]))}"
        f"{', …' if len(keys) > _SHOWN else ''}; mirror.sync() mends what this index put there"
        for word, keys in found.items()
        if keys
    ]


def _named(kind: str, count: int) -> str:
    word = "chunk" if kind == "node" else kind
    if count == 1:
        return word
    return {"entity": "entities", "thing of others": "things of others"}.get(word, f"{word}s")
