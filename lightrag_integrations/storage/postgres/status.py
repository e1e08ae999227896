"""Counts, lags and sizes of an index; asked often, so nothing here reads a large table as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from lightrag_integrations.reports import IndexStatus, Reembedding, VectorIndexState
from lightrag_integrations.storage.postgres.parts import StorePart, dead_owners, run
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.reads import INDEX_NAMES, INDEXED, index_name, recorded_dimension
from lightrag_integrations.storage.postgres.schema import Layout
from lightrag_integrations.storage.postgres.vectors import MAX_INDEXED

__all__ = ["StatusPart"]

_COUNTED_ROWS = 100_000
"""With more facts or mentions than this, entities, relations and facts come from the server's statistics."""
_GROUPS = MappingProxyType(
    {
        "document": "text", "chunk": "text", "segment": "postings", "postings": "postings",
        "blank": "graph", "entity": "graph", "mention": "graph", "relation": "graph", "fact": "graph",
        "alias": "graph", "hidden": "graph", "override": "graph", "aside_mention": "graph", "aside_fact": "graph",
        "note": "graph",
        "pending": "pending", "extraction": "cache", "summary": "cache", "ledger": "ledger", "record": "records",
        "mirrored": "mirrors",
    }
)  # fmt: skip


class StatusPart(StorePart):
    """`status` of the store."""

    async def status(self) -> IndexStatus:
        """See `store.Store.status`."""
        async with self._database.snapshot() as (connection, layout):
            tables = await run(connection, layout, "tables", schema=layout.schema, names=list(INDEX_NAMES))
            meta = dict(await run(connection, layout, "meta"))
            layout = layout.reading(meta)
            dead = await dead_owners(connection, layout, None)
            states = (await run(connection, layout, "states", dead=dead))[0]
            counts = await _counts(connection, layout, {row[0]: row[1] for row in tables})
            dimension = recorded_dimension(meta)
            indexes = await self._indexes(connection, layout, dimension)
        sizes = _sizes(tables)
        names = (
            "documents", "processed", "pending", "processing", "failed", "waiting_s", "chunks", "segments",
            "deleted_chunks",
        )  # fmt: skip
        return IndexStatus(
            name=layout.name,
            schema_name=layout.schema,
            schema_version=layout.version,
            embedding=meta.get("embedding", ""),
            dimension=dimension,
            reembedding=_reembedding(meta),
            vector_indexes=indexes,
            sizes=sizes,
            size_bytes=sum(sizes.values()),
            server_version=layout.server_version,
            pgvector_version=layout.vector_version,
            **dict(zip(names, states, strict=True)),
            **counts,
        )

    async def _indexes(
        self, connection: Connection, layout: Layout, dimension: int | None
    ) -> dict[str, VectorIndexState]:
        names = [index_name(table, layout) for table in INDEXED]
        rows = await run(connection, layout, "vector_indexes", schema=layout.schema, names=names)
        known = {name: (valid, building) for name, valid, building in rows}
        counts: Sequence[int] = (0,) * len(INDEXED)
        if (
            dimension is not None
            and dimension <= MAX_INDEXED
            and not all(known.get(name, (False,))[0] for name in names)
        ):
            # Only so far as it takes to see that a table is large.
            counts = (await run(connection, layout, "count_vectors", most=self._tuning.hnsw_rows))[0]
        return {
            table: _state(known.get(index_name(table, layout)), wanted=count >= self._tuning.hnsw_rows)
            for table, count in zip(INDEXED, counts, strict=True)
        }


def _reembedding(meta: Mapping[str, str]) -> Reembedding | None:
    if "filling" not in meta:
        return None
    done, of = (int(meta[key]) if meta.get(key, "").isdecimal() else 0 for key in ("filling_done", "filling_of"))
    dimension = recorded_dimension(meta, "filling_dimension") or 0
    return Reembedding(model=meta["filling"], dimension=dimension, done=done, of=max(of, done))


def _state(known: tuple[bool, bool] | None, *, wanted: bool) -> VectorIndexState:
    if known is None:
        return "missing" if wanted else "not needed"
    valid, building = known
    if building:
        return "building"
    return "ready" if valid else "invalid"


async def _counts(connection: Connection, layout: Layout, rows: Mapping[str, int]) -> dict[str, Any]:
    if max(rows["mention"], rows["fact"]) > _COUNTED_ROWS:
        names = {"entities": "entity", "relations": "relation", "facts": "fact"}
        return {name: max(rows[table], 0) for name, table in names.items()} | {"estimated": True}
    entities, relations, facts, unseen, idle_entities, idle_relations = (await run(connection, layout, "counts"))[0]
    return {
        "entities": entities - unseen,
        "relations": relations - idle_relations,
        "facts": facts,
        "idle": idle_entities + idle_relations,
    }


def _sizes(tables: Sequence[tuple[Any, ...]]) -> dict[str, int]:
    """Bytes by group of tables, the vector indexes as a group of their own."""
    sizes = dict.fromkeys((*dict.fromkeys(_GROUPS.values()), "vector indexes", "other"), 0)
    for table, _, size, vectors in tables:
        sizes[_GROUPS.get(table, "other")] += size - vectors
        sizes["vector indexes"] += vectors
    return sizes
