"""Plain pgvector: what a vector store without a graph sends, on a table of its own in the same server.

Type, index and distance are those of the index measured (halfvec, HNSW with pgvector's defaults, cosine); the statement
is prepared, its vector goes in binary, its answer is id, text and distance. `ef_search` is the least of a few at which
the recall of the nearest 20 is .95.
"""

import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self

from psycopg import AsyncConnection, sql

from lightrag_integrations.storage.postgres.wire import Raw, halfvec, register, unit
from tests.benchmarks.speed.corpus import Question

TOP, RECALL = 20, 0.95
EFS = (20, 40, 60, 80, 100, 150, 200, 300, 400)
TABLE = sql.Identifier("plain_pgvector")


class Plain:
    """The table, and what is asked of it. Everything runs on the caller's loop."""

    def __init__(self, dsn: str, schema: str) -> None:
        self._dsn = dsn
        self._schema = sql.Identifier(schema)
        self._connection: AsyncConnection[tuple[object, ...]]
        self.ef_search = EFS[0]

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Self]:
        """Copy the index's chunks into the table and build its HNSW; the table is dropped at the end."""
        self._connection = await AsyncConnection.connect(self._dsn, autocommit=True, prepare_threshold=0)
        register(self._connection)
        try:
            await self._run("DROP TABLE IF EXISTS {t}")
            await self._run(
                "CREATE TABLE {t} AS SELECT chunk_id AS id, content, embedding FROM {s}.chunk ORDER BY chunk_id"
            )
            await self._run("ALTER TABLE {t} ADD PRIMARY KEY (id)")
            await self._run("SET maintenance_work_mem = '1GB'")
            await self._run("CREATE INDEX ON {t} USING hnsw (embedding halfvec_cosine_ops)")
            await self._run("VACUUM ANALYZE {t}")
            yield self
        finally:
            await self._run("DROP TABLE IF EXISTS {t}")
            await self._connection.close()

    async def nearest(self, vector: Sequence[float]) -> list[str]:
        """The ids of the nearest chunks."""
        cursor = await self._connection.execute(self._nearest, {"vector": _packed(vector)}, binary=True)
        return [str(row[0]) for row in await cursor.fetchall()]

    async def exact(self, vector: Sequence[float]) -> set[str]:
        """The same without the index."""
        await self._run("SET enable_indexscan = off")
        try:
            return {*await self.nearest(vector)}
        finally:
            await self._run("RESET enable_indexscan")

    async def tune(self, questions: Sequence[Question]) -> float:
        """Choose `ef_search`; returns the recall there."""
        truth = [await self.exact(question.vector) for question in questions]
        recall = 0.0
        for self.ef_search in EFS:
            await self.steer(self.ef_search)
            found = [{*await self.nearest(question.vector)} for question in questions]
            recall = statistics.mean(len(a & b) / TOP for a, b in zip(found, truth, strict=True))
            if recall >= RECALL:
                break
        return recall

    async def steer(self, ef_search: int) -> None:
        """Set it for this connection."""
        await self._run(f"SET hnsw.ef_search = {int(ef_search)}")

    async def timed(self, vector: Sequence[float]) -> float:
        """Seconds of one search."""
        begun = time.perf_counter()
        await self.nearest(vector)
        return time.perf_counter() - begun

    async def _run(self, text: str) -> None:
        filled = sql.SQL(text).format(t=TABLE, s=self._schema)
        await self._connection.execute(filled, prepare=False)

    @property
    def _nearest(self) -> bytes:
        return (
            sql.SQL(
                "SELECT id, content, embedding <=> %(vector)s::halfvec AS distance FROM {t} "
                "ORDER BY embedding <=> %(vector)s::halfvec LIMIT 20"
            )
            .format(t=TABLE)
            .as_bytes(None)
        )


def _packed(vector: Sequence[float]) -> Raw:
    normal = unit(vector)
    assert normal is not None
    return halfvec(normal)
