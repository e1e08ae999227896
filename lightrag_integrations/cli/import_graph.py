"""Store a prepared graph: a JSON export, or a custom KG as LightRAG's. No chat model is called."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lightrag_integrations.cli.connect import add_index_options, add_model_options, open_index
from lightrag_integrations.cli.exits import DONE, INCOMPLETE
from lightrag_integrations.cli.output import print_json, report_lines
from lightrag_integrations.cli.secrets import redact

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("path", type=Path, metavar="PATH", help="a JSON file")
    parser.add_argument(
        "--document-id", default="custom-kg", metavar="ID", help="of what has no source (default custom-kg)"
    )
    add_index_options(parser)
    add_model_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    with open_index(options, create=True) as index:
        report = index.graph.load(options.path, document_id=options.document_id)
    errors = {name: redact(reason) for name, reason in report.errors.items()}
    if options.json:
        print_json({"report": report.model_dump(mode="json"), "errors": errors})
    else:
        print("\n".join(report_lines(report)))
        for name, reason in errors.items():
            print(f"lightrag: {name}: {reason}", file=sys.stderr)
    return INCOMPLETE if errors else DONE
