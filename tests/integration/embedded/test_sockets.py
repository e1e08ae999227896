"""The socket's folder in /tmp: nobody else's, never followed through a link, and gone when it is of no use."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightrag_integrations import ServerError
from lightrag_integrations.storage.embedded.account import server_account
from lightrag_integrations.storage.embedded.place import find_place
from lightrag_integrations.storage.embedded.sockets import clear_sockets, sockets_held
from tests.integration.embedded.conftest import Make
from tests.integration.embedded.holding import answers, end, holder, pid_of, settle, sockets_of, vanished


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where a folder may be made."""
    with tempfile.TemporaryDirectory(prefix="lr", dir="/tmp") as made:
        yield Path(made) / "sockets"


def test_one_that_a_killed_start_left_to_root_is_taken_over(make: Make, home: Path) -> None:
    """A kill between the making and the handing over; as a user there is no such moment, and it is simply used."""
    left = sockets_of(home)
    left.mkdir(mode=0o700)
    server = make()
    assert answers(server.start())
    assert left.stat().st_uid == find_place(home, server_account()).owner
    server.stop()
    assert not left.exists()


@pytest.mark.parametrize("how", ["open to others", "not empty", "somebody else's"])
def test_one_that_may_be_anybodys_is_left_alone(folder: Path, how: str) -> None:
    account = server_account()
    owner = account.uid if account else os.geteuid() + 1  # as a user, the folder of another one
    folder.mkdir(mode=0o755 if how == "open to others" else 0o700)
    if how == "not empty":
        (folder / "theirs").write_text("")
    if how == "somebody else's" and account is not None:
        os.chown(folder, 12345, 12345)
    before = folder.stat()
    with pytest.raises(ServerError, match="not a private folder"), sockets_held(folder, owner, account):
        pass
    clear_sockets(folder, owner, leftovers=True)
    assert (folder.stat().st_uid, folder.stat().st_mode) == (before.st_uid, before.st_mode)


def test_a_link_is_not_followed(folder: Path) -> None:
    me = os.geteuid()
    mine = folder.with_name("mine")
    mine.mkdir(mode=0o700)
    (mine / ".s.PGSQL.5432").write_text("")
    folder.symlink_to(mine)
    with pytest.raises(ServerError, match="not a private folder"), sockets_held(folder, me, None):
        pass
    clear_sockets(folder, me, leftovers=True)
    assert [path.name for path in mine.iterdir()] == [".s.PGSQL.5432"]
    assert folder.is_symlink()


def test_it_is_not_removed_under_a_start(folder: Path) -> None:
    me = os.geteuid()
    with sockets_held(folder, me, None):
        clear_sockets(folder, me, leftovers=True)
        assert folder.is_dir()
    clear_sockets(folder, me, leftovers=True)
    assert not folder.exists()


def test_what_is_not_ours_keeps_it(folder: Path) -> None:
    me = os.geteuid()
    folder.mkdir(mode=0o700)
    for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock", "tmpx", "theirs"):
        (folder / name).write_text("")
    clear_sockets(folder, me, leftovers=False)
    assert len(list(folder.iterdir())) == 4
    clear_sockets(folder, me, leftovers=True)
    assert [path.name for path in folder.iterdir()] == ["theirs"]


def test_the_last_one_removes_it_and_no_other(make: Make, home: Path) -> None:
    first, second = make(), make()
    first.start()
    second.start()
    first.stop()
    assert answers(second.start())
    second.stop()
    assert not sockets_of(home).exists()


def test_a_start_that_fails_removes_it(make: Make, home: Path) -> None:
    server = make()
    server.start()
    server.stop()
    (home / "data" / "PG_VERSION").write_text("14\n")
    with pytest.raises(ServerError, match="PostgreSQL 14"):
        server.start()
    assert not sockets_of(home).exists()


def test_it_goes_with_a_server_that_is_stopped_by_hand(make: Make, home: Path) -> None:
    server = make()
    server.start()
    os.kill(pid_of(home), signal.SIGINT)
    assert vanished(sockets_of(home))
    assert answers(make().start())


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_it_goes_with_the_server_of_a_killed_user(home: Path, how: signal.Signals) -> None:
    user = holder(home)
    pid = pid_of(home)
    end(user, how)
    assert settle(pid)
    assert vanished(sockets_of(home))
