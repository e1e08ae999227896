"""The embedded server: made once, shared, found again after kills, stopped by the last."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from lightrag_integrations import ServerError
from lightrag_integrations.storage.embedded import initdb
from lightrag_integrations.storage.embedded.cluster import Cluster
from tests.integration.embedded.conftest import Make
from tests.integration.embedded.holding import HOLD, alive, answers, end, holder, pid_of, python, settle, watcher_of


def test_start_and_stop_are_idempotent(make: Make, home: Path) -> None:
    server = make()
    dsn = server.start()
    assert server.start() == dsn
    assert answers(dsn)
    pid = pid_of(home)
    server.stop()
    server.stop()
    assert settle(pid)
    assert answers(server.start())


def test_nothing_is_open_to_others(make: Make, home: Path) -> None:
    dsn = make().start()
    assert stat.S_IMODE((home / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "data").stat().st_mode) == 0o700
    with psycopg.connect(dsn) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)
        folder = connection.execute("show unix_socket_directories").fetchone()
    assert folder is not None
    assert stat.S_IMODE(Path(folder[0]).stat().st_mode) == 0o700
    assert "trust" not in [line.split()[-1] for line in hba(home) if not line.startswith("#")]
    password = (home / "password").read_text().strip()
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(dsn.replace(password, "guess")).close()


def hba(home: Path) -> list[str]:
    return [line for line in (home / "data" / "pg_hba.conf").read_text().splitlines() if line.strip()]


def test_the_last_one_stops_it(make: Make, home: Path) -> None:
    first, second = make(), make()
    dsn = first.start()
    assert second.start() == dsn
    other = holder(home)
    pid = pid_of(home)
    first.stop()
    assert answers(dsn)
    second.stop()
    assert alive(pid)
    end(other)
    assert settle(pid)


def test_without_a_watcher_a_killed_holders_server_is_taken_over(make: Make, home: Path) -> None:
    pid = abandoned(home)
    assert alive(pid)
    server = make()
    assert answers(server.start())
    assert pid_of(home) == pid
    server.stop()
    assert settle(pid)


def abandoned(home: Path) -> int:
    """A server that nobody uses and nobody watches."""
    user = holder(home)
    pid = pid_of(home)
    os.kill(watcher_of(pid), signal.SIGKILL)
    end(user, signal.SIGKILL)
    return pid


def test_a_killed_server_is_started_again(make: Make, home: Path) -> None:
    first = make()
    with psycopg.connect(first.start(), autocommit=True) as connection:
        connection.execute("create table kept (n int)")
    os.kill(pid_of(home), signal.SIGKILL)
    with psycopg.connect(make().start()) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)


def test_what_a_killed_server_left_at_work_does_not_keep_the_next_from_starting(make: Make, home: Path) -> None:
    server = make()
    with psycopg.connect(server.start()) as connection:
        connection.execute("create table kept (x int)")
        connection.commit()
        os.kill(connection.info.backend_pid, signal.SIGSTOP)  # as deaf as one that builds an index
        os.kill(pid_of(home), signal.SIGKILL)
        server.revive()
        with psycopg.connect(server.start()) as another:
            assert another.execute("select count(*) from kept").fetchone() == (0,)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")


@pytest.mark.parametrize("pid", [1, os.getpid(), 2**22 - 7], ids=["first", "own", "nobody"])
def test_a_pid_that_others_have_is_not_trusted(make: Make, home: Path, pid: int) -> None:
    server = make()
    server.start()
    server.stop()
    (home / "data" / "postmaster.pid").write_text(f"{pid}\n{home / 'data'}\n")
    assert answers(server.start())
    assert pid_of(home) != pid


def test_a_cleaned_tmp_while_nobody_uses_it(make: Make, home: Path) -> None:
    abandoned(home)
    shutil.rmtree(sockets(home))
    assert answers(make().start())


def test_a_cleaned_tmp_while_others_use_it_is_told(make: Make, home: Path) -> None:
    other = holder(home)
    shutil.rmtree(sockets(home))
    with pytest.raises(ServerError, match="other processes hold it"):
        make().start()
    end(other)


def sockets(home: Path) -> Path:
    return Path((home / "data" / "postmaster.pid").read_text().splitlines()[4])


def test_a_folder_in_the_sockets_place_that_is_not_ours(make: Make, home: Path) -> None:
    server = make()
    server.start()
    folder = sockets(home)
    server.stop()
    assert not folder.exists()
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(ServerError, match="private"):
        make().start()
    folder.rmdir()
    folder.symlink_to(home.parent)
    with pytest.raises(ServerError, match="private"):
        make().start()
    folder.unlink()


def test_a_very_long_path(make: Make, home: Path) -> None:
    assert answers(make(home / ("deep" * 40) / ("deeper" * 30)).start())


def test_another_major_version_is_refused(make: Make, home: Path) -> None:
    server = make()
    server.start()
    server.stop()
    version = (home / "data" / "PG_VERSION").read_text()
    (home / "data" / "PG_VERSION").write_text("14\n")
    with pytest.raises(ServerError, match=r"PostgreSQL 14.*pg_dump"):
        server.start()
    (home / "data" / "PG_VERSION").write_text(version)


def test_a_server_that_cannot_start_says_why(make: Make, home: Path) -> None:
    server = make()
    server.start()
    server.stop()
    with (home / "data" / "postgresql.conf").open("a") as settings:
        settings.write("shared_buffers = nonsense\n")
    with pytest.raises(ServerError, match="nonsense"):
        server.start()


@pytest.mark.parametrize(("told", "kept"), [(f"{2**29}\n", "64MB"), ("1\n", "32MB")])
def test_its_memory_is_the_containers(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, kept: str
) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text(told)
    monkeypatch.setattr(initdb, "_CONTAINER_MEMORY", limit)
    with psycopg.connect(make().start()) as connection:
        assert connection.execute("SHOW shared_buffers").fetchone() == (kept,)


def test_a_file_in_the_way(make: Make, home: Path) -> None:
    home.write_text("")
    with pytest.raises(ServerError, match="data base"):
        make().start()


def test_the_server_keeps_nothing_of_the_callers(make: Make, home: Path) -> None:
    with (home.parent / "mine").open("w") as mine:
        os.set_inheritable(mine.fileno(), True)
        make().start()
        pid = pid_of(home)
        held = {os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")}
        assert not {name for name in held if name.endswith((".lock", "/mine"))}
        assert os.getsid(pid) != os.getsid(0)


def test_a_forked_child_leaves_the_server_alone(make: Make, home: Path) -> None:
    server = make()
    dsn = server.start()
    child = os.fork()
    if child == 0:
        server.stop()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert answers(dsn)
    pid = pid_of(home)
    server.stop()
    assert settle(pid)


@pytest.mark.parametrize("delay_s", [0.05, 0.15, 0.25, 0.35, 0.45, 0.6])
def test_a_kill_during_the_first_start(make: Make, home: Path, delay_s: float) -> None:
    process = python(HOLD, home)
    until = time.monotonic() + 20
    while not (home / "holders.lock").exists() and time.monotonic() < until:
        time.sleep(0.005)
    time.sleep(delay_s)
    end(process, signal.SIGKILL)
    server = make()
    assert answers(server.start())
    server.stop()
    server.start()
    assert [path.name for path in home.iterdir() if ".new-" in path.name] == []


def test_two_first_starts_at_once(home: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", HOLD, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    outputs = [process.communicate("\n", timeout=120)[0].strip() for process in processes]
    assert outputs == ["started"] * 3
    assert not (home / "data" / "postmaster.pid").exists()


def test_one_killed_while_starting_is_started_again(make: Make, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = make()
    dsn = server.start()
    os.kill(pid_of(home), signal.SIGKILL)
    wait, killed = Cluster._wait, list[int]()

    def kill_first(cluster: Cluster, pid: int) -> bool | None:
        if not killed:
            while not (home / "data" / "postmaster.pid").exists():
                time.sleep(0.001)
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)
            # So it answers clients that come too early, as all do that wait for it: no reason to give up.
            with (home / "data.log").open("a") as log:
                log.write("2026-01-01 00:00:00.000 UTC [1] FATAL:  the database system is starting up\n")
        return wait(cluster, pid)

    monkeypatch.setattr(Cluster, "_wait", kill_first)
    server.revive()
    assert answers(dsn) and len(killed) == 1
