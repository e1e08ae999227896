"""Vectors of another model, made beside those that are searched until they take their place."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from lightrag_integrations.errors import StorageError
from lightrag_integrations.refill import Filling, Kind, MakeVectors, Unfilled
from lightrag_integrations.storage.postgres.edits import lock_edits
from lightrag_integrations.storage.postgres.filled import FILLING, TABLE_OF, read_meta
from lightrag_integrations.storage.postgres.maintenance import build_vector_indexes
from lightrag_integrations.storage.postgres.parts import StorePart, columns, run
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.rows import vector
from lightrag_integrations.storage.postgres.schema import Layout
from lightrag_integrations.storage.postgres.sql import TABLES, other_column
from lightrag_integrations.storage.postgres.vectors import check_dimension, giving_way
from lightrag_integrations.storage.postgres.wire import halfvec_array

__all__ = ["ReembedPart"]

Vectors = Mapping[int, Sequence[float]]


class ReembedPart(StorePart):
    """`refill.Refilling` of the store."""

    async def filling(self) -> Filling:
        """See `refill.Refilling.filling`."""
        meta = dict(await self._alone("meta"))
        dimension = meta.get("filling_dimension")
        return Filling(meta.get("embedding"), meta.get("filling"), int(dimension) if dimension else None)

    async def clear_filling(self) -> None:
        """See `refill.Refilling.clear_filling`."""
        await giving_way(self._database, _clear)

    async def begin_filling(self, model: str, dimension: int) -> None:
        """See `refill.Refilling.begin_filling`."""
        check_dimension(dimension)
        await giving_way(self._database, partial(_begin, model=model, dimension=dimension))

    async def count_filling(self, kinds: Collection[Kind]) -> tuple[int, int]:
        """See `refill.Refilling.count_filling`."""
        return await self._transact(partial(_count, kinds=kinds))

    async def unfilled(self, kind: Kind, *, after: int, limit: int) -> Sequence[Unfilled]:
        """See `refill.Refilling.unfilled`."""
        async with self._database.snapshot() as (connection, layout):
            layout = layout.reading(await read_meta(connection, layout))
            return await _unfilled(connection, layout, kind, after=after, limit=limit)

    async def fill(self, kind: Kind, vectors: Vectors, *, model: str) -> int | None:
        """See `refill.Refilling.fill`."""
        return await self._transact(partial(_fill_checked, kind=kind, vectors=vectors, model=model))

    async def index_filled(self) -> None:
        """See `refill.Refilling.index_filled`."""
        await build_vector_indexes(self._database, self._tuning, filled=True)

    async def switch(self, model: str, kinds: Collection[Kind], *, last: MakeVectors | None, limit: int) -> bool:
        """See `refill.Refilling.switch`."""
        switched = await self._transact(partial(_switch, model=model, kinds=kinds, last=last, limit=limit))
        if switched:
            self._changed()
        return switched


async def _retype(connection: Connection, layout: Layout, kind: str) -> None:
    """Put an empty column in place of the one that is not searched. Nothing is rewritten, nobody looks at it."""
    await run(connection, layout, "clear_blank")
    for table in TABLES:
        statement = f"ALTER TABLE {{s}}.{table} DROP COLUMN {{o}}, ADD COLUMN {{o}} {{v}}.{kind}"
        await connection.execute(layout.statements.fill(statement))
    await run(connection, layout, "forget_meta", keys=[*FILLING, "emptying"])


async def _clear(connection: Connection, layout: Layout) -> None:
    await connection.execute(layout.statements["lock_meta"])
    meta = await read_meta(connection, layout)
    if "filling" in meta or "emptying" in meta:
        await _retype(connection, layout.reading(meta), "halfvec")


async def _begin(connection: Connection, layout: Layout, *, model: str, dimension: int) -> None:
    await connection.execute(layout.statements["lock_meta"])
    meta = await read_meta(connection, layout)
    if model in (meta.get("embedding"), meta.get("filling")):
        return  # somebody else was quicker
    await _retype(connection, layout.reading(meta), f"halfvec({int(dimension)})")
    await run(connection, layout, "set_meta", keys=list(FILLING), values=[model, str(dimension), "0", "0"])


async def _count(connection: Connection, layout: Layout, *, kinds: Collection[Kind]) -> tuple[int, int]:
    meta = await read_meta(connection, layout)
    if "filling" not in meta:
        return 0, 0
    rows = await run(connection, layout.reading(meta), "count_filling")
    counted = [row for kind, row in zip(TABLE_OF, rows, strict=True) if kind in kinds]
    done, left = sum(row[0] for row in counted), sum(row[1] for row in counted)
    await run(connection, layout, "set_meta", keys=list(FILLING[2:]), values=[str(done), str(done + left)])
    return done, left


async def _unfilled(connection: Connection, layout: Layout, kind: Kind, *, after: int, limit: int) -> list[Unfilled]:
    rows = await run(connection, layout, f"unfilled_{TABLE_OF[kind]}", after=after, limit=limit)
    return [Unfilled(kind, row[0], tuple(row[1:])) for row in rows]


async def _fill_checked(
    connection: Connection, layout: Layout, *, kind: Kind, vectors: Vectors, model: str
) -> int | None:
    # Who begins anew locks `meta` alone: what is read here holds until the end of the transaction.
    meta = await read_meta(connection, layout)
    if meta.get("embedding") == model:
        return None
    if meta.get("filling") != model:
        raise StorageError(
            f"re-embedding with {model!r} was given up: another call began with {meta.get('filling')!r}; "
            "call reembed again with the model that is wanted"
        )
    count = await _fill(connection, layout.reading(meta), kind=kind, vectors=vectors, meta=meta)
    await run(connection, layout, "count_filled", count=count)
    return count


async def _fill(
    connection: Connection, layout: Layout, *, kind: Kind, vectors: Vectors, meta: Mapping[str, str]
) -> int:
    packed = {row: vector(values, int(meta["filling_dimension"])) for row, values in vectors.items()}
    blank = [row for row, made in packed.items() if made is None]
    ids, made = columns([pair for pair in packed.items() if pair[1] is not None], 2)
    filled: Sequence[Any] = ()
    if ids:
        embeddings = halfvec_array(made, layout.halfvec_oid)
        filled = await run(connection, layout, f"fill_{TABLE_OF[kind]}", ids=ids, embeddings=embeddings)
    if blank:
        await run(connection, layout, "add_blank", kind=kind, ids=blank)
    return len(filled) + len(blank)


async def _switch(
    connection: Connection,
    layout: Layout,
    *,
    model: str,
    kinds: Collection[Kind],
    last: MakeVectors | None,
    limit: int,
) -> bool:
    # Commits and edits begin with this lock, so nothing waits for them that they wait for.
    await lock_edits(connection, layout)
    meta = await read_meta(connection, layout)
    if meta.get("embedding") == model:
        return True
    if meta.get("filling") != model:
        raise StorageError(f"re-embedding with {model!r} was given up by another call; call reembed again")
    layout = layout.reading(meta)
    late = await _late(connection, layout, kinds, limit + 1 if last is not None else 1)
    if late and last is not None and len(late) <= limit:
        vectors = await last(late)
        for kind in kinds:
            own = {row.id: made for row, made in zip(late, vectors, strict=True) if row.kind == kind}
            await _fill(connection, layout, kind=kind, vectors=own, meta=meta)
        late = await _late(connection, layout, kinds, 1)
    if late:
        return False
    column = layout.statements.column
    values = {
        "embedding": model, "dimension": meta["filling_dimension"], "column": other_column(column), "emptying": column,
    }  # fmt: skip
    await run(connection, layout, "set_meta", keys=list(values), values=list(values.values()))
    await run(connection, layout, "forget_meta", keys=list(FILLING))
    await run(connection, layout, "clear_blank")
    return True


async def _late(connection: Connection, layout: Layout, kinds: Collection[Kind], limit: int) -> list[Unfilled]:
    found: list[Unfilled] = []
    for kind in kinds:
        if len(found) < limit:
            found += await _unfilled(connection, layout, kind, after=-1, limit=limit - len(found))
    return found
