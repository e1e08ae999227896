"""The folders and files of one embedded server."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lightrag_integrations.errors import ServerError
from lightrag_integrations.storage.embedded.account import Account, give, reachable
from lightrag_integrations.storage.embedded.binaries import ROOT_HOME

__all__ = ["Place", "prepare_place"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything of one server is."""

    directory: Path
    """As the user gave it."""
    data: Path
    """PostgreSQL's data directory."""
    sockets: Path
    """Folder of the socket, private and with a short path, as a socket's path may not exceed about 100 bytes."""

    @property
    def start_lock(self) -> Path:
        """Held alone while starting or stopping."""
        return self.directory / "start.lock"

    @property
    def holders_lock(self) -> Path:
        """Held, shared, by everybody who uses the server."""
        return self.directory / "holders.lock"

    @property
    def password(self) -> Path:
        """Readable by its owner only."""
        return self.directory / "password"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.data.parent / f"{self.data.name}.log"

    def make_scratch(self) -> Path:
        """A folder of its own where a new data directory is made before it gets its name."""
        return Path(tempfile.mkdtemp(prefix=f"{self.data.name}.new-", dir=self.data.parent))

    def clear_scratch(self) -> None:
        """Remove what killed processes left; what an initdb of theirs still writes goes the next time."""
        for left in self.data.parent.glob(f"{self.data.name}.new-*"):
            shutil.rmtree(left, ignore_errors=True)


def prepare_place(directory: Path, account: Account | None) -> Place:
    """Make the folders, or find them.

    Raises:
        ServerError: One can't be made, or somebody else's is in the way.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        directory = directory.resolve(strict=True)
        digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
        if not os.access(directory, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
        data = _data_folder(directory / "data", digest, account)
    except OSError as error:
        raise ServerError(
            f"can't use {directory} for the embedded PostgreSQL: {error.strerror}; give database= a directory that "
            "you may write, or a postgresql:// string"
        ) from error
    return Place(directory, data, _socket_folder(digest, account))


def _data_folder(wanted: Path, digest: str, account: Account | None) -> Path:
    """Where the data is or shall be; a link in the directory remembers a choice made for good."""
    if wanted.is_symlink():
        return wanted.readlink()
    if wanted.exists() or reachable(wanted, account):
        return wanted
    # A name of its own: what a directory deleted since has left there must not come back.
    data = ROOT_HOME / "data" / f"{digest}-{secrets.token_hex(4)}"
    data.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    with contextlib.suppress(FileExistsError):  # another process was quicker
        wanted.symlink_to(data)
    return wanted.readlink()


def _socket_folder(digest: str, account: Account | None) -> Path:
    """Always the same for one directory, whatever TMPDIR says: other processes must find the server there."""
    owner = account.uid if account else os.geteuid()
    folder = Path("/tmp") / f"lightrag-{owner}-{digest}"
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    else:
        give(folder, account)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != owner or status.st_mode & 0o077:
        raise ServerError(f"{folder} is not a private folder of user {owner}; remove it")
    return folder
