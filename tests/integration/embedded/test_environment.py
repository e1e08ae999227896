"""The user's PG… variables: the embedded server is unmoved by them, a server of the user's own is not."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import AsyncConnection, pq
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from lightrag_integrations import ConnectOptions, LightRAGIndex, ServerError
from tests.integration.embedded.conftest import Make
from tests.integration.embedded.holding import answers, servers_below
from tests.servers import PostgresServer

HOSTILE = {
    "PGAPPNAME": "x",
    "PGCHANNELBINDING": "require",
    "PGCLIENTENCODING": "nonsense",
    "PGCONNECT_TIMEOUT": "nonsense",
    "PGDATABASE": "x",
    "PGGSSDELEGATION": "1",
    "PGGSSENCMODE": "require",
    "PGGSSLIB": "x",
    "PGHOST": "/nowhere",
    "PGHOSTADDR": "127.0.0.1",
    "PGKRBSRVNAME": "x",
    "PGLOADBALANCEHOSTS": "nonsense",
    "PGMAXPROTOCOLVERSION": "nonsense",
    "PGMINPROTOCOLVERSION": "3.2",
    "PGOPTIONS": "-c nonsense=1",
    "PGPASSFILE": "/nowhere",
    "PGPASSWORD": "x",
    "PGPORT": "1",
    "PGREQUIREAUTH": "gss",
    "PGREQUIREPEER": "x",
    "PGREQUIRESSL": "1",
    "PGSERVICEFILE": "/nowhere",
    "PGSSLCERT": "/nowhere",
    "PGSSLCERTMODE": "require",
    "PGSSLCOMPRESSION": "1",
    "PGSSLCRL": "/nowhere",
    "PGSSLCRLDIR": "/nowhere",
    "PGSSLKEY": "/nowhere",
    "PGSSLMAXPROTOCOLVERSION": "TLSv1.1",
    "PGSSLMINPROTOCOLVERSION": "x",
    "PGSSLMODE": "verify-full",
    "PGSSLNEGOTIATION": "direct",
    "PGSSLROOTCERT": "system",
    "PGSSLSNI": "0",
    "PGSYSCONFDIR": "/nowhere",
    "PGTARGETSESSIONATTRS": "standby",
    "PGUSER": "x",
}
HARMLESS = {"PGDATESTYLE": "German", "PGTZ": "Asia/Tokyo", "PGGEQO": "off"}
SERVICE = """[mine]
host=/nowhere
hostaddr=127.0.0.1
port=1
user=x
password=x
dbname=x
options=-c nonsense=1
sslmode=verify-full
sslrootcert=system
client_encoding=nonsense
connect_timeout=1
target_session_attrs=standby
require_auth=gss
requirepeer=x
"""
USE = """
import sys
from lightrag_integrations import LightRAGIndex
with LightRAGIndex("mine", database=sys.argv[1]) as index:
    index.ingest("Ada Lovelace met Charles Babbage in London.")
    print(index.retrieve("Who met Babbage?").hits[0].text, index.verify(), index.status().documents)
"""


async def test_each_of_them_alone(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    dsn = make().start()
    known = {option.envvar.decode() for option in pq.Conninfo.get_defaults() if option.envvar}
    assert known <= HOSTILE.keys() | {"PGSERVICE"}, "this libpq reads a variable that is not tried here"
    for name, value in HOSTILE.items():
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert answers(dsn), name
            async with await AsyncConnection.connect(dsn) as connection:
                shown = await connection.execute("select current_user, current_setting('application_name')")
                assert await shown.fetchone() == ("lightrag", "lightrag"), name


def test_every_variable_has_its_word_in_the_connection_string(make: Make) -> None:
    said = conninfo_to_dict(make().start()).keys()
    read = {option.keyword.decode() for option in pq.Conninfo.get_defaults() if option.envvar}
    assert read - said == {"service"}


def test_the_whole_handle_under_all_at_once(home: Path) -> None:
    """A service that exists is read, too, and changes nothing."""
    home.mkdir()
    (home.parent / "service").write_text(SERVICE)
    extra = {"PGSERVICE": "mine", "PGSERVICEFILE": str(home.parent / "service"), "TMPDIR": "/var/tmp"}
    process = subprocess.run(
        [sys.executable, "-c", USE, str(home)],
        capture_output=True, text=True, timeout=100, check=False,
        env={**os.environ, **HOSTILE, **HARMLESS, **extra},
    )  # fmt: skip
    expected = "Ada Lovelace met Charles Babbage in London. [] 1"
    assert (process.returncode, process.stdout.strip()) == (0, expected), process.stderr


@pytest.mark.parametrize(
    ("name", "reason"), [("PGTZ", 'parameter "TimeZone": "nonsense"'), ("PGSERVICE", 'service "nonsense" not found')]
)
def test_what_no_connection_string_can_unsay_is_told_at_once(
    make: Make, home: Path, monkeypatch: pytest.MonkeyPatch, name: str, reason: str
) -> None:
    server = make()
    with monkeypatch.context() as patch:
        patch.setenv(name, "nonsense")
        with pytest.raises(ServerError, match=f"refuses a connection.*{reason}.*unset.*{name}"):
            server.start()
        assert servers_below(home.parent, home) == []
    dsn = server.start()
    with monkeypatch.context() as patch:
        patch.setenv(name, "nonsense")
        with pytest.raises(ServerError, match="refuses a connection"):
            make().start()
    assert answers(dsn), "another one's mistake does not end it"


async def test_a_server_of_the_users_own_hears_them(
    external_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[object] = []

    async def look(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        shown.append(await (await connection.execute("show work_mem")).fetchone())

    hook: Callable[..., object] = look
    monkeypatch.setenv("PGOPTIONS", "-c work_mem=7MB")
    monkeypatch.setenv("PGPASSWORD", external_server.password)
    bare = external_server.dsn.replace(f":{external_server.password}@", "@")
    index = LightRAGIndex("hears", database=ConnectOptions(dsn=SecretStr(bare), configure=hook))
    async with index:
        assert (await index.astatus()).documents == 0
        await index.adrop()
    assert set(shown) == {("7MB",)}
