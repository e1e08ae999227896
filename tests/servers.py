"""A plain PostgreSQL server for tests, reached over TCP with a password, as a server of one's own would be."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from lightrag_integrations.storage.embedded.account import give, server_account
from lightrag_integrations.storage.embedded.binaries import find_binaries

__all__ = ["PostgresServer"]

_SETTINGS = ("fsync=off", "max_connections=200", "shared_buffers=64MB", "deadlock_timeout=200ms", "jit=off")


class PostgresServer:
    """Starts at once; `stop` removes everything. As root it runs under a system user, as PostgreSQL demands."""

    def __init__(self) -> None:
        self.password = secrets.token_hex(16)
        self.port = _free_port()
        self._home = Path(tempfile.mkdtemp(prefix="lr", dir="/tmp"))
        self._data = self._home / "data"
        self._account = server_account()
        self._bin = find_binaries(self._account).home / "bin"
        give(self._home, self._account)
        self._create()
        self._start()

    @property
    def dsn(self) -> str:
        """As superuser, to the default database."""
        return self.dsn_for()

    def dsn_for(self, *, database: str = "postgres", password: str | None = None, host: str = "127.0.0.1") -> str:
        """The same server, something else being different."""
        return f"postgresql://postgres:{password or self.password}@{host}:{self.port}/{database}"

    def kill(self) -> None:
        """Take the server away without a word, as a crash would."""
        os.kill(int((self._data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)

    def restart(self) -> None:
        """Bring it back on the same port."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "immediate", "stop", check=False)
        self._start()

    def stop(self) -> None:
        """Stop it and remove its files."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "immediate", "stop", check=False)
        shutil.rmtree(self._home, ignore_errors=True)

    def _create(self) -> None:
        secret = self._home / "password"
        secret.write_text(self.password)
        give(secret, self._account)
        options = ("-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        self._run("initdb", "-D", str(self._data), f"--pwfile={secret}", *options)

    def _start(self) -> None:
        settings = " ".join(f"-c {setting}" for setting in _SETTINGS)
        options = f"-h 127.0.0.1 -p {self.port} -k {self._home} {settings}"
        self._run(
            "pg_ctl", "-D", str(self._data), "-l", str(self._home / "log"), "-w", "-t", "60", "-o", options, "start"
        )

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        switch = {"user": self._account.uid, "group": self._account.gid, "extra_groups": ()} if self._account else {}
        done = subprocess.run(
            [str(self._bin / program), *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self._home, **switch,
        )  # fmt: skip
        if check and done.returncode:
            log = self._home / "log"
            raise RuntimeError(f"{program} failed: {log.read_text()[-2000:] if log.exists() else done.returncode}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
