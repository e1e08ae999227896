"""The folder of a server's socket: private, made for a start, removed after the end.

It lies in /tmp, where others may put things, so everything is done to the open folder and never follows a link.
Whoever starts a server holds the folder's lock, and nobody removes the folder without it: the locks beside the data
don't do when somebody removed those and another process is making them anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from lightrag_integrations.errors import ServerError
from lightrag_integrations.storage.embedded.account import Account

__all__ = ["clear_sockets", "sockets_held"]

_ATTEMPTS = 100
_PASSWORDS = "tmp"
"""How the files begin that tell initdb the password; a killed process leaves its own."""


@contextmanager
def sockets_held(path: Path, owner: int, account: Account | None) -> Iterator[None]:
    """Make the folder, or see that the one there is nobody else's, and keep it there meanwhile.

    Args:
        path: The folder.
        owner: The user that the server runs as.
        account: That user, when we are root.

    Raises:
        ServerError: It is somebody else's, or open to others.
    """
    for _ in range(_ATTEMPTS):
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
        with ExitStack() as stack:
            folder = _opened(path, stack)
            if folder is None or not _locked(folder, path, stack, wait=True):
                continue  # somebody removed it meanwhile
            if account is not None:
                _hand_over(folder, account)
            if not _private(folder, owner):
                raise _refusal(path, owner)
            _clear(folder, _PASSWORDS)
            yield
            return
    raise _refusal(path, owner)


def clear_sockets(path: Path, owner: int, *, leftovers: bool) -> None:
    """Remove the folder, unless it holds something that is not ours, or somebody is starting a server there.

    Args:
        path: The folder.
        owner: The user that the server runs as.
        leftovers: Nobody can have a server there, so what is left of one goes, too.
    """
    with ExitStack() as stack:
        folder = _opened(path, stack)
        if folder is None or not _private(folder, owner) or not _locked(folder, path, stack, wait=False):
            return
        if leftovers:
            _clear(folder, (".s.PGSQL.", _PASSWORDS))
        with suppress(OSError):
            path.rmdir()


def _clear(folder: int, beginnings: str | tuple[str, ...]) -> None:
    for name in os.listdir(folder):
        if name.startswith(beginnings):
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)


def _opened(path: Path, stack: ExitStack) -> int | None:
    """None: it isn't there, is no folder, or not for us to open."""
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    stack.callback(os.close, folder)
    return folder


def _locked(folder: int, path: Path, stack: ExitStack, *, wait: bool) -> bool:
    """False: another one has the lock, or the folder is no longer the one of that name."""
    import fcntl

    try:
        fcntl.flock(folder, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        stack.callback(fcntl.flock, folder, fcntl.LOCK_UN)  # a forked child may have a copy, see locks.py
        return os.path.samestat(os.fstat(folder), path.lstat())
    except OSError:
        return False


def _hand_over(folder: int, account: Account) -> None:
    """Root makes the folder its own before it is the server's; a kill in between leaves it so."""
    status = os.fstat(folder)
    if status.st_uid == 0 and not status.st_mode & 0o077 and not os.listdir(folder):
        os.fchown(folder, account.uid, account.gid)


def _private(folder: int, owner: int) -> bool:
    status = os.fstat(folder)
    return status.st_uid == owner and not status.st_mode & 0o077


def _refusal(path: Path, owner: int) -> ServerError:
    return ServerError(f"{path} is not a private folder of user {owner}; remove it")
