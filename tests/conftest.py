"""One real server for the whole run, and stores whose indexes are dropped after the test."""

import pkgutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

import lightrag_integrations.cli
from lightrag_integrations.options import ConnectOptions
from lightrag_integrations.storage.embedded import EmbeddedServer
from lightrag_integrations.storage.postgres import Tuning, open_store
from lightrag_integrations.store import Store
from tests.forks import Forks
from tests.servers import PostgresServer

MakeStore = Callable[..., Awaitable[Store]]


@pytest.fixture(scope="session")
def external_server() -> Iterator[PostgresServer]:
    """A server reached over TCP with a password."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def dsn() -> Iterator[str]:
    """Connection string of the embedded server, one for the whole run."""
    # A short path: the length of a socket's name is limited. Open to all, as PostgreSQL won't run as root.
    with tempfile.TemporaryDirectory(prefix="lr", dir="/tmp") as home:
        Path(home).chmod(0o755)
        server = EmbeddedServer(Path(home) / "db")
        found = server.start()
        hasten(found)
        yield found
        server.stop()


def hasten(dsn: str) -> None:
    """Spare a server what takes long and no test is about."""
    password = sql.Literal(conninfo_to_dict(dsn)["password"])
    with psycopg.connect(dsn, autocommit=True) as connection:
        # Only a machine that loses its power needs it: what a killed process or server leaves is there without.
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
        # A password nobody guesses need not be costly to guess, at each of thousands of logins.
        connection.execute("SET scram_iterations = 1")
        connection.execute(sql.SQL("ALTER ROLE CURRENT_USER PASSWORD {}").format(password))


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """Runs commands of the program."""
    names = (module.name for module in pkgutil.iter_modules(lightrag_integrations.cli.__path__))
    commands = (f"lightrag_integrations.cli.{name}" for name in names if name != "__main__")
    ready = Forks("lightrag_integrations._live", *commands)
    yield ready
    ready.close()


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
