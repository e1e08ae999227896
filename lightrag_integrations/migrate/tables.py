"""How an import reads the tables of a database: by this, which the storage room fulfils."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, LiteralString, Protocol

__all__ = ["Tables", "floats"]


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
