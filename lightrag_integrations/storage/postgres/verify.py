"""Checks every invariant that the schema itself can't hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lightrag_integrations.storage.postgres.dump import live_postings
from lightrag_integrations.storage.postgres.parts import StorePart, run
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.reads import INDEXED, index_name
from lightrag_integrations.storage.postgres.schema import Layout
from lightrag_integrations.text.postings import MAX_TF, unpack_ints

__all__ = ["VerifyPart"]


class VerifyPart(StorePart):
    """`verify` of the store."""

    async def verify(self) -> Sequence[str]:
        """See `store.Store.verify`."""
        async with self._database.snapshot() as (connection, layout):
            chunks = {row[0]: (row[1], row[2]) for row in await run(connection, layout, "chunk_lengths")}
            return [
                *await _contributions(connection, layout),
                *_against_chunks(await live_postings(connection, layout), chunks),
                *await _segments(connection, layout, chunks),
                *await _vectors(connection, layout),
            ]


async def _contributions(connection: Connection, layout: Layout) -> list[str]:
    problems = [
        f"{count} {table} rows point to rows that don't exist"
        for table, count in await run(connection, layout, "orphans")
        if count
    ]
    for name, problem in (
        ("wrong_relations", "facts belong to a relation between other entities"),
        ("unmentioned_facts", "facts tell of entities that their chunk does not mention"),
    ):
        count = (await run(connection, layout, name))[0][0]
        if count:
            problems.append(f"{count} {problem}")
    return problems


def _against_chunks(
    postings: Mapping[int, Sequence[tuple[int, int, int]]], chunks: Mapping[int, tuple[str, int]]
) -> list[str]:
    """Every chunk's postings, added up, must give its length; nothing else may have postings."""
    problems: list[str] = []
    sums = dict.fromkeys(chunks, 0)
    capped: set[int] = set()
    for term, rows in sorted(postings.items()):
        if len({row[0] for row in rows}) < len(rows):
            problems.append(f"term {term} has two postings of one chunk")
        for chunk, tf, length in rows:
            if chunk not in chunks:
                problems.append(f"term {term} has a posting of chunk {chunk}, which doesn't exist")
                continue
            sums[chunk] += tf
            if tf >= MAX_TF:
                capped.add(chunk)
            if length != chunks[chunk][1]:
                problems.append(f"term {term} has length {length} for chunk {chunks[chunk][0]!r} of {chunks[chunk][1]}")
    for chunk, (chunk_id, length) in chunks.items():
        if sums[chunk] != length and chunk not in capped:
            problems.append(
                f"chunk {chunk_id!r} has {sums[chunk]} term occurrences in postings, its length is {length}"
            )
    return problems


async def _segments(connection: Connection, layout: Layout, chunks: Mapping[int, tuple[str, int]]) -> list[str]:
    count, total = (await run(connection, layout, "corpus"))[0]
    expected = (len(chunks), sum(length for _, length in chunks.values()))
    problems = []
    if (count, total) != expected:
        problems.append(f"segments count {count} chunks of {total} terms, stored are {expected[0]} of {expected[1]}")
    rows = await run(connection, layout, "every_segment")
    listed = [one for sign, ids, _ in rows if sign > 0 for one in unpack_ints(ids).tolist()]
    deleted = {one for sign, ids, _ in rows if sign < 0 for one in unpack_ints(ids).tolist()}
    if sorted(one for one in listed if one not in deleted) != sorted(chunks):
        problems.append("the chunks listed by segments, deletions subtracted, are not the stored chunks")
    return problems


async def _vectors(connection: Connection, layout: Layout) -> list[str]:
    problems = []
    meta: dict[str, Any] = dict(await run(connection, layout, "meta"))
    if "dimension" in meta:
        wrong = await run(connection, layout, "wrong_vectors", dimension=int(meta["dimension"]))
        problems += [f"{count} {table} vectors have another dimension" for table, count in wrong if count]
    names = [index_name(table) for table in INDEXED]
    for name, valid, building in await run(connection, layout, "vector_indexes", schema=layout.schema, names=names):
        if not valid and not building:
            problems.append(f"index {name} is invalid; compact() replaces it")
    return problems
