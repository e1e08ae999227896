"""Which names may mean the same: few pairs to look at, and a score for each. Pure; no pair of all with all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

__all__ = ["Name", "candidates", "likeness"]

_BLOCK = 30
"""A word that more names share says little: its names meet as neighbours only."""
_WINDOW = 4
_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")


class Name(NamedTuple):
    """An entity, as far as its name goes."""

    id: int
    key: str
    name: str
    type: str
    mentions: int


def candidates(names: Sequence[Name]) -> set[tuple[int, int]]:
    """Pairs worth a look, as positions: names that share a rare word, stand next to each other, or shorten the other.

    Args:
        names: All of them; the number of pairs grows with it, not with its square.
    """
    pairs: set[tuple[int, int]] = set()
    for block in _blocks(names):
        if len(block) <= _BLOCK:
            pairs.update(combinations(sorted(set(block)), 2))
    orders: tuple[Callable[[str], object], ...] = (str, lambda key: key[::-1], lambda key: sorted(_words(key)))
    for order in orders:
        places = sorted(range(len(names)), key=lambda place: (order(names[place].key), names[place].key))
        for step in range(1, _WINDOW + 1):
            pairs.update((min(pair), max(pair)) for pair in zip(places, places[step:], strict=False))
    return pairs


def likeness(first: Name, second: Name) -> tuple[float, str]:
    """How likely two names are one, from 0 to 1, and why.

    Args:
        first: One.
        second: The other.
    """
    one, other = _words(_folded(first.key)), _words(_folded(second.key))
    score, reason = max(_reasons(one, other), key=lambda found: found[0], default=(0.0, ""))
    if _DIGITS.findall(first.key) != _DIGITS.findall(second.key):
        score *= 0.5
    if first.type and second.type and first.type.casefold() != second.type.casefold():
        score *= 0.85
    return score, reason


def _reasons(one: list[str], other: list[str]) -> Iterator[tuple[float, str]]:
    if not one or not other:
        return
    if "".join(one) == "".join(other):
        yield 0.98, "the same letters"
    if sorted(one) == sorted(other):
        yield 0.95, "the same words in another order"
    if _short_for(one, other) or _short_for(other, one):
        yield 0.85, "one may be the initials of the other"
    if _initialled(one, other):
        yield 0.85, "the same but for initials"
    short, long = sorted((one, other), key=lambda words: sum(map(len, words)))
    if set(short) < set(long):
        yield 0.6 + 0.3 * sum(map(len, short)) / sum(map(len, long)), "one has all the words of the other"
    yield min(_dice(" ".join(one), " ".join(other)), 0.94), "similar spelling"


def _blocks(names: Sequence[Name]) -> Iterator[list[int]]:
    """Positions of names by each of their words, their letters, and their initials."""
    blocks: dict[tuple[str, str], list[int]] = {}
    for place, name in enumerate(names):
        words = _words(_folded(name.key))
        for word in set(words):
            blocks.setdefault(("word", word), []).append(place)
        blocks.setdefault(("letters", "".join(words)), []).append(place)
        short = words[0] if len(words) == 1 else "".join(word[0] for word in words)
        if 2 <= len(short) <= 6:
            blocks.setdefault(("initials", short), []).append(place)
    yield from blocks.values()


def _short_for(short: list[str], long: list[str]) -> bool:
    return len(short) == 1 and len(long) > 1 and short[0] == "".join(word[0] for word in long)


def _initialled(one: list[str], other: list[str]) -> bool:
    """As "j smith" and "john smith"."""
    if len(one) != len(other) or len(one) < 2 or one[-1] != other[-1]:
        return False
    pairs = list(zip(one, other, strict=True))
    return any(a != b for a, b in pairs) and all(
        a == b or (1 in (len(a), len(b)) and a[0] == b[0]) for a, b in pairs
    )  # fmt: skip


def _dice(one: str, other: str) -> float:
    first, second = _trigrams(one), _trigrams(other)
    return 2 * len(first & second) / (len(first) + len(second))


def _trigrams(text: str) -> set[str]:
    padded = f"  {text} "
    return {padded[place : place + 3] for place in range(len(padded) - 2)}


def _folded(key: str) -> str:
    if key.isascii():
        return key
    return "".join(char for char in unicodedata.normalize("NFKD", key) if not unicodedata.combining(char))


def _words(key: str) -> list[str]:
    return _WORD.findall(key)
