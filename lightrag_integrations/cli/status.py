"""Counts, lags, sizes, settings and failed documents of an index."""

from __future__ import annotations

import argparse

from lightrag_integrations import DocumentStatus, IndexStatus
from lightrag_integrations.cli.connect import add_index_options, open_index
from lightrag_integrations.cli.exits import DONE, INCOMPLETE
from lightrag_integrations.cli.output import counted, fields, print_json
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
    about = "about " if status.estimated else ""
    rows = (
        ("index", status.name),
        ("schema", f"{status.schema_name} (version {status.schema_version})"),
        (
            "documents",
            f"{status.documents} stored, {status.pending + status.processing} waiting, {status.failed} failed",
        ),
        ("waiting", _waiting(status)),
        ("chunks", status.chunks),
        ("entities", f"{about}{status.entities}"),
        ("relations", f"{about}{status.relations} with {about}{status.facts} facts"),
        ("embedding", f"{status.embedding or 'none yet'}{f', {status.dimension} numbers' if status.dimension else ''}"),
        ("reembedding", _reembedding(status)),
        ("upkeep", _upkeep(status)),
        ("size", _size(status)),
        ("server", f"PostgreSQL {status.server_version}, pgvector {status.pgvector_version}"),
    )
    print("\n".join(fields(rows)))
    for document in documents:
        chunks = counted(document.chunks, "chunk")
        print(f"{document.status:<10}  {document.id}  {chunks}  {redact(document.error)}".rstrip())


def _waiting(status: IndexStatus) -> str:
    """What nobody works on, and since when the oldest waits."""
    if status.waiting_s is None:
        return ""
    return f"the oldest for {status.waiting_s:.0f} s; {status.processing} in work, {status.pending} for a retry"


def _reembedding(status: IndexStatus) -> str:
    """The new model, and how far it is."""
    one = status.reembedding
    return "" if one is None else f"{one.model}, {one.done} of {one.of} vectors; 'lightrag reembed' goes on"


def _upkeep(status: IndexStatus) -> str:
    """What upkeep has yet to do, and the vector indexes that are there."""
    parts = [f"{counted(status.segments, 'segment')} of the keyword index"]
    parts += [f"{status.deleted_chunks} deleted chunks in it"] if status.deleted_chunks else []
    parts += [f"{status.idle} names and pairs to sweep"] if status.idle else []
    shown = {table: state for table, state in status.vector_indexes.items() if state != "not needed"}
    parts += [f"vector index of {table}: {state}" for table, state in shown.items()]
    return ", ".join(parts)


def _size(status: IndexStatus) -> str:
    groups = ", ".join(f"{group} {size / 1e6:.1f}" for group, size in status.sizes.items())
    return f"{status.size_bytes / 1e6:.1f} MB ({groups})"
