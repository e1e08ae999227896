"""Sentences as spans, by punctuation and layout, for any script."""

from __future__ import annotations

import re

from lightrag_integrations.text.words import ABBREVIATIONS, FUNCTION_WORDS, MAYBE_ABBREVIATIONS

__all__ = ["MAX_SENTENCE_CHARS", "sentences"]

MAX_SENTENCE_CHARS = 1000
"""What has no sentence marks (tables, logs, Thai) is cut near this length."""

_PLAIN = ".!?…"
"""Stops that end a sentence only before white space, and not behind every word."""
_WIDE = "。！？｡．"
_OTHERS = "।॥؟۔։።፧။၊།"
# All begin with one class, which the search looks for first: much quicker than a choice of several.
_STOP = re.compile(
    rf"""[{_PLAIN}{_WIDE}{_OTHERS}\n](?:"""
    rf"""(?<=[{_PLAIN}])(?P<more>[{_PLAIN}]*+)["'”’»)\]]*+(?P<space>(?=\s))?+"""
    rf"""|(?<=[{_WIDE}])[{_WIDE}]*[」』”’）》\"]*"""
    rf"""|(?<=[{_OTHERS}])[{_OTHERS}]*"""
    r"""|(?<=\n)(?:[ \t\r]*\n|(?=[ \t]*(?:[-*•+|>]|\#{1,6}|\d{1,3}[.)])\s)))"""
)
_BEFORE = re.compile(r"[^\s(\[{\"'“‘«/]+$")
_AFTER = re.compile(r"\s+[\"'“‘«(\[]*([^\W_]*)")
_BREAK = re.compile(r"[\s,;:，、；：](?=[^\s,;:，、；：]*$)")


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences of a text, in order, without the white space around them.

    Abbreviations, initials and decimals end no sentence; blank lines and list items do. Together the spans hold
    every character that is not white space.

    Args:
        text: Any text.

    Returns:
        (start, end) of each.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _STOP.finditer(text):
        if match["more"] is not None and not _ends(text, match):
            continue
        _append(spans, text, start, match.end())
        start = match.end()
    _append(spans, text, start, len(text))
    return spans


def _ends(text: str, match: re.Match[str]) -> bool:
    """Whether the stop ends a sentence, judged by the words around it."""
    if match["space"] is None:
        return False
    after = _AFTER.match(text, match.end())
    following = after.group(1) if after else ""
    if following[:1].islower():
        return False
    start = match.start()
    if match["more"] or text[start] != ".":
        return True
    before = _BEFORE.search(text, max(0, start - 24), start)
    word = before.group() if before else ""
    initials = (len(word) == 1 and word.isalpha()) or ("." in word and len(word) <= 6)
    if initials or word.lower() in MAYBE_ABBREVIATIONS:
        # An initial or "U.S." may end a sentence; a function word with a capital then says so.
        return following.lower() in FUNCTION_WORDS
    return word.lower() not in ABBREVIATIONS


def _append(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    """Add the span without its outer white space, in pieces where it is too long."""
    while end - start > MAX_SENTENCE_CHARS:
        cut = _BREAK.search(text, start + MAX_SENTENCE_CHARS // 2, start + MAX_SENTENCE_CHARS)
        middle = cut.end() if cut else start + MAX_SENTENCE_CHARS
        _append(spans, text, start, middle)
        start = middle
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    piece = piece.strip()
    if piece:
        spans.append((start, start + len(piece)))
