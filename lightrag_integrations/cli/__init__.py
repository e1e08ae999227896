"""The command `lightrag`. Each command is a small module of its own, imported only when it is called."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from types import MappingProxyType

from lightrag_integrations.cli.exits import INTERRUPTED, PIPE_CLOSED, USAGE, run_guarded
from lightrag_integrations.cli.terminal import printing, warning

__all__ = ["main"]

_COMMANDS = (
    ("demo", "the whole job on a bundled corpus: offline, no key, under a minute"),
    ("ingest", "read files and directories into an index"),
    ("query", "search an index, or answer a question from it"),
    ("evaluate", "measure modes on questions whose answers you know"),
    ("status", "counts, settings and failed documents of an index"),
    ("indexes", "names of the indexes of a database"),
    ("graph", "what the graph knows of an entity"),
    ("export", "write the graph as JSON, GraphML or CSV"),
    ("import", "take over a working directory or workspace of LightRAG, or a table of pgvector"),
    ("import-graph", "store a prepared graph: a JSON export or a custom KG"),
    ("delete", "remove documents and all that they contributed"),
    ("reembed", "change the embedding model of an index, while it is in use"),
    ("repair", "mend an index that 'status --verify' finds damaged"),
    ("doctor", "what works on this machine"),
)
_MODULES = MappingProxyType({"import": "import_stores"})
"""Of commands whose names can't be those of modules."""
_EPILOG = """exit codes: 0 done; 1 done, but something is missing (a file failed, no hit, unknown name, a check failed);
2 wrong usage or refused value; 3 configuration; 4 storage; 5 model; 130 interrupted.
environment: LIGHTRAG_DATABASE, LIGHTRAG_INDEX, LIGHTRAG_LLM, LIGHTRAG_EMBED, OPENAI_API_KEY, OPENAI_BASE_URL.
Run 'lightrag COMMAND --help' for a command's options."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: Arguments after the program's name; None: those of the process.

    Returns:
        The exit code: 0 done, 1 done but something is missing, 2 usage, 3 configuration, 4 storage, 5 model,
        130 interrupted, 141 the reader of our output went away.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        with printing(), warning():
            code = _dispatch(arguments)
            sys.stdout.flush()
    except KeyboardInterrupt:
        print("lightrag: interrupted; what was stored stays, run the command again to go on", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the last flush complains at exit
        return PIPE_CLOSED
    return code


def _dispatch(arguments: list[str]) -> int:
    parser = _overview()
    if not arguments:
        parser.print_help(sys.stderr)
        return USAGE
    known = {name for name, _ in _COMMANDS}
    name = arguments[0]
    if name not in known:
        parser.parse_args(arguments[:1])  # prints help or version, or refuses
        return USAGE
    command = import_module(f"lightrag_integrations.cli.{_MODULES.get(name, name.replace('-', '_'))}")
    options = argparse.ArgumentParser(
        prog=f"lightrag {name}",
        description=command.__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_arguments(options)
    return run_guarded(command.run, options.parse_args(arguments[1:]))


def _overview() -> argparse.ArgumentParser:
    width = max(len(name) for name, _ in _COMMANDS)
    lines = "\n".join(f"  {name:<{width}}  {text}" for name, text in _COMMANDS)
    parser = argparse.ArgumentParser(
        prog="lightrag",
        description=f"Knowledge-graph retrieval on PostgreSQL.\n\ncommands:\n{lines}",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="lightrag COMMAND [options]",
    )
    parser.add_argument("--version", action="version", version=f"lightrag {version('lightrag-integrations')}")
    parser.add_argument("command", choices=[name for name, _ in _COMMANDS], help=argparse.SUPPRESS)
    return parser
