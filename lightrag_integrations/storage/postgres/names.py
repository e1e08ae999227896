"""Which indexes a database holds."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import psycopg
from psycopg import AsyncConnection, sql

__all__ = ["index_names"]

_SCHEMAS = """
SELECT n.nspname FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = 'meta' AND c.relkind = 'r'
WHERE starts_with(n.nspname, 'lightrag_')
  AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
"""


async def index_names(connection: AsyncConnection[tuple[Any, ...]]) -> tuple[str, ...]:
    """Names of the indexes that this user may read, in order.

    Args:
        connection: In autocommit mode.
    """
    names = []
    for (schema,) in await (await connection.execute(_SCHEMAS)).fetchall():
        query = sql.SQL("SELECT value FROM {}.meta WHERE key = 'name'").format(sql.Identifier(schema))
        with suppress(psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):  # dropped meanwhile, or not ours
            names += [str(row[0]) for row in await (await connection.execute(query)).fetchall()]
    return tuple(sorted(names))
