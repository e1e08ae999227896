"""Bringing every mirror of an index up to date, each on its own: one that fails doesn't hold up the others."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from lightrag_integrations.errors import MirrorError
from lightrag_integrations.mirror.flat import sync_documents, sync_vectors
from lightrag_integrations.mirror.graph import sync_graph
from lightrag_integrations.mirror.tools import Counts, Mirror, nothing, parts
from lightrag_integrations.mirrored import MirrorKind
from lightrag_integrations.reports import MirrorReport

__all__ = ["KINDS", "empty", "sync_all"]

_SAMPLE = 8
_ROWS = 500
KINDS = MappingProxyType[str, tuple[MirrorKind, ...]](
    {"vectors": ("chunk",), "documents": ("document",), "graph": ("entity", "node", "relation")}
)
"""Of things that a mirror of each role holds."""
_SYNC = MappingProxyType[str, Callable[[Mirror[Any]], Awaitable[Counts]]](
    {"vectors": sync_vectors, "documents": sync_documents, "graph": sync_graph}
)


async def sync_all(mirrors: Sequence[Mirror[Any]], *, anew: bool = False) -> MirrorReport:
    """Bring all up to date.

    Args:
        mirrors: The stores.
        anew: Take everything out first that was put in.

    Returns:
        Counts by role, and why a store failed.

    Raises:
        StorageError: PostgreSQL failed.
    """
    begun = time.monotonic()
    done: dict[str, Counts] = {}
    failed: dict[str, str] = {}
    for mirror in mirrors:
        try:
            if anew or await _lost(mirror):
                await empty(mirror)
            done[mirror.role] = await _SYNC[mirror.role](mirror)
        except MirrorError as error:
            failed[mirror.role] = str(error)
    return MirrorReport(
        put={role: counts.put for role, counts in done.items()},
        removed={role: counts.removed for role, counts in done.items()},
        unchanged={role: counts.unchanged for role, counts in done.items()},
        failed=failed,
        seconds=time.monotonic() - begun,
    )


async def _lost(mirror: Mirror[Any]) -> bool:
    """Whether the store lacks some of what was put into it: one that lives in memory does after each start."""
    for kind in KINDS[mirror.role]:
        if kind == "relation":
            continue
        ids = await mirror.store.mirrored_sample(mirror.name, kind, _SAMPLE)
        held = await mirror.run(partial(mirror.target.held, ids)) if ids else None
        if held is not None and not held.keys() >= set(ids):
            return True
    return False


async def empty(mirror: Mirror[Any]) -> None:
    """Take out what was put in, and forget it.

    Args:
        mirror: The store.

    Raises:
        MirrorError: The store failed.
    """
    for kind in KINDS[mirror.role]:
        if kind != "relation":
            async for part in parts(mirror, kind, _ROWS, nothing):
                ids = [state.stored for state in part.states if state.stored]
                if ids:
                    await mirror.run(partial(mirror.target.remove, ids))
    await mirror.store.forget_mirror(mirror.name)
