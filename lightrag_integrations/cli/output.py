"""How results look to people: plain lines, no colour, nothing wider than the terminal."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from lightrag_integrations import Hit, IngestReport
from lightrag_integrations.cli.explained import explained, terminal_width
from lightrag_integrations.cli.terminal import utf8_output

__all__ = ["counted", "fields", "hit_lines", "print_json", "report_lines", "shorten", "table"]

_INDENT = 4


def print_json(value: Any) -> None:
    """Print one JSON object."""
    utf8_output()
    print(json.dumps(value, ensure_ascii=False, indent=2))


def shorten(text: str, width: int = 160) -> str:
    """One line of at most `width` characters."""
    return textwrap.shorten(text, width, placeholder=" …")


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural where it takes one."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def fields(pairs: Iterable[tuple[str, object]]) -> list[str]:
    """Names and values in two columns, empty values left out."""
    rows = [(name, str(value)) for name, value in pairs if value not in ("", None)]
    width = max((len(name) for name, _ in rows), default=0)
    return [f"{name:<{width}}  {value}" for name, value in rows]


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """A table with columns as wide as they must be; the first to the left, the others to the right."""
    texts = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(header))]
    return ["  ".join([row[0].ljust(widths[0]), *_right(row[1:], widths[1:])]).rstrip() for row in texts]


def hit_lines(rank: int, hit: Hit, *, explain: bool = False, width: int | None = 240) -> list[str]:
    """A ranked chunk: where it is from, its text and, where asked for, what brought it.

    Args:
        rank: Its place, from 1.
        hit: The chunk.
        explain: Add parts of the score, path and seeds.
        width: Most characters of the text; 0: none; None: all.
    """
    lines = [f"{rank:>2}. {hit.title or hit.document_id}  [{hit.chunk_id}]  score {hit.score:.4f}"]
    text = hit.text if width is None else shorten(hit.text, width) if width else ""
    columns = terminal_width() - _INDENT
    told = [line for paragraph in text.splitlines() for line in textwrap.wrap(paragraph, columns)]
    told += explained(hit, columns) if explain else []
    return [*lines, *(" " * _INDENT + line for line in told)]


def report_lines(report: IngestReport) -> list[str]:
    """What an ingestion did."""
    counts = (
        ("stored", report.documents), ("unchanged", report.unchanged), ("failed", report.failed),
        ("left to others at work on them", report.processing),
        ("chunks", report.chunks), ("mentions", report.entities), ("facts", report.relations),
        ("model calls", report.model_calls), ("from cache", report.cached),
        ("tokens", report.prompt_tokens + report.completion_tokens + report.embedding_tokens),
    )  # fmt: skip
    always = ("stored", "unchanged", "failed")
    shown = [f"{count} {name}" for name, count in counts if count or name in always]
    return [f"{', '.join(shown)}; {report.seconds:.1f} s"]


def _right(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
