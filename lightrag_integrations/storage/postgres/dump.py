"""The content of an index as canonical text: equal for equal content, whatever the history."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

import numpy as np

from lightrag_integrations.edits import Edits
from lightrag_integrations.storage.postgres.edits import read_edits
from lightrag_integrations.storage.postgres.parts import StorePart, run
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.schema import Layout
from lightrag_integrations.storage.postgres.wire import json_text
from lightrag_integrations.text.postings import unpack_ints, unpack_postings

__all__ = ["DumpPart", "live_postings"]

_FACT = ("chunk_id", "ordinal", "weight", "description", "keywords", "start", "end", "cooccurrence")
_NOTE = ("ordinal", "source", "target", "label", "properties")
_CHUNK = (
    "chunk_id", "position", "start", "end", "token_count", "length", "title", "text", "content_hash", "metadata",
)  # fmt: skip


class DumpPart(StorePart):
    """`dump` of the store."""

    async def dump(self) -> str:
        """See `store.Store.dump`."""
        async with self._database.snapshot() as (connection, layout):
            chunks = await run(connection, layout, "dump_chunks")
            lines = [
                *_documents(await run(connection, layout, "dump_documents"), chunks),
                *_chunks(chunks),
                *_mentions(await run(connection, layout, "dump_mentions")),
                *_facts(await run(connection, layout, "dump_facts")),
                *_notes(await run(connection, layout, "dump_notes")),
                *_edits(await read_edits(connection, layout)),
                *_records(await run(connection, layout, "dump_records")),
                *_postings(await live_postings(connection, layout), {row[1]: row[2] for row in chunks}),
            ]
        return "".join(f"{json_text(line, canonical=True)}\n" for line in lines)


async def live_postings(connection: Connection, layout: Layout) -> dict[int, list[tuple[int, int, int]]]:
    """(chunk, frequency, length) by term, deletions subtracted.

    Args:
        connection: In a snapshot.
        layout: Schema and statements.
    """
    dead = unpack_ints(b"".join(row[0] for row in await run(connection, layout, "deleted")))
    found: dict[int, list[tuple[int, int, int]]] = {}
    for _, term, _, *packed in await run(connection, layout, "all_postings"):
        chunks, tfs, lengths = unpack_postings(*packed)
        keep = ~np.isin(chunks, dead)
        rows = zip(chunks[keep].tolist(), tfs[keep].tolist(), lengths[keep].tolist(), strict=True)
        found.setdefault(term, []).extend(rows)
    return {term: rows for term, rows in found.items() if rows}


def _documents(rows: Sequence[Sequence[Any]], chunks: Sequence[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    # The hash is of what is stored, not of how it was given: chunks added one by one equal chunks given at once.
    hashes: dict[str, list[list[str]]] = {}
    for row in chunks:
        hashes.setdefault(row[0], []).append([row[2], row[10]])
    for document_id, title, source, metadata, text in rows:
        content = json_text([title, text, sorted(hashes.get(document_id, []))], canonical=True)
        yield {
            "document": document_id, "title": title, "source": source, "metadata": metadata, "text": text,
            "content_hash": sha256(content.encode()).hexdigest(),
        }  # fmt: skip


def _chunks(rows: Sequence[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    for document_id, _, *rest in rows:
        yield {"chunk_of": document_id, **dict(zip(_CHUNK, rest, strict=True))}


def _mentions(rows: Sequence[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    names: dict[str, Counter[str]] = {}
    types: dict[str, Counter[str]] = {}
    for key, _, surface, kind, *_ in rows:
        names.setdefault(key, Counter())[surface] += 1
        types.setdefault(key, Counter())[kind] += bool(kind)
    for key in sorted(names):
        yield {"entity": key, "name": _commonest(names[key]), "type": _commonest(types[key])}
    for key, chunk_id, surface, kind, description, is_title in rows:
        yield {
            "mention": key, "chunk_id": chunk_id, "surface": surface, "type": kind, "description": description,
            "is_title": is_title,
        }  # fmt: skip


def _commonest(counts: Counter[str]) -> str:
    return min(counts, key=lambda value: (-counts[value], value))


def _facts(rows: Sequence[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    weights: dict[tuple[str, str], list[float]] = {}
    for source, target, _, _, weight, *_ in rows:
        weights.setdefault((min(source, target), max(source, target)), []).append(weight)
    for pair in sorted(weights):
        # fsum is exact, so the order of the facts can't show in the sum.
        yield {"relation": list(pair), "weight": math.fsum(weights[pair])}
    for source, target, *rest in rows:
        yield {"fact": [source, target], **dict(zip(_FACT, rest, strict=True))}


def _notes(rows: Sequence[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    for chunk_id, *rest in rows:
        yield {"note_of": chunk_id, **dict(zip(_NOTE, rest, strict=True))}


def _edits(edits: Edits) -> Iterator[dict[str, Any]]:
    # When they were made is no content.
    for key, (target, alias) in sorted(edits.aliases.items()):
        yield {"alias": key, "of": target, **alias.model_dump(exclude={"at"})}
    for pair, hidden in sorted(edits.hidden.items()):
        yield {"hidden": list(pair), **hidden.model_dump(exclude={"at"})}
    for key, override in sorted(edits.overrides.items()):
        yield {"override": key, **override.model_dump(exclude={"at"})}


def _records(rows: Sequence[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    # When they were written is no content.
    for namespace, key, group in rows:
        yield {"record": key, "namespace": namespace, "group": group}


def _postings(postings: dict[int, list[tuple[int, int, int]]], chunk_ids: dict[int, str]) -> Iterator[dict[str, Any]]:
    for term in sorted(postings):
        yield {"term": term, "chunks": sorted([chunk_ids.get(chunk, ""), tf] for chunk, tf, _ in postings[term])}
