"""Opening a session: the server started or found, the store, the mirrors; undone whole when one of them fails."""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from lightrag_integrations._mirrors import make_mirrors
from lightrag_integrations._session import Session
from lightrag_integrations._settings import Settings
from lightrag_integrations.errors import IndexNotFound
from lightrag_integrations.options import ConnectOptions
from lightrag_integrations.storage.embedded import EmbeddedServer
from lightrag_integrations.storage.postgres import open_store
from lightrag_integrations.watch import Watch

__all__ = ["open_session"]


async def open_session(settings: Settings, watch: Watch) -> Session:
    """Start or find the server, open the store, make the models.

    Args:
        settings: What the handle was made with.
        watch: The handle's.

    Returns:
        The session; its `aclose` undoes it all.
    """
    session = Session(settings, watch)
    async with AsyncExitStack() as undo:
        undo.push_async_callback(session.aclose)
        connect, revive = settings.database, None
        if isinstance(connect, Path):
            if not settings.create and not connect.is_dir():
                raise IndexNotFound(
                    f"database: there is none at {str(connect)!r}; ingest something first, or name the right one"
                )
            server = EmbeddedServer(connect)
            session.closing.callback(server.stop)
            connect = ConnectOptions(dsn=SecretStr(await session.run_cpu(server.start)), prepare=True)
            revive = partial(session.run_cpu, server.revive)
        session.store = await open_store(settings.name, connect, revive=revive, create=settings.create)
        session.closing.push_async_callback(session.store.aclose)
        session.mirrors = make_mirrors(settings.stores, settings.name, session.store, session.run_blocking)
        undo.pop_all()
    return session
