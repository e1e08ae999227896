"""A session for looking before anything is written: it makes neither a database nor an index."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from lightrag_integrations._crossing import Crossing
from lightrag_integrations._session import Session
from lightrag_integrations.contributions import Usage
from lightrag_integrations.storage.embedded import describe_server
from lightrag_integrations.store import Store

__all__ = ["looking"]


class _NoIndex:
    """What an estimate asks a store, where there is no index: nothing is stored."""

    async def reachable(self) -> None:
        """There is nothing to wait for."""

    async def settings(self) -> Mapping[str, str]:
        return {}

    async def stored(self, document_ids: Sequence[str]) -> Mapping[str, Any]:
        return {}

    async def chunk_hashes(self, document_ids: Sequence[str]) -> Mapping[str, Any]:
        return {}

    async def cached_extractions(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Any]:
        return {}

    async def record_usage(self, usages: Sequence[Usage]) -> None:
        """There is no ledger."""


@asynccontextmanager
async def looking(live: Crossing) -> AsyncIterator[Session]:
    """The handle's own session; where it would make the index, one of its models without a store.

    Args:
        live: The handle's.

    Raises:
        StorageError: The database failed.
    """
    if await _there(live):
        yield await live.session()
        return
    session = Session(live.settings, live.watch)
    session.store = cast("Store", _NoIndex())
    try:
        yield session
    finally:
        await session.aclose()


async def _there(live: Crossing) -> bool:
    """Whether the index has been made; what a handle may not make is asked for, and missed, as ever."""
    place = live.settings.database
    if not live.settings.create:
        return True
    if isinstance(place, Path) and describe_server(place).made_by is None:
        return False
    return await (await live.store()).there()
