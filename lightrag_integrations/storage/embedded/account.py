"""Which system user runs the server, and what that user can reach."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from lightrag_integrations.errors import ServerError

__all__ = ["Account", "give", "reachable", "server_account"]

_CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """An unprivileged system user."""

    name: str
    uid: int
    gid: int


def server_account(data: Path | None = None) -> Account | None:
    """The user to drop to when this process is root, as PostgreSQL refuses to run as root; None: run as we are.

    Args:
        data: A data directory that may exist already; it is served by its owner.

    Raises:
        ServerError: We are root and there is no unprivileged user.
    """
    if os.geteuid() != 0:
        return None
    import pwd

    if data is not None and data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(f"user {owner.st_uid}", owner.st_uid, owner.st_gid)
    for name in _CANDIDATES:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, found.pw_uid, found.pw_gid)
    raise ServerError(
        f"PostgreSQL refuses to run as root, and there is none of the users {', '.join(_CANDIDATES)} to run it as; "
        "create one, run as another user, or give database= a connection string"
    )


def reachable(path: Path, account: Account | None) -> bool:
    """True when the user may pass through every folder above `path`."""
    if account is None:
        return True
    return all(_passable(parent.stat(), account) for parent in path.resolve().parents)


def give(path: Path, account: Account | None) -> None:
    """Make the user the owner of one file or folder."""
    if account is not None:
        shutil.chown(path, account.uid, account.gid)


def _passable(status: os.stat_result, account: Account) -> bool:
    if status.st_uid == account.uid:
        return bool(status.st_mode & 0o100)
    if status.st_gid == account.gid:
        return bool(status.st_mode & 0o010)
    return bool(status.st_mode & 0o001)
