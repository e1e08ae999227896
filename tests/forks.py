"""Runs `lightrag` in forks of one process that has imported everything, as that takes longer than most commands do."""

import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import lightrag_integrations.cli
from tests.integration.cli.running import Outcome, clean_environment

__all__ = ["Forks"]

_TIMEOUT_S = 240.0


class Forks:
    """The process whose forks run commands, one at a time; each is a process of its own with its own exit."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair()
        self._channel.settimeout(_TIMEOUT_S)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                env=clean_environment(), stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], start_new_session=True,
            )  # fmt: skip

    def run(self, *arguments: str, cwd: Path, **environment: str) -> Outcome:
        """As `run_cli`."""
        request = {"arguments": arguments, "cwd": str(cwd), "environment": clean_environment(**environment)}
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            line = json.dumps(request).encode() + b"\n"
            sent = socket.send_fds(self._channel, [line], [out.fileno(), err.fileno()])
            self._channel.sendall(line[sent:])
            code = int(self._channel.recv(16) or b"-1")
            out.seek(0)
            err.seek(0)
            return Outcome(code, out.read(), err.read())

    def close(self) -> None:
        """End it, and what hangs."""
        self._channel.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _serve(channel: socket.socket) -> None:
    importlib.import_module("lightrag_integrations._live")
    for module in pkgutil.iter_modules(lightrag_integrations.cli.__path__):
        if module.name != "__main__":
            importlib.import_module(f"lightrag_integrations.cli.{module.name}")
    while True:
        line, fds, _, _ = socket.recv_fds(channel, 2**16, 2)
        if not line:
            return
        while not line.endswith(b"\n"):
            line += channel.recv(2**16)
        child = os.fork()
        if not child:
            channel.close()
            _become(json.loads(line), fds)
            sys.exit(lightrag_integrations.cli.main())
        for fd in fds:
            os.close(fd)
        channel.sendall(b"%d" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _become(request: dict[str, Any], fds: list[int]) -> None:
    for here, fd in enumerate(fds, start=1):
        os.dup2(fd, here)
        os.close(fd)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["cwd"])
    sys.argv[1:] = request["arguments"]


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
