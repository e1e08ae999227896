"""Names by rule: runs of capitalised words, quoted spans, and the marks and suffixes of unspaced scripts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from lightrag_integrations.text.questions import question_keys
from lightrag_integrations.text.scripts import CAPITALS, MARKS, UNSPACED
from lightrag_integrations.text.sentences import sentences
from lightrag_integrations.text.unspaced import unspaced_names
from lightrag_integrations.text.words import CALENDAR, CONNECTORS, ENGLISH_FUNCTION_WORDS, FUNCTION_WORDS

__all__ = ["MAX_NAME_WORDS", "names", "question_keys"]

Name = tuple[int, int, str]

MAX_NAME_WORDS = 8

_CONNECTOR = "(?:" + "|".join(sorted(CONNECTORS)) + ")"


class _Patterns(NamedTuple):
    run: re.Pattern[str]
    """Capitalised words with what joins them."""
    word: re.Pattern[str]


def _patterns(letter: str, capital: str, marks: str) -> _Patterns:
    """Patterns over character classes: what has few characters is searched much quicker.

    Args:
        letter: A class.
        capital: The body of one.
        marks: The body of one; may be empty.
    """
    # Written out, as a loop over one class is quick and one over a choice of two is not.
    rest = f"{letter}*+(?:[{marks}]++{letter}*+)*+" if marks else f"{letter}*+"
    tail = f"(?:['’&\\-‐–.]{letter}{rest})*+"
    capitalised = f"(?:[{capital}]|[a-z]{{1,2}}[{capital}]){rest}{tail}"
    number = rf"\d+(?:[.\-–]\d+)*+(?!{letter})"
    # A full stop within a run only after an initial or a short title, a comma only before Jr. and Sr.
    gap = (
        rf"(?:[ \t]+|[ \t]*\r?\n[ \t]*(?=[{capital}])"
        rf"|(?:(?<=\b[{capital}])|(?<=\b[JDMS]r)|(?<=\b[SM]t)|(?<=\bMrs))\.[ \t]*"
        rf"|[ \t]*&[ \t]*|,[ \t]*(?=(?:[JS]r|D\.C)\b))"
    )
    run = (
        f"(?<![^\\W_])(?<![#@$])(?:(?<=the )[12]\\d{{3}} )?{capitalised}"
        f"(?:{gap}(?:{_CONNECTOR}[ \\t]+){{0,3}}(?:{capitalised}|{number}))*"
    )
    return _Patterns(re.compile(run), re.compile(f"{letter}{rest}{tail}"))


_HAS_CAPITAL = re.compile(f"[{CAPITALS}]")
_ANY = _patterns(f"[^\\W_{UNSPACED}]", CAPITALS, MARKS)
_LATIN_LETTERS = "".join(filter(str.isalnum, map(chr, range(256))))
# In a text of Latin-1 and general punctuation, these find the same.
_LATIN = _patterns(f"[{_LATIN_LETTERS}]", "".join(_HAS_CAPITAL.findall(_LATIN_LETTERS)), "")
_BEYOND_LATIN = re.compile("[^\x00-\xff\u2000-\u206f]")
_QUOTED = re.compile(r'“([^“”\n]{2,80})”|"([^"\n]{2,80})"|«([^«»\n]{2,80})»|„([^„“”\n]{2,80})[“”]')
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|(?<!\S)[^\s@]{1,64}+@\S+")
_ADDRESS_SIGNS = ("://", "www.", "@")
_POSSESSIVES = ("'s", "’s")
_ARTICLES = frozenset(("the", "a", "an"))


def names(text: str, spans: Sequence[tuple[int, int]] | None = None) -> list[Name]:
    """The names in a text, in order, not overlapping.

    Args:
        text: Any text.
        spans: Its sentences, where they are known already.

    Returns:
        (start, end, surface) of each; `text[start:end] == surface`.
    """
    spans = sentences(text) if spans is None else spans
    patterns = _ANY if _BEYOND_LATIN.search(text) else _LATIN
    quoted = list(_quoted(text, patterns.word))
    found = quoted + _outside(_runs(text, spans, patterns), quoted) if _HAS_CAPITAL.search(text) else quoted
    if not text.isascii():
        marked = unspaced_names(text)
        found = marked + _outside(found, marked)
    return sorted(found)


def _outside(found: Sequence[Name], taken: Sequence[Name]) -> list[Name]:
    """Names that overlap none of those taken; both in order."""
    kept: list[Name] = []
    position = 0
    for name in found:
        while position < len(taken) and taken[position][1] <= name[0]:
            position += 1
        if position == len(taken) or taken[position][0] >= name[1]:
            kept.append(name)
    return kept


def _quoted(text: str, word: re.Pattern[str]) -> Iterator[Name]:
    """Quoted spans that read like a title: at least half of their content words have a capital."""
    for match in _QUOTED.finditer(text):
        group = match.lastindex or 1
        start, end = match.span(group)
        words = word.findall(text, start, end)
        content = [one for one in words if one.lower() not in FUNCTION_WORDS]
        capitals = sum(not one[0].islower() for one in content)
        if content and len(words) <= MAX_NAME_WORDS and words[0][0].isupper() and capitals * 2 >= len(content):
            surface = text[start:end].strip(" ,.;:")
            start = text.index(surface, start)
            yield start, start + len(surface), surface


def _runs(text: str, spans: Sequence[tuple[int, int]], patterns: _Patterns) -> list[Name]:
    """Runs of capitalised words, trimmed; a lone first word of a sentence needs proof."""
    word = patterns.word
    firsts = {match.start() for start, end in spans if (match := word.search(text, start, end))}
    known = frozenset(word.findall(text))
    found: list[Name] = []
    doubtful: list[Name] = []
    for match in patterns.run.finditer(text):
        words = word.finditer(text, *match.span())
        for start, end in _pieces(words, first=match.start() in firsts, known=known):
            name = (start, end, text[start:end])
            (doubtful if start in firsts and " " not in name[2] else found).append(name)
    if doubtful:
        proven = {one for _, _, surface in found for one in surface.split()}
        found.extend(name for name in doubtful if name[2] in proven or _may_be_name(name[2], known))
        found.sort()
    if not any(sign in text for sign in _ADDRESS_SIGNS):
        return found
    addresses = [(*match.span(), match.group()) for match in _ADDRESS.finditer(text)]
    return _outside(found, addresses)


def _may_be_name(word: str, known: frozenset[str]) -> bool:
    """Whether a word seen only at the head of sentences can be a name: never in lower case, no participle."""
    lower = word.lower()
    return lower not in known and not (word.isascii() and lower.endswith(("ed", "ing", "ly")))


def _pieces(words: Iterable[re.Match[str]], *, first: bool, known: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Spans of the names in a run: cut at possessives, trimmed at both ends, not too long."""
    piece: list[tuple[int, int, str]] = []
    for match in words:
        start, end = match.span()
        word = match.group()
        if not word.endswith(_POSSESSIVES):
            piece.append((start, end, word))
            continue
        piece.append((start, end - 2, word[:-2]))
        yield from _trimmed(piece, first, known)
        piece, first = [], False
    yield from _trimmed(piece, first, known)


def _trimmed(piece: list[tuple[int, int, str]], first: bool, known: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Without function words in front and connectors at either end; nothing for dates, numbers and what is too long."""
    low, high = 0, len(piece)
    while low < high and _is_lead(piece[low][2], first, known):
        low += 1
    while low < high and piece[high - 1][2] in CONNECTORS:
        high -= 1
    words = [word for _, _, word in piece[low:high]]
    if not words or len(words) > MAX_NAME_WORDS or len("".join(words)) < 2:
        return
    if len(words) == 1 and _is_function(words[0]):
        return
    if not all(word.lower() in CALENDAR or word[0].isdigit() for word in words):
        yield piece[low][0], piece[high - 1][1]


def _is_lead(word: str, first: bool, known: frozenset[str]) -> bool:
    """Whether a word in front of a run is none of the name's: "In Paris", but "All India Council", "Los Angeles"."""
    lower = word.lower()
    if lower in _ARTICLES or word in CONNECTORS:
        return True
    return first and _is_function(word) and (lower in ENGLISH_FUNCTION_WORDS or lower in known)


def _is_function(word: str) -> bool:
    """Whether it is a function word; "US", "IT" and "WHO" in capitals are not."""
    return word.lower() in FUNCTION_WORDS and not (len(word) > 1 and word.isupper())
