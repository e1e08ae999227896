"""Write the graph to a file: JSON that import-graph reads again, GraphML for NetworkX, Gephi and yEd, or CSV."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from lightrag_integrations import InputError
from lightrag_integrations.cli.connect import add_index_options, open_index
from lightrag_integrations.cli.exits import DONE
from lightrag_integrations.cli.output import print_json
from lightrag_integrations.cli.terminal import utf8_output

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("path", nargs="?", type=Path, metavar="PATH", help="the file; for csv a directory; none: print")
    parser.add_argument(
        "--format", choices=("json", "graphml", "csv"), help="default: graphml for a PATH that ends so, else json"
    )
    parser.add_argument("--filter", metavar="JSON", help="only what documents with such metadata say")
    add_index_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command.

    Raises:
        InputError: An option is wrong, or the file can't be written.
    """
    if options.path is None and options.format == "csv":
        raise InputError("csv is two files; name a directory for them")
    if options.path is None and options.json:
        raise InputError("--json tells which files were written; name one")
    with open_index(options) as index:
        made = index.graph.export(options.path, format=options.format, filter=_filter(options.filter))
    if options.path is None:
        utf8_output()
        sys.stdout.write(made.text)
    elif options.json:
        print_json({"paths": list(made.paths)})
    else:
        print("\n".join(f"wrote {path}" for path in made.paths))
    return DONE


def _filter(text: str | None) -> dict[str, Any] | None:
    try:
        value = None if text is None else json.loads(text)
    except ValueError as error:
        raise InputError(f"--filter: got {text!r:.80}, which is no JSON: {error}") from error
    if value is not None and not isinstance(value, dict):
        raise InputError(f"--filter: got {text!r:.80}; expected a JSON object")
    return value
