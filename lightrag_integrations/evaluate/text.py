"""An evaluation as tables that people can read."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lightrag_integrations.evaluate.report import Difference, EvaluationReport, Figure, Measured

__all__ = ["render"]

_COLUMNS = 4
_WIDE_COLUMNS = 3
_LISTED = 5


def render(report: EvaluationReport) -> str:
    """All tables of a report, one below the other."""
    return "\n\n".join("\n".join(part) for part in _parts(report))


def _parts(report: EvaluationReport) -> Iterator[list[str]]:
    yield [
        f"{len(report.questions)} questions, {report.ks[-1]} hits each; index {report.index!r}, "
        f"embedding {report.embedding}",
        f"(in brackets: 95 % interval, {report.resamples} resamples of the questions, seed {report.seed})",
    ]
    if report.unknown:
        yield _unknown(report)
    found, ranked = _measures(report)
    for names in (*_split(found, _COLUMNS), *_split(ranked, _COLUMNS)):
        yield _table(names, report.results, lambda row, name: _figure(row.figures[name]))
    others = [result for result in report.results if result.name != report.baseline]
    if others:
        yield [
            f"Difference to {report.baseline!r}, question by question; *: the interval leaves out 0; +: questions",
            "on which it did better, -: worse. The other measures are in the JSON.",
        ]
        for names in _split(found, _WIDE_COLUMNS):
            yield _table(names, others, lambda row, name: _difference(row.differences[name]))
    yield _latency(report)


def _unknown(report: EvaluationReport) -> list[str]:
    total = len(report.questions) + len(report.unknown)
    rows = [f"  {question_id}: {', '.join(ids)}" for question_id, ids in report.unknown.items()]
    more = [f"  … and {len(rows) - _LISTED} more"] if len(rows) > _LISTED else []
    head = f"LEFT OUT: {len(report.unknown)} of {total} questions, as the index does not hold these gold ids:"
    return [head, *rows[:_LISTED], *more]


def _measures(report: EvaluationReport) -> tuple[list[str], list[str]]:
    """Measures of what was found, and of where."""
    names = list(report.results[0].figures)
    found = [name for name in names if name.startswith(("recall", "all"))]
    return found, [name for name in names if name not in found]


def _split(names: Sequence[str], most: int) -> list[Sequence[str]]:
    """As few parts as need be, of about one length."""
    parts = math.ceil(len(names) / most)
    return [names[len(names) * part // parts : len(names) * (part + 1) // parts] for part in range(parts)]


def _table(names: Sequence[str], rows: Sequence[Measured], cell: Callable[[Measured, str], str]) -> list[str]:
    return _lined_up([("setting", *names), *((row.name, *(cell(row, name) for name in names)) for row in rows)])


def _figure(figure: Figure) -> str:
    return f"{_short(figure.value)} [{_short(figure.low)} {_short(figure.high)}]"


def _difference(difference: Difference) -> str:
    sure = "*" if difference.low > 0 or difference.high < 0 else " "
    bounds = f"[{_short(difference.low, '+')} {_short(difference.high, '+')}]"
    counts = f"+{difference.better} -{difference.worse}"
    return f"{_short(difference.value, '+')}{sure} {bounds} {counts}"


def _short(value: float, sign: str = "") -> str:
    """Three digits, no leading zero."""
    return format(round(value, 3) + 0.0, f"{sign}.3f").replace("0.", ".", 1)


def _latency(report: EvaluationReport) -> list[str]:
    rows = [
        (row.name, *(f"{value:.1f}" for value in (row.latency.p50_ms, row.latency.p95_ms, row.latency.p99_ms)))
        for row in report.results
    ]
    at_once = f", {report.concurrency} questions at a time" if report.concurrency > 1 else ""
    embedding = (
        "no setting embeds the question"
        if report.embedding_ms is None
        else f"embedding a question takes {report.embedding_ms:.1f} ms more (all in one batch)"
    )
    note = f"ms for one question, after a first one that is not counted{at_once}; {embedding}"
    return [*_lined_up([("setting", "p50 ms", "p95 ms", "p99 ms"), *rows]), note]


def _lined_up(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        ).rstrip()
        for row in rows
    ]
