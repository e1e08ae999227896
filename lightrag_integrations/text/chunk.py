"""Documents to chunks: by tokens, along headings, paragraphs and sentences, with exact character spans."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lightrag_integrations.models import Chunk, Document
from lightrag_integrations.protocols import Tokenizer
from lightrag_integrations.text.headings import Section, sections
from lightrag_integrations.text.sentences import sentences

__all__ = ["CHUNKER", "TITLE_SEPARATOR", "split_document"]

CHUNKER = "sentences/1"
"""Fingerprint of this way of splitting."""
TITLE_SEPARATOR = " > "
"""Between a document's title and the headings below it, in a chunk's title."""
_MAX_TITLE_CHARS = 240
_MAX_TOKEN_CHARS = 16
_LAST_SPACE = re.compile(r"\s(?=\S*$)")


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, or a part of one that is too long by itself, with the white space after it."""

    start: int
    end: int
    tokens: int
    section: int


def split_document(document: Document, tokenizer: Tokenizer, *, chunk_tokens: int, overlap_tokens: int) -> list[Chunk]:
    """Split a document.

    A chunk ends at a sentence's end where it can, and a heading begins a new one unless the text before it is very
    short. A chunk's title is the document's title (without one: the first heading) and the headings it stands under.

    Args:
        document: Its `chunks` are not read.
        tokenizer: Counts tokens.
        chunk_tokens: Most tokens of a chunk's text.
        overlap_tokens: Most tokens repeated from the chunk before, in whole sentences; at most half a chunk.

    Returns:
        Chunks in order, none empty, `document.text[chunk.start:chunk.end] == chunk.text`; ids are the document's id,
        `#` and the position. Together they hold every character that is not white space.
    """
    text = document.text
    parts = sections(text)
    units = [unit for number in range(len(parts)) for unit in _units(text, parts, number, tokenizer, chunk_tokens)]
    chunks: list[Chunk] = []
    limits = chunk_tokens, min(overlap_tokens, chunk_tokens // 2)
    for first, last, tokens in _groups(text, units, parts, tokenizer, limits):
        start, end = units[first].start, units[last].end
        piece = text[start:end]
        start += len(piece) - len(piece.lstrip())
        piece = piece.strip()
        chunks.append(
            Chunk(
                id=f"{document.id}#{len(chunks)}",
                document_id=document.id,
                text=piece,
                position=len(chunks),
                start=start,
                end=start + len(piece),
                title=_title(document, parts, units[first : last + 1]),
                token_count=tokens,
                metadata=document.metadata,
            )
        )
    return chunks


def _units(text: str, parts: Sequence[Section], number: int, tokenizer: Tokenizer, limit: int) -> Iterator[_Unit]:
    part = parts[number]
    spans = sentences(text[part.start : part.end])
    for index, (start, _) in enumerate(spans):
        start += part.start
        # The white space up to the next sentence is counted too, so that the sum of counts is close to the whole's.
        end = part.start + spans[index + 1][0] if index + 1 < len(spans) else part.end
        tokens = tokenizer.count(text[start:end])
        if tokens > limit and tokenizer.count(text[start:end].rstrip()) > limit:
            yield from _pieces(text, (start, end), number, tokenizer, limit)
        else:
            yield _Unit(start, end, max(1, min(tokens, limit)), number)


def _pieces(text: str, span: tuple[int, int], number: int, tokenizer: Tokenizer, limit: int) -> Iterator[_Unit]:
    """Cut what is longer than a chunk at white space, within a word where there is none."""
    start, end = span
    while start < end:
        window = text[start : min(end, start + limit * _MAX_TOKEN_CHARS)]
        head = tokenizer.cut(window, limit) or window[:1]
        if start + len(head) < end:
            space = _LAST_SPACE.search(head, len(head) // 2)
            head = head[: space.end()] if space else head
        tokens = tokenizer.count(head)
        if head.strip():
            yield _Unit(start, start + len(head), max(1, tokens), number)
        start += len(head)


def _groups(
    text: str, units: Sequence[_Unit], parts: Sequence[Section], tokenizer: Tokenizer, limits: tuple[int, int]
) -> Iterator[tuple[int, int, int]]:
    """First and last unit of each chunk, and its tokens without the white space around it."""
    limit, overlap = limits
    first = 0
    while first < len(units):
        last = _fill(units, first, limit)
        start = units[first].start
        while (tokens := tokenizer.count(text[start : units[last].end].strip())) > limit and last > first:
            last -= 1
        yield first, last, tokens
        first = _step_back(units, first, last, limit, overlap)


def _fill(units: Sequence[_Unit], first: int, limit: int) -> int:
    """The last unit that fits, ending before a heading unless little would be left."""
    total, last = units[first].tokens, first
    for index in range(first + 1, len(units)):
        if units[index].section != units[last].section and total > limit // 8:
            break
        total += units[index].tokens
        if total > limit:
            break
        last = index
    return last


def _step_back(units: Sequence[_Unit], first: int, last: int, limit: int, overlap: int) -> int:
    """Where the next chunk begins: some units back within the same section, if they leave room for the next one."""
    following = last + 1
    if following >= len(units):
        return following
    room = min(overlap, limit - units[following].tokens)
    start = following
    while start - 1 > first and units[start - 1].section == units[following].section:
        room -= units[start - 1].tokens
        if room < 0:
            break
        start -= 1
    return start


def _title(document: Document, parts: Sequence[Section], units: Sequence[_Unit]) -> str:
    """Document title and headings above the chunk's first unit that is no heading."""
    own = parts[next((unit for unit in units if _has_body(document.text, parts[unit.section], unit)), units[0]).section]
    title = document.title.strip() or next((part.path[0] for part in parts if part.path), "")
    path = own.path[1:] if own.path and own.path[0] == title else own.path
    line = TITLE_SEPARATOR.join((title, *path)) if title else ""
    return line if len(line) <= _MAX_TITLE_CHARS else title[:_MAX_TITLE_CHARS]


def _has_body(text: str, part: Section, unit: _Unit) -> bool:
    return bool(text[max(part.body, unit.start) : unit.end].strip())
