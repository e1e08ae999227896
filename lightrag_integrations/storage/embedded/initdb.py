"""Makes a data directory: whole, or not at all."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from lightrag_integrations.errors import ServerError
from lightrag_integrations.storage.embedded.account import give
from lightrag_integrations.storage.embedded.binaries import Binaries
from lightrag_integrations.storage.embedded.place import Place

__all__ = ["PORT", "USER", "create", "data_argument"]

USER = "lightrag"
PORT = 5432
"""Part of the socket's name only."""
_HERE = "/proc/self/cwd"
"""The working directory, whatever the folders above it allow."""
_CONTAINER_MEMORY = Path("/sys/fs/cgroup/memory.max")
"""Bytes that this container may use, on Linux with cgroup v2."""
_SETTINGS = """
# written by lightrag_integrations
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = {buffers}MB
maintenance_work_mem = 512MB
autovacuum_work_mem = 64MB
max_wal_size = 2GB
wal_level = minimal
max_wal_senders = 0
random_page_cost = 1.1
jit = off
log_timezone = 'UTC'
timezone = 'UTC'
"""


def create(place: Place, binaries: Binaries) -> None:
    """Make a new data directory in a folder of its own, and give it its name when it is whole and on disk.

    Raises:
        ServerError: `initdb` failed.
    """
    password = secrets.token_urlsafe(24)
    scratch = place.make_scratch()
    give(scratch, binaries.account)
    argument = data_argument(scratch, binaries)
    with tempfile.NamedTemporaryFile("w", dir=place.sockets) as file:
        file.write(password)
        file.flush()
        if binaries.account is not None:
            os.fchown(file.fileno(), binaries.account.uid, binaries.account.gid)
        binaries.run(
            "initdb",
            ["-D", argument, "-U", USER, "-E", "UTF8", "--locale-provider=builtin", "--locale=C.UTF-8",
             "--auth=scram-sha-256", f"--pwfile={file.name}", "--no-sync", "--no-instructions"],
            folder=scratch,
        )  # fmt: skip
    with (scratch / "postgresql.conf").open("a", encoding="utf-8") as settings:
        settings.write(_SETTINGS.format(buffers=_buffers_mb()))
    binaries.run("initdb", ["--sync-only", "-D", argument], folder=scratch)
    _write_private(place.password, password)
    scratch.rename(place.data)
    for folder in (place.data.parent, place.directory):
        _sync(folder)


def _buffers_mb() -> int:
    """An eighth of the memory of the machine or container, two gigabytes at most: PostgreSQL takes only what it fills.

    What a search of 200,000 chunks reads does not fit into one: it then took nearly a thousand pages from files.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):  # no container, or one without a limit: "max"
        memory = min(memory, int(_CONTAINER_MEMORY.read_text("utf-8")))
    return min(max(memory // 8 // 2**20, 32), 2048)


def data_argument(data: Path, binaries: Binaries) -> str:
    """How to name a folder to a program that works in it.

    Root may have put it where the server's user can't walk to; Linux lets a process use the folder it is in.

    Raises:
        ServerError: The user can't get at the folder in any way.
    """
    if binaries.can_reach(data):
        return str(data)
    if os.path.isdir(_HERE):
        return _HERE
    raise ServerError(
        f"PostgreSQL does not run as root, and its user can't reach {data}; give database= a directory that others may "
        "walk to, or run as another user"
    )


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
