"""What `database=` may be: an address is never taken for a directory."""

from pathlib import Path

import pytest

from lightrag_integrations import ConfigurationError, ConnectOptions
from lightrag_integrations.database import read_database


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:secret@localhost:5432/app",
        "postgres://localhost/app",
        "host=localhost dbname=app user=me password=secret",
        " dbname = app",
        "service=app",
    ],
)
def test_addresses(address: str) -> None:
    found = read_database(address)
    assert isinstance(found, ConnectOptions) and found.dsn.get_secret_value() == address


@pytest.mark.parametrize(
    "place", [".lightrag", "data/db", "/data/me@host/db", "a=b", "~/x", "C:\\data", Path("host=x")]
)
def test_directories(place: str | Path) -> None:
    assert read_database(place) == Path(place).expanduser().absolute()


@pytest.mark.parametrize(
    "address",
    [
        "localhost:5432/app",
        "db.example.org:5432",
        "me:secret@localhost/app",
        "postgresql:/app",
        "mysql://me:secret@h/app",
    ],
)
def test_what_looks_like_an_address_is_refused_without_being_shown(address: str) -> None:
    with pytest.raises(ConfigurationError, match="expected postgresql://") as caught:
        read_database(address)
    assert "secret" not in str(caught.value)
