"""A source that is being read: what an import asks of each kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from lightrag_integrations.migrate.tables import Tables
from lightrag_integrations.models import Document

__all__ = ["Account", "Batch", "OpenTables", "Opened", "batches_of"]

_DOCUMENTS = 64
_CHARACTERS = 2_000_000


class OpenTables(Protocol):
    """Makes a connection to somebody's tables, to be entered."""

    def __call__(self, dsn: str) -> AbstractContextManager[Tables]:
        """No I/O yet."""
        ...


@dataclass
class Account:
    """What is known of a source before anything is stored."""

    source: str = ""
    found: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    unfinished: dict[str, str] = field(default_factory=dict)
    entities: int = 0
    relations: int = 0
    own_words: int = 0


@dataclass(frozen=True)
class Batch:
    """Documents that are stored in one call."""

    documents: Sequence[Document]
    kind: Literal["told", "by hand", "bare"]
    """Their chunks tell their graph; they are statements made by hand; or nothing is known of their graph."""


class Opened(Protocol):
    """A source, read in one thread; every method blocks."""

    def open(self) -> Account:
        """Read what has to be known before anything is written.

        Raises:
            InputError: It is not what it is said to be, or broken.
            StorageError: A database failed.
        """
        ...

    def end(self) -> None:
        """From another thread: what is being read is not wanted any more."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...

    def samples(self, limit: int) -> list[tuple[str, Sequence[float]]]:
        """Some texts and the vectors that the source has of them."""
        ...

    def names(self) -> Iterator[str]:
        """Keys of the entities that come ready-made."""
        ...

    def batches(self) -> Iterator[Batch]:
        """Everything that is to be stored, a little at a time."""
        ...


def batches_of(documents: Iterator[Document], kind: Literal["told", "by hand", "bare"]) -> Iterator[Batch]:
    """Batches of limited number and size.

    Args:
        documents: Streamed.
        kind: What all of them are.
    """
    batch: list[Document] = []
    size = 0
    for document in documents:
        own = len(document.text) + sum(len(chunk.text) for chunk in document.chunks or ())
        if batch and (len(batch) >= _DOCUMENTS or size + own > _CHARACTERS):
            yield Batch(batch, kind)
            batch, size = [], 0
        batch.append(document)
        size += own
    if batch:
        yield Batch(batch, kind)
