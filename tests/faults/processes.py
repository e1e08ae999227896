"""The processes of an embedded server: found by its directory, killed without a word."""

import os
import random
import signal
from contextlib import suppress
from pathlib import Path

from tests.integration.embedded.holding import commands

HOW = ("postmaster", "all at once", "one backend")


def programs_of(home: Path) -> list[int]:
    """Pids of everything of PostgreSQL that works on a directory by name: servers, and what initdb runs."""
    marks = (f"-D {home}/data", f"-D{home}/data")
    return [pid for pid, command in commands() if any(mark in command for mark in marks)]


def choose(home: Path, rng: random.Random) -> tuple[str, list[int]]:
    """What of the server is to be killed, and its pids; none when nothing runs."""
    roots = programs_of(home)
    if not roots:
        return "", []
    how = rng.choice(HOW)
    children = [child for root in roots for child in children_of(root)]
    if how == "one backend":
        return how, [rng.choice(children or roots)]
    return how, roots if how == "postmaster" else [*roots, *children]


def kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def children_of(parent: int) -> list[int]:
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(pid))
    return found
