"""Search an index, or answer a question from it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, get_args

from lightrag_integrations import Answer, InputError, QueryOptions, RetrievalResult
from lightrag_integrations.cli.connect import add_index_options, add_model_options, open_index, positive
from lightrag_integrations.cli.exits import DONE, INCOMPLETE
from lightrag_integrations.cli.output import hit_lines, print_json

__all__ = ["add_arguments", "run"]

_MODES = get_args(QueryOptions.model_fields["mode"].annotation)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("text", metavar="TEXT", help="the question")
    parser.add_argument("--mode", choices=_MODES, default="mix", help="how to search (default mix)")
    parser.add_argument("--k", type=positive, default=5, metavar="N", help="chunks to return (default 5)")
    parser.add_argument("--filter", metavar="JSON", help='metadata filter, such as \'{"year": {"$gte": 2020}}\'')
    parser.add_argument("--rerank", action="store_true", help="rerank the hits by their words")
    parser.add_argument("--rerank-llm", action="store_true", help="rerank the hits by the chat model (needs --llm)")
    parser.add_argument("--decompose", action="store_true", help="search for sub-questions, too (needs --llm)")
    parser.add_argument("--explain", action="store_true", help="show what brought each hit")
    parser.add_argument("--html", metavar="FILE", help="write a page with the hits and a picture of what brought them")
    parser.add_argument("--answer", action="store_true", help="let the chat model answer, with citations (needs --llm)")
    parser.add_argument("--full", action="store_true", help="print whole chunks")
    add_index_options(parser)
    add_model_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    where = _filter(options.filter)
    chosen: dict[str, Any] = {
        "mode": options.mode,
        "k": options.k,
        "filter": where,
        "rerank": "llm" if options.rerank_llm else options.rerank,
        "decompose": options.decompose,
    }
    explain = options.explain or options.html is not None
    with open_index(options) as index:
        if options.answer:
            answer = index.answer(options.text, explain=explain, **chosen)
            _write_html(options, answer.retrieval)
            return _show_answer(options, answer)
        result = index.retrieve(options.text, explain=explain, **chosen)
        _write_html(options, result)
        return _show_hits(options, result)


def _filter(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InputError(f"--filter: got text that is not JSON ({error}); expected '{{\"year\": 2020}}'") from error
    if not isinstance(value, dict):
        raise InputError(f"--filter: got {type(value).__name__}; expected a JSON object such as '{{\"year\": 2020}}'")
    return value


def _write_html(options: argparse.Namespace, result: RetrievalResult) -> None:
    if options.html is None:
        return
    try:
        Path(options.html).write_text(result.to_html(), encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(
            f"--html: can't write {options.html} ({error.strerror}); expected a file in a directory that may be written"
        ) from error
    print(f"wrote {options.html}", file=sys.stderr)


def _show_hits(options: argparse.Namespace, result: RetrievalResult) -> int:
    if options.json:
        print_json(result.model_dump(mode="json"))
    elif not result.hits:
        print("no hit")
    else:
        _print_hits(options, result)
    return DONE if result.hits else INCOMPLETE


def _print_hits(options: argparse.Namespace, result: RetrievalResult) -> None:
    width = {"width": None} if options.full else {}
    for rank, hit in enumerate(result.hits, start=1):
        print("\n".join(hit_lines(rank, hit, explain=options.explain, **width)))


def _show_answer(options: argparse.Namespace, answer: Answer) -> int:
    if options.json:
        print_json(answer.model_dump(mode="json"))
        return DONE
    print(answer.text)
    for citation in answer.citations:
        print(f"[{citation.number}] {citation.title or citation.document_id}  {citation.source}".rstrip())
    if options.explain:
        print()
        _print_hits(options, answer.retrieval)
    return DONE
