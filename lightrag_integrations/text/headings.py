"""Sections of a document by its Markdown headings; plain text is one section."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Section", "sections"]

_MAX_HEADING_CHARS = 160
_LINE = re.compile(r"[^\n]*\n?")
_ATX = re.compile(r"[ ]{0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*\r?\n?$")
_UNDERLINE = re.compile(r"[ ]{0,3}(=+|-{2,})[ \t]*\r?\n?$")
_FENCE = re.compile(r"[ ]{0,3}(```|~~~)")
_MARKUP = re.compile(r"[*_`]+(?=\S)|(?<=\S)[*_`]+|!?\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of text under one heading; the heading's line belongs to it."""

    start: int
    end: int
    path: tuple[str, ...] = ()
    """Headings from the outermost to its own; empty before the first."""
    body: int = 0
    """Where the text after the heading begins."""


@dataclass(frozen=True, slots=True)
class _Heading:
    start: int
    end: int
    level: int
    text: str


def sections(text: str) -> list[Section]:
    """Cut a text at its headings.

    `# Heading` lines after a blank line, and lines underlined with === or --- that stand alone; neither inside code
    fences nor inside front matter.

    Args:
        text: Any text.

    Returns:
        Sections that follow each other without gaps and hold all of the text.
    """
    found: list[Section] = []
    start, body = 0, 0
    path: tuple[str, ...] = ()
    levels: list[int] = []
    for heading in _headings(text):
        if heading.start > start:
            found.append(Section(start, heading.start, path, body))
        depth = sum(level < heading.level for level in levels)
        # A skipped level counts as one step, so that the path has no holes.
        levels = [*levels[:depth], heading.level]
        path = (*path[:depth], heading.text)
        start, body = heading.start, heading.end
    if start < len(text):
        found.append(Section(start, len(text), path, body))
    return found


def _headings(text: str) -> Iterator[_Heading]:
    fence = ""
    blank, before_blank = True, True
    previous = (0, 0)
    for start, end in _lines(text):
        line = text[start:end]
        mark = _FENCE.match(line)
        if mark or fence:
            if mark and (not fence or mark.group(1) == fence):
                fence = "" if fence else mark.group(1)
            blank, before_blank = False, False
            continue
        heading = _atx(line, start, end) if blank else _setext(text, previous, line, end) if before_blank else None
        if heading and heading.text:
            yield heading
            blank, before_blank = True, True
            continue
        before_blank, blank = blank, not line.strip()
        previous = (start, end)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Spans of the lines after front matter."""
    position = 0
    if text.startswith(("---\n", "---\r\n")):
        closing = re.compile(r"^---[ \t]*\r?$", re.MULTILINE).search(text, 4)
        position = closing.end() if closing else 0
    while position < len(text):
        match = _LINE.match(text, position)
        end = match.end() if match else len(text)
        yield position, end
        position = end


def _atx(line: str, start: int, end: int) -> _Heading | None:
    match = _ATX.match(line) if len(line) <= _MAX_HEADING_CHARS * 2 else None
    return _Heading(start, end, len(match.group(1)), _plain(match.group(2))) if match else None


def _setext(text: str, previous: tuple[int, int], line: str, end: int) -> _Heading | None:
    """The line before is a heading when this one underlines it."""
    match = _UNDERLINE.match(line) if len(line) <= _MAX_HEADING_CHARS * 2 else None
    if not match or previous[1] - previous[0] > _MAX_HEADING_CHARS * 2 or "|" in text[slice(*previous)]:
        return None
    return _Heading(previous[0], end, 1 if match.group(1)[0] == "=" else 2, _plain(text[slice(*previous)]))


def _plain(heading: str) -> str:
    """The words of a heading, without emphasis and links, on one line."""
    words = " ".join(_MARKUP.sub(lambda match: match.group(1) or "", heading).split())
    return words[:_MAX_HEADING_CHARS].rstrip()
