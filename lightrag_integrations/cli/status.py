"""Counts, settings and failed documents of an index."""

from __future__ import annotations

import argparse

from lightrag_integrations import DocumentStatus, IndexStatus
from lightrag_integrations.cli.connect import add_index_options, open_index
from lightrag_integrations.cli.exits import DONE, INCOMPLETE
from lightrag_integrations.cli.output import fields, print_json
from lightrag_integrations.cli.secrets import redact

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--documents", action="store_true", help="list all documents, not only failed ones")
    parser.add_argument("--verify", action="store_true", help="check every invariant of the store")
    add_index_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    with open_index(options) as index:
        status = index.status()
        documents = index.documents.list(None if options.documents else "failed")
        problems = index.verify() if options.verify else []
    if options.json:
        listed = [document.model_dump(mode="json") for document in documents]
        print_json({"status": status.model_dump(mode="json"), "documents": listed, "problems": problems})
    else:
        _print(status, documents)
        if options.verify:
            print("\n".join(problems or ["checked: nothing wrong"]))
    return INCOMPLETE if problems else DONE


def _print(status: IndexStatus, documents: list[DocumentStatus]) -> None:
    rows = (
        ("index", status.name),
        ("schema", f"{status.schema_name} (version {status.schema_version})"),
        (
            "documents",
            f"{status.documents} stored, {status.pending + status.processing} waiting, {status.failed} failed",
        ),
        ("chunks", status.chunks),
        ("entities", status.entities),
        ("relations", f"{status.relations} with {status.facts} facts"),
        ("embedding", f"{status.embedding or 'none yet'}{f', {status.dimension} numbers' if status.dimension else ''}"),
        ("size", f"{status.size_bytes / 1e6:.1f} MB"),
        ("server", f"PostgreSQL {status.server_version}, pgvector {status.pgvector_version}"),
    )
    print("\n".join(fields(rows)))
    for document in documents:
        print(f"{document.status:<10}  {document.id}  {document.chunks} chunks  {redact(document.error)}".rstrip())
