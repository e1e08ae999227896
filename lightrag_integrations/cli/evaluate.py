"""Measure how well questions with known answers are searched, in several modes.

QUESTIONS is a file of JSON Lines or with one JSON array, each object with the fields `question` and `gold_ids` (ids of
the documents or chunks to be found, as 'lightrag status --documents' lists them), and `id` if you like.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lightrag_integrations import EvaluationReport, InputError, QueryOptions, Setting
from lightrag_integrations.cli.connect import add_model_options, add_place_options, open_index, positive
from lightrag_integrations.cli.exits import DONE, INCOMPLETE
from lightrag_integrations.cli.output import shorten

__all__ = ["add_arguments", "run"]

_HERE = "-"
_TITLE = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("questions", metavar="QUESTIONS", help="file of questions")
    parser.add_argument(
        "--modes", type=_names, metavar="M,M", help="modes, each may end in +rerank; default: all, with --settings none"
    )
    parser.add_argument("--settings", type=Path, metavar="FILE", help='JSON object: {"NAME": {query option: value}, …}')
    parser.add_argument("--k", type=_numbers, default=(5, 8), metavar="K,K", help="first hits looked at (default 5,8)")
    parser.add_argument("--baseline", metavar="NAME", help="mode or setting that the others are compared with")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the intervals (default 0)")
    parser.add_argument("--resamples", type=positive, default=5000, metavar="N", help="of the intervals (default 5000)")
    parser.add_argument("--concurrency", type=positive, default=1, metavar="N", help="questions at a time (default 1)")
    parser.add_argument("--limit", type=positive, metavar="N", help="ask the first N questions only")
    parser.add_argument(
        "--misses", action="store_true", help="also print what the best setting did not find, and what it found instead"
    )
    parser.add_argument(
        "--json", dest="json_to", nargs="?", const=_HERE, metavar="FILE",
        help="print one JSON object instead of tables, or write it to FILE beside them",
    )  # fmt: skip
    add_place_options(parser)
    add_model_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command.

    Raises:
        InputError: The questions, or what to do with them, are wrong.
    """
    options.json = options.json_to == _HERE  # errors become JSON, too
    fields: dict[str, Any] = {"ks": options.k, "baseline": options.baseline, "limit": options.limit}
    fields |= {"seed": options.seed, "resamples": options.resamples, "concurrency": options.concurrency}
    if options.modes or options.settings:
        fields["modes"] = [*(options.modes or ()), *_settings(options.settings)]
    with open_index(options) as index:
        report = index.evaluate(options.questions, **fields, show_progress=not options.json and sys.stderr.isatty())
    if options.json:
        print(report.to_json())
    else:
        if options.json_to:
            _write(Path(options.json_to), report)
        print(report.to_text())
        if options.misses:
            _print_misses(report)
    return INCOMPLETE if report.unknown else DONE


def _settings(path: Path | None) -> list[Setting]:
    if path is None:
        return []
    try:
        given = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"--settings {path}: can't be read as JSON ({error})") from error
    if not isinstance(given, dict):
        raise InputError(f'--settings {path}: got {type(given).__name__}; expected {{"NAME": {{"mode": "mix"}}, …}}')
    made = []
    for name, fields in given.items():
        try:
            made.append(Setting(name=name, options=QueryOptions.model_validate(fields)))
        except ValidationError as error:
            reasons = "; ".join(
                f"{'.'.join(map(str, item['loc'])) or 'all'}: {item['msg']}"
                for item in error.errors(include_input=False, include_context=False)
            )
            raise InputError(f"--settings {path}, {name!r}: {reasons}; expected fields of QueryOptions") from error
    return made


def _write(path: Path, report: EvaluationReport) -> None:
    try:
        path.write_text(report.to_json(), "utf-8")
    except OSError as error:
        raise InputError(f"--json {path}: can't be written ({error.strerror}); name another file") from error


def _print_misses(report: EvaluationReport) -> None:
    best, asked = report.best, {question.id: question for question in report.questions}
    misses = report.misses()
    print(f"\n{best.name!r} missed something of {len(misses)} of {len(asked)} questions (first {report.ks[-1]} hits)")
    for answered in misses:
        print(
            f"\nQ: {shorten(asked[answered.id].question)}  [{answered.id}]\n   missing  {', '.join(answered.missing)}"
        )
        for place, found in enumerate(answered.found, start=1):
            gold = "gold" if place in answered.ranks.values() else ""
            print(f"   {place:>2}. {gold:<5} {found.chunk_id}  {shorten(found.title, _TITLE)}".rstrip())


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(positive(part) for part in _names(text))
