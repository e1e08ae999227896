"""Handles that are dropped after the test, and a directory that LightRAG wrote."""

import lzma
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from pydantic import SecretStr

from tests.doubles.fixtures import openai_server as openai_server
from tests.integration.handle.conftest import make_index as make_index
from tests.integration.migrate.making import FIXTURES, lay_out_directory


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The test's own copy."""
    home = tmp_path / "rag_storage"
    lay_out_directory(home)
    return home


Restore = Callable[[str], SecretStr]


@pytest.fixture(scope="session")
def restored(dsn: str) -> Iterator[Restore]:
    """Databases restored from dumps, each once: made by the packages themselves, not to be written to."""
    made: dict[str, str] = {}

    def restore(name: str) -> SecretStr:
        if name not in made:
            made[name] = f"dump_{uuid.uuid4().hex[:12]}"
            data = (FIXTURES / name).read_bytes()
            sql = (lzma.decompress(data) if name.endswith(".xz") else data).decode("utf-8")
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {made[name]}")
            with psycopg.connect(_within(dsn, made[name]), autocommit=True) as connection:
                connection.execute(sql)
        return SecretStr(_within(dsn, made[name]))

    yield restore
    with psycopg.connect(dsn, autocommit=True) as connection:
        for name in made.values():
            connection.execute(f"DROP DATABASE {name}")


def _within(dsn: str, database: str) -> str:
    return urlsplit(dsn)._replace(path=f"/{database}").geturl()
