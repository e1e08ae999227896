"""What a reader was told before it is asked."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lightrag_integrations.rows import EntityRow
from lightrag_integrations.storage.postgres.wire import Raw

__all__ = ["Told"]

Rows = list[tuple[Any, ...]]
Near = tuple[str, Raw, int]
"""Table, the question's vector, limit."""


@dataclass(slots=True)
class Told:
    """Questions, each with its rows, or with the task that is reading them."""

    ahead: bool = False
    """Whether the caller said what it will ask."""
    postings: tuple[tuple[int, ...], int | None, Rows] | None = None
    """Terms, in how many chunks these may be, rows."""
    named: tuple[tuple[str, ...], Rows] | None = None
    chunks: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    near: dict[Near, Rows] = field(default_factory=dict)
    near_begun: dict[Near, asyncio.Task[Rows]] = field(default_factory=dict)
    near_next: deque[Near] = field(default_factory=deque)
    """To be begun, one after the other."""
    entities_begun: dict[tuple[frozenset[int], int | None], asyncio.Task[Mapping[int, EntityRow]]] = field(
        default_factory=dict
    )
    """By ids, and from how many mentions of each."""
