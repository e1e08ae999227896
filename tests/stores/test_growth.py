"""What a sync with nothing to do costs, right after tables were filled: what the planner believes must not matter."""

import time

import psycopg
import pytest
from llama_index.core.graph_stores import SimplePropertyGraphStore
from llama_index.core.vector_stores import SimpleVectorStore
from psycopg import sql

from lightrag_integrations import Document
from tests.stores.contract import Hands

_READ = (
    "SELECT sum(coalesce(t.seq_tup_read, 0)) + sum((SELECT coalesce(sum(idx_tup_read), 0) FROM pg_stat_user_indexes i "
    "WHERE i.relid = t.relid))::int FROM pg_stat_user_tables t WHERE schemaname = %s"
)
_OTHERS = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = %s"


def ships(begin: int, end: int) -> list[Document]:
    told = "The Ship{0} met Colin Archer{1} and Nansen{2}."
    return [Document(id=str(n), text=told.format(n // 3, n, n % 7)) for n in range(begin, end)]


@pytest.mark.parametrize("believed", ["nothing", "what was there at first"])
def test_rows_read_grow_with_the_index_whatever_statistics_say(hands: Hands, dsn: str, believed: str) -> None:
    graph, vectors = SimplePropertyGraphStore(), SimpleVectorStore()

    def synced(begin: int, end: int) -> int:
        """Rows that a sync reads which has nothing to do."""
        with hands.with_stores(graph=graph, vectors=vectors) as index:
            index.ingest(ships(begin, end))
        before = read()
        with hands.with_stores(graph=graph, vectors=vectors) as index:
            assert index.mirror.sync().put == {"graph": 0, "vectors": 0}
        return read() - before

    def read() -> int:
        """Rows that were read so far: connections tell when they end."""
        with psycopg.connect(dsn, autocommit=True) as connection:
            for _ in range(200):
                if not connection.execute(_OTHERS).fetchall():
                    break
                time.sleep(0.01)
            row = connection.execute(_READ, [schema]).fetchone()
            assert row is not None
            return int(row[0])

    with hands.bare() as first:
        first.ingest(ships(0, 3))
        schema = first.status().schema_name
    with psycopg.connect(dsn, autocommit=True) as connection:
        for (table,) in connection.execute(_TABLES, [schema]).fetchall():
            named = sql.Identifier(schema, table)
            connection.execute(sql.SQL("ALTER TABLE {} SET (autovacuum_enabled = off)").format(named))
            if believed != "nothing":
                connection.execute(sql.SQL("VACUUM ANALYZE {}").format(named))
    few, many = synced(3, 60), synced(60, 240)
    assert few > 1000 and many < 6 * few, "there is four times as much"
