"""Take over what another system stored, without a call of a chat model where it left a graph.

SOURCE is a working directory of LightRAG, or the postgresql:// address of a database that holds a workspace of LightRAG
(--workspace), a table or collection of langchain-postgres (--langchain-table, --langchain-collection) or a table of
LlamaIndex' PGVectorStore (--llama-index-table). Everything is read and checked before anything is written, or an
index made. Importing again changes nothing; --dry-run shows what would be taken, and makes nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import closing
from pathlib import Path

from pydantic import SecretStr

from lightrag_integrations import (
    ImportReport,
    InputError,
    LangChainCollection,
    LangChainTable,
    LightRAGDirectory,
    LightRAGWorkspace,
    LlamaIndexTable,
)
from lightrag_integrations.cli.connect import add_index_options, add_model_options, open_index
from lightrag_integrations.cli.exits import DONE, INCOMPLETE
from lightrag_integrations.cli.output import counted, print_json
from lightrag_integrations.cli.secrets import redact, refuse_password
from lightrag_integrations.database import KEYWORDS

__all__ = ["add_arguments", "run"]

_VARIABLE = "LIGHTRAG_SOURCE"
_TABLES = ("langchain_table", "langchain_collection", "llama_index_table")
_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "source", nargs="?", metavar="SOURCE", help=f"directory or address without password; default: {_VARIABLE}"
    )
    parser.add_argument("--workspace", metavar="NAME", help="LightRAG's; in a database default 'default'")
    parser.add_argument("--graphml", type=Path, metavar="FILE", help="of a workspace whose graph NetworkX keeps")
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--langchain-table", metavar="TABLE", help="of langchain-postgres' PGVectorStore")
    kinds.add_argument("--langchain-collection", metavar="NAME", help="of langchain-postgres' older PGVector")
    kinds.add_argument("--llama-index-table", metavar="TABLE", help="of LlamaIndex' PGVectorStore, without 'data_'")
    parser.add_argument("--schema", default="public", metavar="NAME", help="of these tables (default public)")
    parser.add_argument(
        "--vectors", choices=("embed", "keep"), default="embed",
        help="keep: take the vectors over; --embed has to name the model that they come from",
    )  # fmt: skip
    parser.add_argument(
        "--graph", choices=("words", "model", "none"), default="words",
        help="of what comes without one: from its words, by the model --llm, or none",
    )  # fmt: skip
    parser.add_argument(
        "--unfinished", choices=("skip", "ingest"), default="skip", help="documents that LightRAG had not finished"
    )
    parser.add_argument("--dry-run", action="store_true", help="store nothing, show what would be taken")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    add_index_options(parser)
    add_model_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command.

    Raises:
        InputError: There is no source, or options do not fit together.
        ConfigurationError: The address carries a password.
    """
    source = _source(options)
    bars = not options.quiet and not options.json and sys.stderr.isatty()
    with closing(open_index(options, create=True)) as index:  # not `with`, which would make an index at once
        report = index.import_from(
            source, vectors=options.vectors, graph=options.graph, unfinished=options.unfinished,
            dry_run=options.dry_run, show_progress=bars,
        )  # fmt: skip
    if options.json:
        print_json(report.model_dump(mode="json"))
    else:
        print("\n".join(_lines(report)))
    for name, reason in report.errors.items():
        print(f"lightrag: {name}: {redact(reason)}", file=sys.stderr)
    return INCOMPLETE if report.errors else DONE


def _source(
    options: argparse.Namespace,
) -> LightRAGDirectory | LightRAGWorkspace | LangChainTable | LangChainCollection | LlamaIndexTable:
    if options.source:
        refuse_password(
            "SOURCE", options.source, f"Put it into the environment variable {_VARIABLE}, or use ~/.pgpass."
        )
    place = options.source or os.environ.get(_VARIABLE)
    if not place:
        raise InputError(f"got no source; name a directory or an address, or set {_VARIABLE}")
    if "://" not in place and (not KEYWORDS.match(place) or Path(place).is_dir()):
        given = [f"--{name.replace('_', '-')}" for name in (*_TABLES, "graphml") if getattr(options, name)]
        if given:
            raise InputError(f"{given[0]} is for databases, but the source is a directory; expected postgresql://…")
        return LightRAGDirectory(path=Path(place), workspace=options.workspace or "")
    return _in_database(SecretStr(place), options)


def _in_database(
    dsn: SecretStr, options: argparse.Namespace
) -> LightRAGWorkspace | LangChainTable | LangChainCollection | LlamaIndexTable:
    if any(getattr(options, name) for name in _TABLES) and (options.workspace or options.graphml):
        raise InputError("--workspace and --graphml are LightRAG's; a table or collection has none")
    schema: str = options.schema
    if options.langchain_table:
        return LangChainTable(dsn=dsn, table=options.langchain_table, schema_name=schema)
    if options.langchain_collection:
        return LangChainCollection(dsn=dsn, collection=options.langchain_collection, schema_name=schema)
    if options.llama_index_table:
        return LlamaIndexTable(dsn=dsn, table=options.llama_index_table, schema_name=schema)
    return LightRAGWorkspace(dsn=dsn, workspace=options.workspace or "default", graphml=options.graphml)


def _lines(report: ImportReport) -> list[str]:
    found = ", ".join(f"{number} {name}" for name, number in report.found.items())
    stored = "to be stored" if report.dry_run else "stored"
    taken = f"{report.documents} {stored}, {report.unchanged} unchanged, {report.failed} failed"
    if report.by_hand:
        own = report.documents + report.unchanged + report.failed - report.by_hand
        taken += f" ({counted(own, 'document')} and {counted(report.by_hand, 'statement')} made by hand)"
    parts = [counted(report.chunks, "chunk")]
    parts += [f"{report.entities} entities, {counted(report.relations, 'relation')}"] if report.entities else []
    parts += [f"{counted(report.own_words, 'chunk')} with cached answers"] if report.own_words else []
    parts += [f"{counted(report.vectors_kept, 'vector')} kept"] if report.vectors_kept else []
    tokens = f"{'about ' if report.dry_run else ''}{report.embedding_tokens} embedding tokens"
    lines = [f"{report.source}: {found}", f"{taken}; {', '.join(parts)}"]
    lines += [f"{counted(report.model_calls, 'model call')}, {tokens}; {report.seconds:.1f} s"]
    lines += [f"  {number} {name}" for name, number in report.changed.items()]
    lines += [f"  left out: {number} {name}" for name, number in report.left_out.items()]
    shown = list(report.unfinished.items())[:_SHOWN]
    lines += [f"  not finished there: {name} ({redact(reason)})" for name, reason in shown]
    more = len(report.unfinished) - len(shown)
    return [*lines, *([f"  and {more} more, see --json"] if more else [])]
