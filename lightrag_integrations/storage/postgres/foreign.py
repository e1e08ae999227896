"""Tables that others wrote, read in one snapshot and streamed. Blocking: for a thread of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, LiteralString

import psycopg
from psycopg import IsolationLevel, sql
from psycopg.conninfo import make_conninfo

from lightrag_integrations.errors import ConfigurationError
from lightrag_integrations.storage.address import shown_place, shown_url
from lightrag_integrations.storage.postgres.failures import converted

__all__ = ["ForeignTables"]

_PAGE = 500
_TIMEOUT_S = 10


class ForeignTables:
    """A connection that only reads. A context manager; leaving it closes it."""

    def __init__(self, dsn: str) -> None:
        """Keep the address; no I/O.

        Raises:
            ConfigurationError: It can't be read as one.
        """
        try:
            self._conninfo = make_conninfo(dsn, connect_timeout=_TIMEOUT_S, application_name="lightrag import")
        except psycopg.ProgrammingError:
            # The driver's message repeats the string, password and all: it must not travel on as a cause.
            raise ConfigurationError(
                "the source is a connection string that PostgreSQL's library can't read; "
                "expected one like postgresql://user:password@host:5432/database"
            ) from None
        self.where = shown_url(self._conninfo)
        self._place = shown_place(self._conninfo)
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._cursors = 0

    def __enter__(self) -> ForeignTables:
        """Connect, and hold one snapshot."""
        with converted(self._place, lambda: False):
            connection = psycopg.connect(self._conninfo)
        connection.read_only = True
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        self._connection = connection
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        if self._connection is not None:
            self._connection.close()

    def columns(self, table: str, schema: str = "") -> list[str]:
        """Names of a table's columns; none when there is no such table that we may read.

        Args:
            table: As it is written in the catalogue.
            schema: Empty: wherever the connection finds the table.
        """
        name = "{schema}.{table}" if schema else "{table}"
        rows = self.rows(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 "
            "AND NOT attisdropped ORDER BY attnum",
            [sql.SQL(name).format(schema=sql.Identifier(schema), table=sql.Identifier(table)).as_string()],
        )
        return [str(row[0]) for row in rows]

    def rows(
        self, query: LiteralString, values: Sequence[Any] = (), names: Mapping[str, Sequence[str]] | None = None
    ) -> Iterator[tuple[Any, ...]]:
        """Rows of a query, page by page.

        Args:
            query: With `%s` for values, and `{name}` for each of `names`.
            values: In order.
            names: Identifiers, with schema where there is one.
        """
        if self._connection is None:
            raise ConfigurationError("the tables are read inside a `with` block")
        # A name may hold what would stand for a value.
        escaped = {name: [part.replace("%", "%%") for part in parts] for name, parts in (names or {}).items()}
        quoted = {name: sql.Identifier(*parts) for name, parts in escaped.items()}
        self._cursors += 1
        with (
            converted(self._place, lambda: self._connection is not None and not self._connection.closed),
            self._connection.cursor(f"lightrag_import_{self._cursors}") as cursor,
        ):
            cursor.itersize = _PAGE
            cursor.execute(sql.SQL(query).format(**quoted), values)
            yield from cursor
