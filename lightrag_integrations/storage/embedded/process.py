"""Which process a pid in `postmaster.pid` is. A pid alone is never trusted: others may have it by now."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

__all__ = ["command_by_ps", "end", "end_orphans", "is_alive", "pid_on_file", "quit_server", "server_pid"]

_PROGRAM = "/postgres -D "
_QUIT_S = 10.0
_SOCKETS_LINE = 4
"""Of postmaster.pid, counted from 0."""


def server_pid(data: Path, sockets: Path) -> int | None:
    """The pid of the live PostgreSQL that serves a data directory; None when there is none.

    Args:
        data: The data directory.
        sockets: Where the server's socket is expected; the server itself may have noted another folder.
    """
    pid = pid_on_file(data)
    return pid if pid is not None and _serves(pid, data, _noted_sockets(data) or str(sockets)) else None


def pid_on_file(data: Path) -> int | None:
    """What `postmaster.pid` says, true or not."""
    try:
        return abs(int((data / "postmaster.pid").read_text("utf-8", "replace").split()[0]))
    except (OSError, ValueError, IndexError):
        return None


def is_alive(pid: int) -> bool:
    """True while a process runs, whichever; a zombie does not."""
    if not os.path.exists("/proc/self/stat"):
        return bool(command_by_ps(pid))
    try:  # not the command line: that is empty for a moment while a program takes the place of its parent's
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except OSError:
        return False
    return state not in (b"Z", b"X")


def end(data: Path, sockets: Path, within_s: float) -> bool:
    """Ask the server of a data directory to end at once but in order, and wait; then without order.

    One that is asked while it recovers from the death of one of its processes may wait for ever (PostgreSQL 18). Ended
    without order, it loses nothing: the next start recovers.

    Args:
        data: The data directory.
        sockets: See `server_pid`.
        within_s: So long it has for ending in order.

    Returns:
        False when it runs even then.
    """
    pid = server_pid(data, sockets)
    if pid is None:
        return True
    marker = _noted_sockets(data) or str(sockets)
    for order, patience_s in ((signal.SIGINT, within_s), (signal.SIGQUIT, _QUIT_S)):
        with suppress(ProcessLookupError):
            os.kill(pid, order)
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            if not _serves(pid, data, marker):
                return True
            time.sleep(0.02)
    return False


def quit_server(pid: int, sockets: Path) -> None:
    """End a server without order, as its data is gone or it has just begun, and wait a little."""
    until = time.monotonic() + _QUIT_S
    while time.monotonic() < until and _PROGRAM in (command := _command(pid)) and str(sockets) in command:
        os.kill(pid, signal.SIGQUIT)  # again and again: a server that has just begun ignores it
        time.sleep(0.02)


def end_orphans(data: Path) -> None:
    """Kill what a dead server left at work in its data directory; only /proc can tell what that is.

    A process that builds an index or was stopped doesn't notice for minutes that its server is dead, and no other can
    start before it is gone. The caller has made sure that no server runs there and that none can start meanwhile.
    """
    for pid in filter(str.isdigit, os.listdir("/proc") if os.path.exists("/proc/self/cmdline") else ()):
        with suppress(OSError):  # gone, or not ours
            at_work = os.path.samestat(os.stat(f"/proc/{pid}/cwd"), data.stat())
            if at_work and _command(int(pid)).startswith("postgres: "):
                os.kill(int(pid), signal.SIGKILL)


def _serves(pid: int, data: Path, sockets: str) -> bool:
    command = _command(pid)
    if _PROGRAM not in command:
        return False
    try:
        return os.path.samestat(os.stat(f"/proc/{pid}/cwd"), data.stat())  # a server works in its data directory
    except OSError:  # no /proc, or root without CAP_SYS_PTRACE, as in most containers
        return sockets in command


def _noted_sockets(data: Path) -> str:
    try:
        lines = (data / "postmaster.pid").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return lines[_SOCKETS_LINE].strip() if len(lines) > _SOCKETS_LINE else ""


def _command(pid: int) -> str:
    """The command line; empty for a zombie and for no process."""
    if os.path.exists("/proc/self/cmdline"):
        try:
            return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).replace("\0", " ")
        except OSError:
            return ""
    return command_by_ps(pid)


def command_by_ps(pid: int) -> str:
    """The command line, asked of `ps`, where there is no /proc."""
    told = subprocess.run(["ps", "-ww", "-o", "stat=,command=", "-p", str(pid)], capture_output=True, check=False)
    state, _, command = os.fsdecode(told.stdout).strip().partition(" ")
    return "" if state.startswith("Z") else command.strip()
