"""Mend what 'lightrag status --verify' finds wrong, as far as the stored documents tell how.

Readers of the index go on meanwhile, writers wait. What can't be mended is listed with what to do about it, and the
exit code is 1 then.
"""

from __future__ import annotations

import argparse

from lightrag_integrations.cli.connect import add_index_options, open_index
from lightrag_integrations.cli.exits import DONE, INCOMPLETE
from lightrag_integrations.cli.output import print_json

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_index_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    with open_index(options) as index:
        report = index.repair()
    if options.json:
        print_json(report.model_dump(mode="json"))
    else:
        print("\n".join(f"mended: {line}" for line in report.mended) or "nothing to mend")
        print("".join(f"left: {line}\n" for line in report.left), end="")
    return INCOMPLETE if report.left else DONE
