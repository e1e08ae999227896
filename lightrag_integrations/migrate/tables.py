"""How an import reads the tables of a database: by this, which the storage room fulfils."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, LiteralString, Protocol

__all__ = ["SOURCES", "Tables", "first_text", "floats", "object_of"]

SOURCES = ("source", "file_path", "url")
"""Metadata keys under which loaders say where a text comes from."""


class Tables(Protocol):
    """One snapshot of somebody's tables."""

    where: str
    """The database, without user and password."""

    def columns(self, table: str, schema: str = "") -> list[str]:
        """Names of a table's columns; none when there is no such table."""
        ...

    def rows(
        self, query: LiteralString, values: Sequence[Any] = (), names: Mapping[str, Sequence[str]] | None = None
    ) -> Iterator[tuple[Any, ...]]:
        """Rows of a query, streamed."""
        ...


def floats(text: str | None) -> tuple[float, ...]:
    """A pgvector value that was cast to text."""
    return tuple(map(float, text.strip("[]").split(","))) if text and len(text) > 2 else ()


def object_of(value: object) -> dict[str, Any]:
    """A JSON object, or the text of one; whatever else stands there is none."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return {}
    return dict(found) if isinstance(found, dict) else {}


def first_text(metadata: Mapping[str, Any], *keys: str) -> str:
    """The first of these that is text."""
    values = (metadata.get(key) for key in keys)
    return next((value for value in values if isinstance(value, str) and value), "")
