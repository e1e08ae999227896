"""The folders and files of one embedded server."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lightrag_integrations.errors import ServerError
from lightrag_integrations.storage.embedded.account import Account

__all__ = ["Place", "find_place", "prepare_place"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything of one server is."""

    directory: Path
    """As the user gave it, made absolute."""
    data: Path
    """PostgreSQL's data directory."""
    sockets: Path
    """Folder of the socket, private and with a short path, as a socket's path may not exceed about 100 bytes."""
    owner: int
    """The user that the server runs as."""

    @property
    def start_lock(self) -> Path:
        """Held alone while starting or stopping."""
        return self.directory / "start.lock"

    @property
    def holders_lock(self) -> Path:
        """Held, shared, by everybody who uses the server."""
        return self.directory / "holders.lock"

    @property
    def present_lock(self) -> Path:
        """Held, shared, by the same; the watcher waits for it, so that it never disturbs a look at the other."""
        return self.directory / "present.lock"

    @property
    def password(self) -> Path:
        """Readable by its owner only."""
        return self.directory / "password"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.directory / "data.log"

    def make_scratch(self) -> Path:
        """A folder of its own where a new data directory is made before it gets its name."""
        return Path(tempfile.mkdtemp(prefix=f"{self.data.name}.new-", dir=self.data.parent))

    def clear_scratch(self) -> None:
        """Remove what killed processes left; what an initdb of theirs still writes goes the next time."""
        for left in self.data.parent.glob(f"{self.data.name}.new-*"):
            shutil.rmtree(left, ignore_errors=True)


def prepare_place(directory: Path, account: Account | None) -> Place:
    """Make the folder, or find it.

    Raises:
        ServerError: It can't be made or written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if not os.access(directory, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
        place = find_place(directory.resolve(strict=True), account)
    except OSError as error:
        reason = "it is a file" if directory.is_file() else error.strerror
        raise ServerError(
            f"can't use {directory} for the embedded PostgreSQL: {reason}; give database= a directory that "
            "you may write, or a postgresql:// string"
        ) from error
    named = place.directory / "data"
    if named.is_symlink() and not place.data.exists():
        raise ServerError(
            f"{named} is a link to {place.data}, which is not there; bring that back, or remove the link to begin anew"
        )
    return place


def find_place(directory: Path, account: Account | None) -> Place:
    """Say where everything is; touch nothing."""
    directory = directory.resolve()
    owner = account.uid if account else os.geteuid()
    # Always the same for one directory, whatever TMPDIR says: other processes must find the server there.
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    return Place(directory, (directory / "data").resolve(), Path("/tmp") / f"lightrag-{owner}-{digest}", owner)
