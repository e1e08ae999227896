"""Exit codes, and the one place where an error becomes a message and a code."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable

from lightrag_integrations import InputError, LightRAGError, ModelError, StorageError
from lightrag_integrations.cli.secrets import redact

__all__ = [
    "CONFIGURATION",
    "DONE",
    "INCOMPLETE",
    "INTERRUPTED",
    "MODEL",
    "PIPE_CLOSED",
    "STORAGE",
    "USAGE",
    "run_guarded",
]

DONE = 0
INCOMPLETE = 1
USAGE = 2
CONFIGURATION = 3
STORAGE = 4
MODEL = 5
INTERRUPTED = 130
PIPE_CLOSED = 141


def run_guarded(run: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Run a command; an error of this package becomes one line (one object with `--json`) and an exit code.

    Args:
        run: The command.
        options: Its parsed arguments.

    Returns:
        The command's exit code, or the error's.
    """
    try:
        return run(options)
    except LightRAGError as error:
        kind, message = type(error).__name__, redact(str(error))
        problems = [redact(problem) for problem in getattr(error, "problems", ())]
        if getattr(options, "json", False):
            print(json.dumps({"error": kind, "message": message, "problems": problems}, ensure_ascii=False))
        print("\n  ".join([f"lightrag: {message}", *problems]), file=sys.stderr)
        return _code(error)


def _code(error: LightRAGError) -> int:
    codes = ((InputError, USAGE), (StorageError, STORAGE), (ModelError, MODEL))
    return next((code for kind, code in codes if isinstance(error, kind)), CONFIGURATION)
