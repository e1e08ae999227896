"""Upkeep: folding posting segments, sweeping idle identities, building vector indexes. Safe beside everything else."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from lightrag_integrations.storage.postgres.cursors import server_cursor
from lightrag_integrations.storage.postgres.filled import empty_other_vectors
from lightrag_integrations.storage.postgres.parts import StorePart, Tuning, run, transact
from lightrag_integrations.storage.postgres.pool import Connection, Database
from lightrag_integrations.storage.postgres.reads import INDEXED, index_name, recorded_dimension
from lightrag_integrations.storage.postgres.rows import Row, posting_rows
from lightrag_integrations.storage.postgres.schema import Layout
from lightrag_integrations.storage.postgres.summaries import sweep_summaries
from lightrag_integrations.storage.postgres.vectors import MAX_INDEXED
from lightrag_integrations.storage.postgres.wire import int4_array, int8_array, signed_hash
from lightrag_integrations.storage.postgres.write import add_segment, copy_in
from lightrag_integrations.text.postings import merge_postings, unpack_ints

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

__all__ = ["MaintenancePart", "build_vector_indexes", "fold", "for_each_table", "reclaim", "sweep"]

_ROWS_AT_ONCE = 4000
_SWEEP_AT_ONCE = 10000
_MOST_LEVELS = 8
_TABLES = (
    "document", "chunk", "entity", "mention", "relation", "fact", "segment", "postings", "alias", "hidden", "override",
    "aside_mention", "aside_fact", "summary", "note", "blank", "meta", "mirrored", "record", "migration",
)  # fmt: skip
"""All but those of work under way and of what was paid for: the ones that are never shortened beside readers."""
_FOLDED = ("segment", "postings")

PostingRow = tuple[int, bytes, bytes, bytes]


class MaintenancePart(StorePart):
    """`compact` of the store."""

    async def compact(self, *, forget: bool = False) -> None:
        """See `store.Store.compact`. Also builds missing vector indexes and refreshes the planner's statistics.

        Gives back to the disk what is free at the end of files, for which their readers wait a moment.
        """
        await fold(self._database, self._tuning, everything=True)
        await sweep(self._database)
        if forget:
            await self._alone("forget_extractions")
        await build_vector_indexes(self._database, self._tuning)
        await empty_other_vectors(self._database)
        await for_each_table(self._database, "VACUUM (ANALYZE, SKIP_LOCKED, TRUNCATE)")


async def for_each_table(database: Database, command: str, tables: Sequence[str] = _TABLES) -> None:
    """Run a command for each table of the content, outside a transaction.

    Args:
        database: The index.
        command: What stands before the table's name.
        tables: Of these alone.
    """
    layout = await database.layout()
    async with database.connection() as connection:
        for table in tables:
            await connection.execute(layout.statements.fill(f"{command} {{s}}.{table}"))


async def reclaim(database: Database) -> None:
    """Free the room of what folds have replaced, for the next to use.

    Autovacuum looks once a minute, in which steady changes may replace the keyword index several times over. Just after
    a fold there is little to free, since those who read meanwhile still see the old rows: call this before the next.

    Files keep their size: to shorten one, readers must be locked out.

    Args:
        database: The index.
    """
    await for_each_table(database, "VACUUM (SKIP_LOCKED, TRUNCATE FALSE)", _FOLDED)


async def fold(database: Database, tuning: Tuning, *, everything: bool) -> None:
    """Fold segments into larger ones and take deleted chunks out of them.

    Only one fold runs at a time in an index; a second one waits when it is to fold everything and leaves otherwise.
    Committed segments never change, and only folds remove them, so nothing else need be locked.

    Args:
        database: The index.
        tuning: How many segments of one size make one of the next.
        everything: Fold all into one, instead of only sizes that have become too many.
    """
    await transact(database, partial(_fold, tuning=tuning, everything=everything))


async def _fold(connection: Connection, layout: Layout, *, tuning: Tuning, everything: bool) -> None:
    name = "lock_index" if everything else "try_lock_index"
    rows = await run(connection, layout, name, key=signed_hash(layout.schema, "fold"))
    if not everything and not rows[0][0]:
        return
    # Folding one size may make too many of the next.
    for _ in range(1 if everything else _MOST_LEVELS):
        segments = await run(connection, layout, "segments")
        deleted = [row[0] for row in segments if row[1] < 0]
        groups = _groups(segments, tuning, everything=everything)
        for level, group in groups:
            deleted = await _fold_group(connection, layout, group=group, deleted=deleted, level=level)
        if not groups:
            break


def _groups(
    segments: Sequence[tuple[int, int, int, int]], tuning: Tuning, *, everything: bool
) -> list[tuple[int, list[int]]]:
    """(new level, segments) to fold."""
    levels: dict[int, list[int]] = {}
    for segment, sign, level, _ in segments:
        if sign > 0:
            levels.setdefault(level, []).append(segment)
    negative = [row for row in segments if row[1] < 0]
    whole = sorted(segment for group in levels.values() for segment in group)
    top = max(levels, default=0)
    gone, total = sum(row[3] for row in negative), sum(row[3] for row in segments if row[1] > 0)
    if everything or gone * 4 > total or len(negative) > tuning.segments:
        return [(max(top, 1), whole)] if len(whole) > 1 or negative else []
    return [(level + 1, group) for level, group in sorted(levels.items()) if len(group) >= tuning.fan]


async def _fold_group(
    connection: Connection, layout: Layout, *, group: Sequence[int], deleted: Sequence[int], level: int
) -> list[int]:
    """Fold some segments into one; what is left of the segments of deletions."""
    old = int8_array(group)
    ids, lengths = await _chunks(connection, layout, group)
    dead, dead_lengths = await _chunks(connection, layout, deleted)
    purged = np.isin(dead, ids)
    alive = ~np.isin(ids, dead)
    segment = await add_segment(
        connection, layout, ids=ids[alive].tolist(), lengths=lengths[alive].tolist(), sign=1, level=level
    )
    async with aclosing(_whole_terms(connection, layout, old)) as batches:
        async for batch in batches:
            make = partial(_merged_rows, segment, batch, dead)
            await copy_in(connection, layout.statements["copy_postings"], make)
    await run(connection, layout, "remove_postings", segments=old)
    await run(connection, layout, "remove_segments", segments=old)
    if not purged.any():
        return list(deleted)
    await run(connection, layout, "remove_segments", segments=int8_array(deleted))
    if purged.all():
        return []
    left, sizes = dead[~purged].tolist(), dead_lengths[~purged].tolist()
    return [await add_segment(connection, layout, ids=left, lengths=sizes, sign=-1, level=0)]


def _merged_rows(segment: int, rows: Sequence[PostingRow], dead: Ints) -> Iterator[Row]:
    return posting_rows(segment, merge_postings(rows, dead))


async def _chunks(connection: Connection, layout: Layout, segments: Sequence[int]) -> tuple[Ints, Ints]:
    rows = await run(connection, layout, "segment_chunks", segments=int8_array(segments))
    return unpack_ints(b"".join(row[1] for row in rows)), unpack_ints(b"".join(row[2] for row in rows))


async def _whole_terms(connection: Connection, layout: Layout, segments: bytes) -> AsyncGenerator[list[PostingRow]]:
    """The postings of some segments in batches, no term split between two batches."""
    held: list[PostingRow] = []
    async with server_cursor(connection, "lightrag_postings") as cursor:
        await cursor.execute(layout.statements["segment_postings"], {"segments": segments})
        while rows := await cursor.fetchmany(_ROWS_AT_ONCE):
            held += rows
            last = held[-1][0]
            cut = next(place for place in range(len(held), 0, -1) if place == 1 or held[place - 2][0] != last) - 1
            if cut:
                yield held[:cut]
                held = held[cut:]
    if held:
        yield held


async def count_segments(database: Database) -> int:
    """How many segments there are, whoever wrote them.

    Args:
        database: The index.
    """
    async with database.snapshot() as (connection, layout):
        return int((await run(connection, layout, "count_segments"))[0][0])


async def sweep(database: Database) -> None:
    """Remove stale summaries, and what nothing tells of; rows that a writer holds are left for the next time.

    Args:
        database: The index.
    """
    for find, remove in (("idle_relations", "sweep_relations"), ("idle_entities", "sweep_entities")):
        found = _SWEEP_AT_ONCE
        while found == _SWEEP_AT_ONCE:
            found = await transact(database, partial(_sweep, find=find, remove=remove))
    await sweep_summaries(database)


async def _sweep(connection: Connection, layout: Layout, *, find: str, remove: str) -> int:
    """Remove some idle rows; how many were looked at."""
    ids = [row[0] for row in await run(connection, layout, find, limit=_SWEEP_AT_ONCE)]
    await run(connection, layout, remove, ids=int4_array(ids))
    return len(ids)


async def build_vector_indexes(database: Database, tuning: Tuning, *, filled: bool = False) -> None:
    """Build the HNSW indexes of tables that have become large; replace invalid ones, or remove them from small tables.

    Args:
        database: The index.
        tuning: From how many vectors on an index pays.
        filled: Of the vectors being made by another model, instead of those searched.
    """
    async with database.building:
        for table in INDEXED:
            # Looked at anew for each: a build takes minutes, and other processes build, too.
            found = await _lacking(database, tuning, table, filled=filled)
            if found is not None:
                layout, large = found
                await _build(database, layout, table, large=large)


async def _lacking(database: Database, tuning: Tuning, table: str, *, filled: bool) -> tuple[Layout, bool] | None:
    """The layout of these vectors and whether the table is large, if it lacks an index or has half of one."""
    async with database.snapshot() as (connection, layout):
        meta = dict(await run(connection, layout, "meta"))
        layout = layout.reading(meta).turned() if filled else layout.reading(meta)
        counts = (await run(connection, layout, "count_vectors", most=tuning.hnsw_rows))[0]
        state = (await _indexes(connection, layout)).get(index_name(table, layout))
    count = dict(zip(INDEXED, counts, strict=True))[table]
    dimension = recorded_dimension(meta, "filling_dimension" if filled else "dimension") or 0
    large = count >= tuning.hnsw_rows and 1 <= dimension <= MAX_INDEXED
    if state is None:
        return (layout, True) if large else None
    valid, building = state
    return None if valid or building else (layout, large)


async def _indexes(connection: Connection, layout: Layout) -> dict[str, tuple[bool, bool]]:
    names = [index_name(table, layout) for table in INDEXED]
    rows = await run(connection, layout, "vector_indexes", schema=layout.schema, names=names)
    return {name: (valid, building) for name, valid, building in rows}


async def _build(database: Database, layout: Layout, table: str, *, large: bool) -> None:
    name = index_name(table, layout)
    drop = layout.statements.fill(f"DROP INDEX CONCURRENTLY IF EXISTS {{s}}.{name}")
    create = layout.statements.fill(
        f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {{s}}.{table} USING hnsw ({{e}} {{v}}.halfvec_cosine_ops)"
    )
    async with database.connection() as connection:
        await connection.execute(drop)
        if not large:
            return
        finished = False
        try:
            await connection.execute(create)
            finished = True
        finally:
            # Cut short, it leaves an invalid index, which costs every writer and helps no reader.
            if not finished and not connection.broken:
                await connection.execute(drop)
