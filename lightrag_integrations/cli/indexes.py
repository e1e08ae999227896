"""Names of the indexes that a database holds, one a line."""

from __future__ import annotations

import argparse
from contextlib import closing

from lightrag_integrations.cli.connect import add_index_options, open_index
from lightrag_integrations.cli.exits import DONE
from lightrag_integrations.cli.output import print_json

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_index_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    with closing(open_index(options)) as index:  # not `with`, for which the index named has to be there
        names = index.names()
    if options.json:
        print_json({"indexes": names})
    else:
        print("".join(f"{name}\n" for name in names), end="")
    return DONE
