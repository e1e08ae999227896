"""Loads the named statements of the `.sql` files beside it and puts an index's schema into them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from importlib import resources
from types import MappingProxyType

from psycopg import sql

__all__ = ["COLUMNS", "STATEMENTS", "TABLES", "Statements", "migrations", "other_column", "searched_column"]

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_MIGRATION = re.compile(r"^(\d{4})_(\w+)\.sql$")


COLUMNS = ("embedding", "embedding2")
"""Places for vectors: one is searched, the other is empty or being filled with those of another model."""
TABLES = ("chunk", "entity", "fact", "aside_fact")
"""Tables with vectors. A statement with `{t}` in it is there once for each of them: `fill_chunk`, …"""


class Statements:
    """The statements of one index, its schema and that of pgvector filled in: `statements["corpus"]`."""

    def __init__(self, schema: str, vector_schema: str, column: str = COLUMNS[0]) -> None:
        """Fill in nothing yet: an index uses few of them.

        Args:
            schema: The index's schema.
            vector_schema: The schema that pgvector is installed in.
            column: Of the vectors that are searched.
        """
        self.schema = schema
        self.column = column
        self._names = {
            "s": sql.Identifier(schema),
            "v": sql.Identifier(vector_schema),
            "e": sql.SQL(column),
            "o": sql.SQL(other_column(column)),
        }
        self._make_turned = partial(Statements, schema, vector_schema, other_column(column))
        self._turned: Statements | None = None
        self._ready: dict[str, bytes] = {}

    def __getitem__(self, name: str) -> bytes:
        """The statement of this name."""
        if name not in self._ready:
            self._ready[name] = self.fill(STATEMENTS[name])
        return self._ready[name]

    def turned(self) -> Statements:
        """The same with the two columns in each other's place; made when first asked for."""
        if self._turned is None:
            self._turned = self._make_turned()
            self._turned._turned = self
        return self._turned

    def fill(self, text: str) -> bytes:
        """Put the schemas and columns into a statement's text."""
        # The text comes from the package's own files, never from a user.
        return sql.SQL(text).format(**self._names).as_bytes(None)


def searched_column(meta: Mapping[str, str]) -> str:
    """The one that is searched, by the index's settings."""
    return COLUMNS[1] if meta.get("column") == COLUMNS[1] else COLUMNS[0]


def other_column(column: str) -> str:
    """The other of the two."""
    return COLUMNS[1 - COLUMNS.index(column)]


def migrations() -> tuple[tuple[int, str, str], ...]:
    """(version, name, text) of every migration, in order."""
    return _MIGRATIONS


def _read_migrations() -> tuple[tuple[int, str, str], ...]:
    found = []
    for entry in resources.files(__package__).joinpath("migrations").iterdir():
        match = _MIGRATION.match(entry.name)
        if match:
            found.append((int(match[1]), match[2], entry.read_text("utf-8")))
    return tuple(sorted(found))


def _read_statements() -> Mapping[str, str]:
    files = (file for file in resources.files(__package__).iterdir() if file.name.endswith(".sql"))
    return MappingProxyType({name: text for file in files for name, text in _named(file.read_text("utf-8"))})


def _named(text: str) -> list[tuple[str, str]]:
    parts = _NAME.split(text)
    return [
        (f"{name}_{table}" if table else name, _bare(body).replace("{t}", table))
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
        for table in (TABLES if "{t}" in body else ("",))
    ]


def _bare(text: str) -> str:
    """A statement without comments and indentation: one of more than 4096 bytes the driver takes apart at each call."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("--"))


STATEMENTS = _read_statements()
"""Texts by name, schema and columns left open."""
_MIGRATIONS = _read_migrations()
