"""Change an index's embedding model: embed all that is stored anew, then search with the new model.

Searches and ingestion with the first model go on meanwhile; nothing is extracted again. Broken off, the same command
goes on where it was. From then on every command has to be given the new model.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import closing

from lightrag_integrations import InputError
from lightrag_integrations.cli.connect import add_embed_options, add_index_options, open_index
from lightrag_integrations.cli.exits import DONE
from lightrag_integrations.cli.output import print_json

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    add_index_options(parser)
    add_embed_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command.

    Raises:
        InputError: No model is named.
    """
    # Not `with`, which refuses a model that is not the index's.
    with closing(open_index(options)) as index:
        if index.describe()["embed_model"] == "hash":
            raise InputError("got no model; name the new one with --embed or LIGHTRAG_EMBED")
        report = index.reembed(show_progress=not options.quiet and not options.json and sys.stderr.isatty())
    if options.json:
        print_json(report.model_dump(mode="json"))
    elif report.rounds:
        made = f"{report.chunks} chunks, {report.entities} entities, {report.facts} facts"
        print(f"{made} embedded with {report.model} in {report.seconds:.1f} s")
    else:
        print(f"the index has {report.model} already, or holds nothing yet")
    return DONE
