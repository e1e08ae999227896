"""Commands on the shared server, each test with an index of its own."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightrag_integrations import LightRAGIndex
from tests.forks import Forks
from tests.integration.cli.running import SCRIPT, Cli, Outcome


@pytest.fixture
def name() -> str:
    return f"cli-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def made(name: str, dsn: str) -> None:
    """The index is there, and empty."""
    with LightRAGIndex(name, database=dsn):
        pass


@pytest.fixture
def cli(name: str, dsn: str, forks: Forks, tmp_path: Path) -> Iterator[Cli]:
    def run(*arguments: str, **environment: str) -> Outcome:
        usual = {"LIGHTRAG_DATABASE": dsn, "LIGHTRAG_INDEX": name}
        return forks.run(SCRIPT, *arguments, cwd=tmp_path, **{**usual, **environment})

    yield run
    with LightRAGIndex(name, database=dsn) as index:
        index.drop()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A directory with a text, a table and a file that can't be read."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "fram.txt").write_text("The Fram was designed by Colin Archer and launched at Larvik in 1892.")
    (folder / "ships.csv").write_text(
        "id,title,text,year\nbeagle,HMS Beagle,Robert FitzRoy commanded HMS Beagle.,1820\n"
        "terra,Terra Nova,Robert Falcon Scott bought Terra Nova for his journey south.,1884\n"
    )
    return folder
