"""Read files and directories into an index.

Text, Markdown, HTML, CSV, JSON, JSON Lines and EPUB; with the extra `files` also PDF, Word, PowerPoint and Excel.
What is stored already and has not changed costs nothing.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lightrag_integrations import IngestOptions, IngestReport, InputError, LightRAGIndex
from lightrag_integrations.cli.connect import add_index_options, add_model_options, open_index, positive
from lightrag_integrations.cli.exits import DONE, INCOMPLETE
from lightrag_integrations.cli.output import print_json, report_lines
from lightrag_integrations.cli.readers import read_paths
from lightrag_integrations.cli.secrets import redact

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files, or directories with all below them")
    parser.add_argument("--retry", action="store_true", help="finish documents that failed, as they were given")
    parser.add_argument("--chunk-tokens", type=positive, metavar="N", help="most tokens in a chunk (default 512)")
    parser.add_argument("--token-budget", type=positive, metavar="N", help="most model tokens this call may use")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    add_index_options(parser)
    add_model_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command.

    Raises:
        InputError: There is nothing to do.
    """
    if not options.paths and not options.retry:
        raise InputError("got no path; name files or directories, or --retry")
    errors: dict[str, str] = {}
    documents = list(read_paths(options.paths, errors))
    bars = not options.quiet and not options.json and sys.stderr.isatty()
    reports: list[IngestReport] = []
    with open_index(options, create=bool(options.paths)) as index:
        if options.retry:
            reports.append(index.documents.retry(show_progress=bars))
        if documents:
            reports.append(index.ingest(documents, show_progress=bars, options=_ingest_options(options, index)))
    for report in reports:
        errors.update(report.errors)
    _show(options, reports, {name: redact(reason) for name, reason in errors.items()})
    return INCOMPLETE if errors else DONE


def _ingest_options(options: argparse.Namespace, index: LightRAGIndex) -> IngestOptions:
    given = {"chunk_tokens": options.chunk_tokens, "token_budget": options.token_budget, "on_invalid": "skip"}
    return index.options.ingest.model_copy(update={key: value for key, value in given.items() if value is not None})


def _show(options: argparse.Namespace, reports: list[IngestReport], errors: dict[str, str]) -> None:
    if options.json:
        print_json({"reports": [report.model_dump(mode="json") for report in reports], "errors": errors})
        return
    for report in reports:
        print("\n".join(report_lines(report)))
    for name, reason in errors.items():
        print(f"lightrag: {name}: {reason}", file=sys.stderr)
