"""Runs programs in forks of one process that has imported everything, as that takes longer than most of them do."""

import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.integration.cli.running import Outcome, clean_environment

__all__ = ["Forks"]

_TIMEOUT_S = 240.0


class Forks:
    """The process whose forks run programs, one at a time; each is a process of its own with an exit of its own."""

    def __init__(self, *modules: str, **environment: str) -> None:
        """Start it; it imports the modules."""
        self._channel, theirs = socket.socketpair()
        self._channel.settimeout(_TIMEOUT_S)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno()), *modules],
                env=clean_environment(**environment),
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def run(self, *program: str, cwd: Path, **environment: str) -> Outcome:
        """Run a file with arguments, as Python would.

        Raises:
            RuntimeError: The process that forks has ended; says how.
            TimeoutError: The program hangs.
        """
        request = {"program": program, "cwd": str(cwd), "environment": clean_environment(**environment)}
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            told = self._asked(json.dumps(request).encode() + b"\n", [out.fileno(), err.fileno()])
            if not told:
                raise RuntimeError(
                    f"the process that forks has ended, exit code {self._process.wait(5)}, before it told how "
                    f"{Path(program[0]).name} did; what it said last is among the errors captured"
                )
            out.seek(0)
            err.seek(0)
            return Outcome(int(told), out.read(), err.read())

    def _asked(self, line: bytes, fds: list[int]) -> bytes:
        """The answer to a request; nothing from a process that is gone."""
        try:
            sent = socket.send_fds(self._channel, [line], fds)
            self._channel.sendall(line[sent:])
            return self._channel.recv(16)
        except TimeoutError:
            self.close()  # or the next would be told how this one ends
            raise
        except OSError:
            return b""

    def close(self) -> None:
        """End it, and what hangs."""
        self._channel.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _serve(channel: socket.socket) -> None:
    gc.freeze()  # a collector that walked over what was imported would copy it for each fork
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
            runpy.run_path(sys.argv[0], run_name="__main__")
            return
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
    sys.argv[:] = request["program"]


if __name__ == "__main__":
    for name in sys.argv[2:]:
        importlib.import_module(name)
    _serve(socket.socket(fileno=int(sys.argv[1])))
