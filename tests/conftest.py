"""One real server for the whole run, and stores whose indexes are dropped after the test."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from lightrag_integrations.options import ConnectOptions
from lightrag_integrations.protocols import Store
from lightrag_integrations.storage.postgres import Tuning, open_store
from tests.servers import PostgresServer

MakeStore = Callable[..., Awaitable[Store]]


@pytest.fixture(scope="session")
def external_server() -> Iterator[PostgresServer]:
    """A server reached over TCP with a password."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def dsn(external_server: PostgresServer) -> str:
    """Connection string of a server with pgvector."""
    return external_server.dsn


@pytest.fixture
async def make_store(dsn: str) -> AsyncIterator[MakeStore]:
    """Open stores; the same name gives the same index."""
    stores: dict[str, list[Store]] = {}

    async def make(
        name: str | None = None, *, connect: ConnectOptions | None = None, tuning: Tuning | None = None
    ) -> Store:
        name = name or f"store-{uuid.uuid4().hex[:12]}"
        store = await open_store(name, connect or ConnectOptions(dsn=dsn), tuning=tuning)
        stores.setdefault(name, []).append(store)
        return store

    yield make
    for opened in stores.values():
        await opened[0].drop()
        for store in opened:
            await store.aclose()


@pytest.fixture
async def store(make_store: MakeStore) -> Store:
    """An empty index."""
    return await make_store()
