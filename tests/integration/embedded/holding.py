"""What the tests of the embedded server share: processes that hold one, and a look at which servers run."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from lightrag_integrations.storage.embedded.account import server_account
from lightrag_integrations.storage.embedded.place import find_place

__all__ = [
    "HOLD",
    "alive",
    "answers",
    "end",
    "holder",
    "pid_of",
    "python",
    "servers_below",
    "settle",
    "sockets_of",
    "vanished",
    "watcher_of",
]

HOLD = """
import sys
from pathlib import Path
from lightrag_integrations.storage.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
server.start()
print("started", flush=True)
sys.stdin.readline()
server.stop()
"""


def pid_of(home: Path) -> int:
    return int((home / "data" / "postmaster.pid").read_text().split()[0])


def answers(dsn: str) -> bool:
    with psycopg.connect(dsn) as connection:
        return connection.execute("select 1").fetchone() == (1,)


def alive(pid: int) -> bool:
    return any(known == pid for known, _ in commands())


def settle(pid: int) -> bool:
    """True once the process is gone."""
    until = time.monotonic() + 20
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not alive(pid)


def watcher_of(server: int) -> int:
    """Pid of the process that watches a server: its parent."""
    told = subprocess.run(["ps", "-o", "ppid=", "-p", str(server)], capture_output=True, text=True, check=True)
    watcher = int(told.stdout)
    assert any(pid == watcher and command.strip().endswith("/watch.py") for pid, command in commands())
    return watcher


def sockets_of(home: Path) -> Path:
    """The folder of the socket."""
    return find_place(home, server_account(home / "data")).sockets


def vanished(path: Path) -> bool:
    """True once the path is gone."""
    until = time.monotonic() + 20
    while path.exists() and time.monotonic() < until:
        time.sleep(0.02)
    return not path.exists()


def commands() -> list[tuple[int, str]]:
    """Pid and command line of all processes, zombies left out."""
    if not os.path.exists("/proc/self/cmdline"):
        listed = subprocess.run(["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True)
        pairs = [line.strip().partition(" ") for line in listed.stdout.splitlines()]
        return [(int(pid), command) for pid, _, command in pairs if not command.startswith("(")]
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            command = os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).replace("\0", " ")
        except OSError:
            continue
        if command:
            found.append((int(pid), command))
    return found


def servers_below(folder: Path, *databases: Path) -> list[int]:
    """Pids of the PostgreSQL servers whose data is anywhere in a folder, or that serve these directories."""
    marks = [f"-D {folder}", *(f"-k {find_place(path, server_account(path / 'data')).sockets} " for path in databases)]
    return [pid for pid, command in commands() if "/postgres -D" in command and any(mark in command for mark in marks)]


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process of its own."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def holder(home: Path) -> subprocess.Popen[str]:
    """A process that holds the server until it is told to end."""
    process = python(HOLD, home)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "started", process.communicate("\n", timeout=60)
    return process


def end(process: subprocess.Popen[str], how: int | None = None) -> str:
    """End it, in order or by a signal; returns what it printed last."""
    if how is not None:
        process.send_signal(how)
    output, errors = process.communicate("\n" if how is None else None, timeout=60)
    assert how is not None or (process.returncode, errors) == (0, "")
    return output.strip()
