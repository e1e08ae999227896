"""Counts and settings of an index."""

from __future__ import annotations

from lightrag_integrations.reports import IndexStatus
from lightrag_integrations.storage.postgres.parts import StorePart, run

__all__ = ["StatusPart"]


class StatusPart(StorePart):
    """`status` of the store."""

    async def status(self) -> IndexStatus:
        """See `store.Store.status`."""
        async with self._database.snapshot() as (connection, layout):
            row = (await run(connection, layout, "status", schema=layout.schema))[0]
            meta = dict(await run(connection, layout, "meta"))
        names = (
            "documents", "chunks", "entities", "relations", "facts", "pending", "processing", "failed", "size_bytes",
        )  # fmt: skip
        return IndexStatus(
            name=layout.name,
            schema_name=layout.schema,
            schema_version=layout.version,
            embedding=meta.get("embedding", ""),
            dimension=int(meta["dimension"]) if "dimension" in meta else None,
            server_version=layout.server_version,
            pgvector_version=layout.vector_version,
            **dict(zip(names, row, strict=True)),
        )
