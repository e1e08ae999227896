"""Plain pgvector: what a vector store without a graph sends, on a table of its own in the same server.

Type, index and distance are those of the index measured (halfvec, HNSW with pgvector's defaults, cosine); the statement
is prepared, its vector goes in binary, its answer is id, text and distance. `ef_search` is the least of a few at which
it finds as many of the nearest 20 as the index measured does, and 95 % of them at least.
"""

import statistics
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self

from psycopg import AsyncConnection, sql

from lightrag_integrations.storage.postgres.wire import Raw, halfvec, register, unit
from tests.benchmarks.speed.corpus import Question

TOP, RECALL = 20, 0.95
EFS = (20, 40, 60, 80, 100, 120, 150, 175, 200, 225, 250, 275, 300, 350, 400, 500)
TABLE = "plain_pgvector"


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
            await self._run("SET enable_seqscan = off")  # or small tables are searched without the index
            yield self
        finally:
            await self._run("DROP TABLE IF EXISTS {t}")
            await self._connection.close()

    async def nearest(self, vector: Sequence[float]) -> list[str]:
        """The ids of the nearest chunks."""
        return await self._ordered("embedding <=> %(vector)s::halfvec", vector)

    async def exact(self, vector: Sequence[float]) -> set[str]:
        """The same without the index, which does not know this order."""
        return {*await self._ordered("(embedding <=> %(vector)s::halfvec) + 0", vector)}

    async def tune(self, questions: Sequence[Question], truth: Sequence[set[str]], least: float) -> float:
        """Choose the smallest `ef_search` that has this recall; returns the recall there."""
        recall = 0.0
        for self.ef_search in EFS:
            await self.steer(self.ef_search)
            found = [{*await self.nearest(question.vector)} for question in questions]
            recall = statistics.mean(len(a & b) / TOP for a, b in zip(found, truth, strict=True))
            if recall >= least:
                break
        return recall

    async def steer(self, ef_search: int) -> None:
        """Set it for this connection."""
        await self._run(f"SET hnsw.ef_search = {int(ef_search)}")

    async def _run(self, text: str) -> None:
        filled = sql.SQL(text).format(t=sql.Identifier(TABLE), s=self._schema)
        await self._connection.execute(filled, prepare=False)

    async def _ordered(self, by: str, vector: Sequence[float]) -> list[str]:
        asked = f"SELECT id, content, embedding <=> %(vector)s::halfvec AS distance FROM {TABLE} ORDER BY {by} LIMIT 20"
        cursor = await self._connection.execute(asked.encode(), {"vector": _packed(vector)}, binary=True)
        return [str(row[0]) for row in await cursor.fetchall()]


def _packed(vector: Sequence[float]) -> Raw:
    normal = unit(vector)
    assert normal is not None
    return halfvec(normal)
