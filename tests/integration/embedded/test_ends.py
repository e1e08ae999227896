"""However its users end: the server ends with the last of them, or is found by the next."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from lightrag_integrations.storage.embedded import describe_server
from lightrag_integrations.storage.embedded.locks import SharedLock, exclusive
from lightrag_integrations.storage.embedded.process import command_by_ps
from tests.integration.embedded.conftest import Make
from tests.integration.embedded.holding import (
    HOLD,
    alive,
    answers,
    end,
    holder,
    pid_of,
    python,
    servers_below,
    settle,
    watcher_of,
)

FORGET = HOLD.replace("server.stop()", "")
RAISE = HOLD.replace("server.stop()", "raise SystemExit(0)")
DROP_PTRACE = (24, 19)
"""PR_CAPBSET_DROP, CAP_SYS_PTRACE."""


@pytest.mark.parametrize("code", [FORGET, RAISE])
def test_a_process_that_forgets_to_stop(home: Path, code: str) -> None:
    process = python(code, home)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "started"
    pid = pid_of(home)
    end(process)
    assert settle(pid)
    assert describe_server(home).pid is None


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_watcher_ends_what_a_killed_user_leaves(home: Path, how: signal.Signals) -> None:
    first, second = holder(home), holder(home)
    pid = pid_of(home)
    watcher = watcher_of(pid)
    end(first, how)
    third = holder(home)
    assert pid_of(home) == pid
    end(second, how)
    time.sleep(0.3)  # the watcher would have the lock by now, if it could
    assert alive(pid)
    end(third, how)
    assert settle(pid)
    assert settle(watcher)
    assert "database system is shut down" in (home / "data.log").read_text().splitlines()[-1]


def test_whoever_comes_while_the_watcher_ends_it(make: Make, home: Path) -> None:
    for _ in range(5):
        end(holder(home), signal.SIGKILL)
        server = make()
        assert answers(server.start())
        pid = pid_of(home)
        server.stop()
        assert settle(pid)


@pytest.mark.parametrize("executable", ["/usr/sbin/server-with-python-inside", "/nowhere/python3", "/bin/sh", ""])
def test_without_a_python_to_watch_it_starts_all_the_same(
    make: Make, home: Path, monkeypatch: pytest.MonkeyPatch, executable: str
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    server = make()
    assert answers(server.start())
    pid = pid_of(home)
    server.stop()
    assert settle(pid)


def test_who_holds_it(make: Make, home: Path) -> None:
    assert describe_server(home).holders == ()
    other = holder(home)
    make().start()
    assert describe_server(home).holders == tuple(sorted((os.getpid(), other.pid)))
    end(other)
    assert describe_server(home).holders == (os.getpid(),)


def test_six_processes_and_two_objects_share_one(make: Make, home: Path) -> None:
    processes = [python(HOLD, home) for _ in range(6)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "started"
    first, second = make(), make()
    assert first.start() == second.start()
    pid = pid_of(home)
    assert servers_below(home.parent) == [pid]
    first.stop()
    for process in processes[:3]:
        end(process, signal.SIGKILL)
    for process in processes[3:]:
        end(process)
    assert answers(second.start())
    assert pid_of(home) == pid
    second.stop()
    assert settle(pid)


def test_a_child_gets_a_hold_of_its_own(make: Make, home: Path) -> None:
    server = make()
    server.start()
    pid = pid_of(home)
    ours, childs = socket.socketpair()
    child = os.fork()
    if child == 0:
        ours.close()
        status = 1
        try:
            server.start()
            childs.sendall(b"started")
            childs.recv(1)
            server.stop()
            status = 0
        finally:
            os._exit(status)
    childs.close()
    with ours:
        ours.settimeout(60)
        assert ours.recv(7) == b"started"
        server.stop()
        assert alive(pid)
    assert os.waitpid(child, 0)[1] == 0
    assert settle(pid)


def test_locks_are_free_though_a_child_has_copies_of_them(tmp_path: Path) -> None:
    """A child that is forked while a lock is held, and lives on, keeps nobody waiting."""
    path = tmp_path / "lock"
    hold = SharedLock(path)
    with exclusive(tmp_path / "other"):
        child = os.fork()
        if child == 0:
            time.sleep(600)
            os._exit(0)
    try:
        assert SharedLock.free(tmp_path / "other")
        assert not SharedLock.free(path)
        assert hold.release()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_childs_copy_does_not_unlock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    hold = SharedLock(path)
    child = os.fork()
    if child == 0:
        hold.abandon()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert not SharedLock.free(path)
    assert hold.release()


def test_a_removed_directory_ends_its_server(make: Make, home: Path) -> None:
    server = make()
    server.start()
    pid = pid_of(home)
    shutil.rmtree(home, ignore_errors=True)
    server.stop()
    assert settle(pid)


def test_root_without_the_right_to_trace(home: Path) -> None:
    """As in most containers: root may not see where other users' processes work."""
    if os.geteuid() == 0 and sys.platform == "linux":
        drop = ctypes.CDLL(None).prctl
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(home)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: drop(*DROP_PTRACE, 0, 0, 0),
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "started"
    else:
        process = holder(home)
    pid = pid_of(home)
    end(process)
    assert settle(pid)


def test_ctrl_c_in_the_terminal_reaches_no_server(make: Make, home: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "started"
    dsn = make().start()
    os.killpg(process.pid, signal.SIGINT)
    process.wait(timeout=60)  # before its input is closed, at which it would end in order
    process.communicate()
    assert process.returncode == -signal.SIGINT
    assert answers(dsn)


def test_threads_share_one_object(make: Make, home: Path) -> None:
    server = make()
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(server.start())) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set(got)) == 1
    assert len(got) == 5
    assert len(servers_below(home.parent)) == 1


def test_ps_tells_the_same(make: Make, home: Path) -> None:
    make().start()
    assert f"/postgres -D {home / 'data'} -k " in command_by_ps(pid_of(home))
    assert command_by_ps(2**22 - 7) == ""
