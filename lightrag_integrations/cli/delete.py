"""Remove documents and all that they contributed to the graph."""

from __future__ import annotations

import argparse

from lightrag_integrations.cli.connect import add_index_options, open_index
from lightrag_integrations.cli.exits import DONE, INCOMPLETE
from lightrag_integrations.cli.output import print_json

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "ids", nargs="+", metavar="ID", help="ids of documents, as 'lightrag status --documents' lists them"
    )
    add_index_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    wanted = list(dict.fromkeys(options.ids))
    with open_index(options) as index:
        unknown = [document_id for document_id in wanted if index.documents.get(document_id) is None]
        deleted = index.documents.delete(wanted)
    if options.json:
        print_json({"deleted": deleted, "unknown": unknown})
    else:
        print(f"{deleted} deleted")
        print("".join(f"unknown: {document_id}\n" for document_id in unknown), end="")
    return INCOMPLETE if unknown else DONE
