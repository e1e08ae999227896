"""The watcher: starts a server and stops it when all who used it have gone without a word, as after SIGTERM.

A program of its own, which only needs the standard library: `python -I -S watch.py`, with its orders as JSON on
standard input. It tells the server's pid, and from then on it sleeps until the server has ended, or until the kernel
gives it the lock that every user holds. It is the server's parent, so it can't mistake another process for it.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

_STOP_S = 30.0
_QUIT_S = 10.0
_AGAIN_S = 1.0


def main() -> None:
    """Start the server, tell its pid, watch it to its end."""
    orders = json.load(sys.stdin)
    if os.fork() != 0:
        os._exit(0)  # so that whoever started us has no child to wait for
    server = subprocess.Popen(
        [part.encode("latin-1") for part in orders["command"]],
        stdin=subprocess.DEVNULL, stdout=2, stderr=2,
        user=orders["user"], group=orders["group"], extra_groups=orders["groups"],
    )  # fmt: skip
    with suppress(BrokenPipeError):
        os.write(1, f"{server.pid}\n".encode())
    os.chdir("/")
    os.dup2(2, 1)
    threading.Thread(target=_stop_when_unused, args=(server, orders["locks"]), daemon=True).start()
    server.wait()
    _remove(orders["sockets"].encode("latin-1"))
    os._exit(0)


def _stop_when_unused(server: subprocess.Popen[bytes], locks: list[int]) -> None:
    start, holders, present = locks
    while True:
        fcntl.flock(present, fcntl.LOCK_EX)
        fcntl.flock(present, fcntl.LOCK_UN)
        fcntl.flock(start, fcntl.LOCK_EX)
        try:
            fcntl.flock(holders, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # somebody came before we had the start lock
            fcntl.flock(start, fcntl.LOCK_UN)
            time.sleep(_AGAIN_S)
            continue
        for order, patience_s in ((signal.SIGINT, _STOP_S), (signal.SIGQUIT, _QUIT_S)):  # as in process.py
            server.send_signal(order)
            time.sleep(patience_s)  # the program ends with the server, and the locks with the program
        for lock in (holders, start):
            fcntl.flock(lock, fcntl.LOCK_UN)
        return


def _remove(sockets: bytes) -> None:
    """Remove the folder of the socket if it is empty, unless somebody is starting a server there."""
    with suppress(OSError):
        folder = os.open(sockets, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(folder), os.lstat(sockets)):
            os.rmdir(sockets)


if __name__ == "__main__":
    main()
