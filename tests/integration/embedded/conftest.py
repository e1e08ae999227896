"""A folder for a server's data, and servers in it; none may be left running."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lightrag_integrations.storage.embedded import EmbeddedServer
from tests.integration.embedded.holding import servers_below, sockets_of, vanished

Make = Callable[..., EmbeddedServer]


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that PostgreSQL's user may reach, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="lr ü'", dir="/tmp") as made:
        Path(made).chmod(0o755)
        yield Path(made) / "data base"
        assert servers_below(Path(made), Path(made) / "data base") == []
        assert vanished(sockets_of(Path(made) / "data base"))


@pytest.fixture
def make(home: Path) -> Iterator[Make]:
    """Make a server of the folder, or of another one; it is stopped after the test."""
    made: list[EmbeddedServer] = []
    folders: set[Path] = set()

    def one(directory: Path = home) -> EmbeddedServer:
        made.append(EmbeddedServer(directory))
        folders.add(sockets_of(directory))
        return made[-1]

    yield one
    for server in made:
        server.stop()
    assert all(vanished(sockets) for sockets in folders)
