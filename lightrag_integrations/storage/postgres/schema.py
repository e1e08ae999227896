"""An index's schema: its name, its extension and its migrations, made under one advisory lock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import psycopg
from psycopg import AsyncConnection, sql

from lightrag_integrations.errors import IndexNotFound, InputError, SchemaError
from lightrag_integrations.storage.postgres.names import index_names
from lightrag_integrations.storage.postgres.sql import Statements, migrations, searched_column
from lightrag_integrations.storage.postgres.wire import signed_hash

__all__ = ["Layout", "has_schema", "prepare_schema", "schema_name"]

_MIN_SERVER = 150000
_MIN_VECTOR = (0, 7)
_MAX_NAME = 512
_LOCK = signed_hash("lightrag", "schema")
"""One key for all indexes of a database: creating an extension twice at once fails even with IF NOT EXISTS."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What the statements of one index need to know of its database."""

    name: str
    schema: str
    version: int
    vector_schema: str
    vector_version: str
    halfvec_oid: int
    server_version: str
    statements: Statements

    def reading(self, meta: Mapping[str, str]) -> Layout:
        """With the statements that look at the vectors of the model in use.

        Args:
            meta: As it is in the snapshot or transaction at hand: the model may change while we run.
        """
        return self if searched_column(meta) == self.statements.column else self.turned()

    def turned(self) -> Layout:
        """With the two columns of vectors in each other's place."""
        return replace(self, statements=self.statements.turned())


def schema_name(name: str) -> str:
    """The PostgreSQL schema of an index: distinct for distinct names, safe for any.

    Args:
        name: The index's name.

    Raises:
        InputError: The name is empty, too long or not valid text.
    """
    if not isinstance(name, str) or not name or "\x00" in name or len(name) > _MAX_NAME:
        shown = f"{name[:40]!a}, {len(name)} characters" if isinstance(name, str) else type(name).__name__
        raise InputError(f"index name: got {shown}; expected 1 to {_MAX_NAME} characters without NUL")
    try:
        digest = sha256(name.encode()).hexdigest()[:12]
    except UnicodeEncodeError as error:
        raise InputError(
            f"index name: got {name[:40]!a}, which is not valid Unicode; remove lone surrogates"
        ) from error
    slug = re.sub(r"[^a-z0-9]+", "_", name.lower())[:30].strip("_")
    return f"lightrag_{slug}_{digest}" if slug else f"lightrag_{digest}"


async def prepare_schema(connection: AsyncConnection[tuple[Any, ...]], name: str, *, create: bool = True) -> Layout:
    """Create or upgrade the schema of an index, or find it ready.

    Args:
        connection: In autocommit mode.
        name: The index's name.
        create: Whether one that isn't there is made.

    Raises:
        IndexNotFound: It is not there, and not to be made.
        SchemaError: The server is too old, lacks pgvector, or holds a newer schema than this version knows.
    """
    schema = schema_name(name)
    server = await _check_server(connection)
    extension = await _extension(connection)
    steps = migrations()
    applied = await _applied(connection, schema)
    if not applied and not create:
        raise IndexNotFound.among(name, await index_names(connection))
    if extension is None or applied != steps[-1][0]:
        extension = await _create(connection, name, schema)
    vector_schema, vector_version, oid = extension
    return Layout(
        name=name,
        schema=schema,
        version=steps[-1][0],
        vector_schema=vector_schema,
        vector_version=vector_version,
        halfvec_oid=oid,
        server_version=server,
        statements=Statements(schema, vector_schema),
    )


async def has_schema(connection: AsyncConnection[tuple[Any, ...]], name: str) -> bool:
    """Whether an index has been made.

    Args:
        connection: In autocommit mode.
        name: The index's name.
    """
    return await _applied(connection, schema_name(name)) > 0


async def _create(connection: AsyncConnection[tuple[Any, ...]], name: str, schema: str) -> tuple[str, str, int]:
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        extension = await _extension(connection) or await _create_extension(connection)
        await _migrate(connection, name, schema, extension[0])
    return extension


async def _check_server(connection: AsyncConnection[tuple[Any, ...]]) -> str:
    cursor = await connection.execute(
        "SELECT current_setting('server_version_num')::int, current_setting('server_version'), "
        "current_setting('server_encoding')"
    )
    row = await cursor.fetchone()
    assert row is not None
    if row[0] < _MIN_SERVER:
        raise SchemaError(f"PostgreSQL {row[1]} is too old; expected 15 or newer")
    if row[2] != "UTF8":
        raise SchemaError(f"the database is encoded in {row[2]}; expected UTF8: create one with ENCODING 'UTF8'")
    return str(row[1])


async def _extension(connection: AsyncConnection[tuple[Any, ...]]) -> tuple[str, str, int] | None:
    """(schema, version, oid of halfvec) of pgvector, None when it is not installed in this database."""
    cursor = await connection.execute(
        "SELECT n.nspname, e.extversion, t.oid::int8 FROM pg_catalog.pg_extension e "
        "JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace "
        "LEFT JOIN pg_catalog.pg_type t ON t.typnamespace = n.oid AND t.typname = 'halfvec' WHERE e.extname = 'vector'"
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    found = tuple(int(part) for part in re.findall(r"\d+", row[1])[:2])
    if found < _MIN_VECTOR or row[2] is None:
        raise SchemaError(f"pgvector {row[1]} is too old; expected 0.7 or newer: run ALTER EXTENSION vector UPDATE")
    return str(row[0]), str(row[1]), int(row[2])


async def _create_extension(connection: AsyncConnection[tuple[Any, ...]]) -> tuple[str, str, int]:
    try:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    except (psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedFile) as error:
        raise SchemaError(
            "pgvector is not available on this PostgreSQL server; install pgvector 0.7 or newer there "
            "(package postgresql-XX-pgvector, or the managed service's extension list)"
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise SchemaError(
            "this user may not create the extension pgvector; ask an administrator to run "
            "CREATE EXTENSION vector in this database"
        ) from error
    found = await _extension(connection)
    if found is None:
        raise SchemaError("CREATE EXTENSION vector did nothing visible; check the server's log")
    return found


async def _applied(connection: AsyncConnection[tuple[Any, ...]], schema: str) -> int:
    """Version of the schema; 0 when there is none.

    Raises:
        SchemaError: It is newer than this package.
    """
    cursor = await connection.execute("SELECT to_regclass(%s) IS NOT NULL", [f'"{schema}".migration'])
    row = await cursor.fetchone()
    if row is None or not row[0]:
        return 0
    query = sql.SQL("SELECT coalesce(max(version), 0) FROM {}.migration").format(sql.Identifier(schema))
    row = await (await connection.execute(query)).fetchone()
    version = int(row[0]) if row else 0
    newest = migrations()[-1][0]
    if version > newest:
        raise SchemaError(
            f"the index is at schema version {version}, this package knows {newest}; upgrade lightrag-integrations"
        )
    return version


async def _migrate(connection: AsyncConnection[tuple[Any, ...]], name: str, schema: str, vector_schema: str) -> None:
    statements = Statements(schema, vector_schema)
    done = await _applied(connection, schema)
    if not done:
        await connection.execute(
            statements.fill(
                "CREATE SCHEMA IF NOT EXISTS {s}; CREATE TABLE IF NOT EXISTS {s}.migration "
                "(version int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
            )
        )
    for version, title, text in migrations():
        if version > done:
            await connection.execute(statements.fill(text))
            await connection.execute(
                statements.fill("INSERT INTO {s}.migration (version, name) VALUES (%s, %s)"), [version, title]
            )
    if not done:
        await connection.execute(statements.fill("INSERT INTO {s}.meta VALUES ('name', %s)"), [name])
