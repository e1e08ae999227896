"""A session for looking before anything is written: it makes neither a database nor an index."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from lightrag_integrations._opening import open_session
from lightrag_integrations._session import Session
from lightrag_integrations._settings import Settings
from lightrag_integrations.contributions import Usage
from lightrag_integrations.errors import IndexNotFound
from lightrag_integrations.storage.embedded import describe_server
from lightrag_integrations.store import Store
from lightrag_integrations.watch import Watch

__all__ = ["looking"]


class _NoIndex:
    """What an estimate asks a store, where there is no index: nothing is stored."""

    async def reachable(self) -> None:
        """There is nothing to wait for."""

    async def stored(self, document_ids: Sequence[str]) -> Mapping[str, Any]:
        return {}

    async def chunk_hashes(self, document_ids: Sequence[str]) -> Mapping[str, Any]:
        return {}

    async def cached_extractions(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Any]:
        return {}

    async def record_usage(self, usages: Sequence[Usage]) -> None:
        """There is no ledger."""


@asynccontextmanager
async def looking(settings: Settings, watch: Watch) -> AsyncIterator[Session]:
    """A session with the handle's models and what is stored already.

    Args:
        settings: What the handle was made with.
        watch: The handle's.

    Raises:
        EmbeddingMismatch: The index is another model's.
        IndexNotFound: It isn't there, and the handle was not to make it.
        StorageError: The database failed.
    """
    settings = replace(settings, stores=None)
    session = await _existing(settings, watch)
    if session is None:
        session = Session(settings, watch)
        session.store = cast("Store", _NoIndex())
    try:
        yield session
    finally:
        await session.aclose()


async def _existing(settings: Settings, watch: Watch) -> Session | None:
    """A session on the index; None where there is none and the handle would make one."""
    place = settings.database
    if settings.create and isinstance(place, Path) and describe_server(place).made_by is None:
        return None
    try:
        async with AsyncExitStack() as undo:
            session = await open_session(replace(settings, create=False), watch)
            undo.push_async_callback(session.aclose)
            await session.embedders.refuse_other(session.store)
            undo.pop_all()
    except IndexNotFound:
        if not settings.create:
            raise
        return None
    return session
