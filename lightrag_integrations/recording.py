"""The book that an outside program keeps of what it wrote: keys, groups, times of the server's clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Period", "RecordStore"]


@dataclass(frozen=True, slots=True)
class Period:
    """Which records are asked for. Times are seconds since 1970."""

    before: float | None = None
    """Only those written before this time."""
    after: float | None = None
    """Only those written after this time."""
    groups: Sequence[str] | None = None
    """Only those of these groups; None: all."""
    limit: int | None = None
    """At most so many, the oldest first."""


class RecordStore(Protocol):
    """The part of a store that keeps records. One whose key is a chunk's id goes when that chunk is deleted."""

    async def clock(self) -> float:
        """The server's clock."""
        ...

    async def write_records(
        self,
        namespace: str,
        keys: Sequence[str],
        *,
        groups: Sequence[str | None] | None = None,
        time_at_least: float | None = None,
    ) -> None:
        """Write down that these keys were written now, in one transaction.

        Args:
            namespace: Keys of one are nothing to another.
            keys: Of equal ones the last counts.
            groups: One for each key; None: known ones keep theirs.
            time_at_least: What the server's clock must have reached.

        Raises:
            InputError: It has not; nothing was written.
        """
        ...

    async def known_records(self, namespace: str, keys: Sequence[str]) -> frozenset[str]:
        """Those of these keys that have a record."""
        ...

    async def record_keys(self, namespace: str, period: Period) -> Sequence[str]:
        """Keys of records, the oldest first, ties by key."""
        ...

    async def remove_records(self, namespace: str, keys: Sequence[str]) -> int:
        """Remove records; how many there were."""
        ...
