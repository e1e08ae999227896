"""Where the data may be, and where the programs."""

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import lightrag_integrations.storage.embedded.binaries as binaries
from lightrag_integrations import MissingDependency, ServerError
from lightrag_integrations.storage.embedded import describe_server
from lightrag_integrations.storage.embedded.account import give, server_account
from lightrag_integrations.storage.embedded.binaries import copied, find_binaries
from tests.integration.embedded.conftest import Make
from tests.integration.embedded.holding import answers, pid_of, servers_below

SPECIAL = "$HOME `x` \"q\" 'a' \\ ; & * é 文"


@pytest.fixture
def closed(home: Path) -> Iterator[Path]:
    """A folder that nobody but its owner may walk through."""
    folder = home.parent / "closed"
    folder.mkdir(mode=0o700)
    yield folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert servers_below(folder, folder / "db") == []


def test_no_character_of_a_path_means_anything(make: Make, home: Path) -> None:
    assert answers(make(home.parent / SPECIAL / "$(exit 1)").start())


def test_a_private_folder_stays_private(closed: Path, make: Make) -> None:
    """Root's server serves it as another user, and neither widens it nor puts the data elsewhere."""
    server = make(closed / "db")
    with psycopg.connect(server.start(), autocommit=True) as connection:
        connection.execute("create extension vector")
        connection.execute("create table kept as select n, array[n, 1]::vector(2) v from generate_series(1, 9) n")
        connection.execute("create index on kept using hnsw (v vector_l2_ops)")
    data = closed / "db" / "data"
    assert (data.is_symlink(), data.is_dir()) == (False, True)
    os.kill(pid_of(closed / "db"), 9)
    with psycopg.connect(make(closed / "db").start()) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (9,)
    info = describe_server(closed / "db")
    assert info.pid == pid_of(closed / "db")


def test_a_folder_that_was_moved(make: Make, home: Path) -> None:
    server = make()
    with psycopg.connect(server.start(), autocommit=True) as connection:
        connection.execute("create table kept (n int)")
    server.stop()
    moved = home.rename(home.parent / "moved")
    with psycopg.connect(make(moved).start()) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)


def test_data_that_was_put_elsewhere_and_is_gone(make: Make, home: Path) -> None:
    """A link to a disk that is not mounted must not give an empty index."""
    elsewhere = home.parent / "disk"
    server = make()
    server.start()
    server.stop()
    (home / "data").rename(elsewhere)
    (home / "data").symlink_to(elsewhere)
    assert answers(server.start())
    server.stop()
    elsewhere.rename(home.parent / "unmounted")
    with pytest.raises(ServerError, match="which is not there"):
        server.start()


def test_something_else_is_called_data(make: Make, home: Path) -> None:
    (home / "data").mkdir(parents=True)
    (home / "data" / "mine.txt").write_text("mine")
    with pytest.raises(ServerError, match="can't start"):
        make().start()
    assert (home / "data" / "mine.txt").read_text() == "mine"
    assert sorted(path.name for path in home.iterdir() if ".new-" in path.name) != []
    shutil.rmtree(home / "data")
    assert answers(make().start())
    assert [path.name for path in home.iterdir() if ".new-" in path.name] == []


def test_a_lost_password_is_told(make: Make, home: Path) -> None:
    server = make()
    server.start()
    server.stop()
    (home / "password").unlink()
    with pytest.raises(ServerError, match="password is gone"):
        server.start()
    assert servers_below(home) == []


def test_an_interrupted_start_leaves_no_server(make: Make, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = make()
    server.start()
    server.stop()

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(psycopg, "connect", interrupted)
        with pytest.raises(KeyboardInterrupt):
            server.start()
    assert servers_below(home) == []
    assert answers(server.start())


def test_what_can_be_said_without_touching_anything(make: Make, home: Path) -> None:
    nothing = describe_server(home)
    assert (nothing.running, nothing.made_by, home.exists()) == (False, None, False)
    server = make()
    server.start()
    running = describe_server(home)
    assert (running.running, running.pid, running.directory) == (True, pid_of(home), home.resolve())
    assert running.installed is not None
    assert running.made_by == running.installed.split(".")[0]
    assert "ready to accept connections" in running.log.read_text()
    server.stop()
    assert not describe_server(home).running


def test_copied_programs_run_for_everybody(home: Path) -> None:
    """Root copies them where the server's user can't reach the installed ones, however private those are."""
    source = find_binaries(None).home.parent
    with tempfile.TemporaryDirectory(dir="/tmp") as private:
        package = copied(source, Path(private) / "site")
        shutil.copytree(Path(private) / "site", Path(private) / "closed", symlinks=True)
        for folder, _, names in os.walk(Path(private) / "closed"):
            os.chmod(folder, 0o700)
            for path in (Path(folder) / name for name in names):
                path.chmod(path.stat().st_mode & 0o700)
        shared = home.parent / "shared"
        package = copied(Path(private) / "closed" / package.name, shared)
    account = server_account()
    home.mkdir()
    give(home, account)
    (home.parent / "secret").write_text("secret")
    done = subprocess.run(
        [package / "pginstall" / "bin" / "initdb", "-D", home, "-A", "scram-sha-256", "--pwfile=../secret"],
        capture_output=True, text=True, check=False, user=account.uid if account else None, cwd=home,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert copied(Path("/nowhere"), shared) == shared / "nowhere"


def test_programs_that_cannot_be_copied_are_told(home: Path) -> None:
    home.parent.joinpath("file").write_text("")
    with pytest.raises(ServerError, match="can't be copied"):
        copied(find_binaries(None).home.parent, home.parent / "file" / "below")


def test_without_the_wheel(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_PACKAGE", "no_such_package")
    with pytest.raises(MissingDependency, match=r"lightrag-integrations\[embedded\]"):
        make().start()
