"""What is shown of a database's address."""

import pytest

from lightrag_integrations import ConnectionFailed, LightRAGIndex
from lightrag_integrations.storage.address import shown_place, shown_url


@pytest.mark.parametrize(
    ("address", "shown", "words"),
    [
        ("postgresql://u:s3cret@h:5/db", "postgresql://h:5/db", "h:5, database db"),
        ("postgres://u:s3cret@h1:5432,h2:5433/db", "postgresql://h1:5432,h2:5433/db", "h1:5432,h2:5433, database db"),
        ("postgresql://u@h1,h2/db?port=7", "postgresql://h1:7,h2:7/db", "h1:7,h2:7, database db"),
        ("postgresql://u:s3cret@[::1]:5/db", "postgresql://[::1]:5/db", "[::1]:5, database db"),
        ("postgresql:///db?host=/var/run/x&password=s3cret", "postgresql:///var/run/x/db", "/var/run/x, database db"),
        ("host=h dbname=my-db password=s3cret", "postgresql://h/my-db", "h, database my-db"),
        ("postgresql://bob:12#s3cret@host/db", "postgresql://host/db", "host, database db"),
        ("postgresql://", "postgresql://", "the local socket"),
    ],
)
def test_hosts_and_database_are_shown(address: str, shown: str, words: str) -> None:
    assert (shown_url(address), shown_place(address)) == (shown, words)


@pytest.mark.parametrize(
    "password",
    [
        "s3c/ret",
        "12/ret",
        "s3c@ret",
        "12@34/ret",
        "s3c@ret:12",
        "s3c/ret?x",
        "%",
        "s3c/%zz",
        "a\x00b/ret",
        "a\ud800/ret",
    ],
)
def test_pieces_of_a_password_are_never_shown(password: str) -> None:
    address = f"postgresql://bob:{password}@host/db"
    index = LightRAGIndex("x", database=address)
    for text in (shown_url(address), shown_place(address), repr(index), index.describe()["database"]):
        assert "an address that can't be read" in text
        assert "ret" not in text
        assert "s3c" not in text


async def test_the_error_of_an_unreadable_address_quotes_nothing_of_it() -> None:
    with pytest.raises(ConnectionFailed, match=r"write '/' as %2F") as caught:
        await LightRAGIndex("x", database="postgresql://bob:s3c/ret@host/db").aopen()
    assert "s3c" not in str(caught.value)
    assert "ret@" not in str(caught.value)
