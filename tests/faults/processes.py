"""The processes of an embedded server: found by its directory, killed without a word."""

import os
import random
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.integration.embedded.holding import commands

HOW = ("postmaster", "all at once", "one backend")


def programs_of(home: Path) -> list[int]:
    """Pids of everything of PostgreSQL that works on a directory by name: servers, and what initdb runs."""
    marks = (f"-D {home}/data", f"-D{home}/data")
    return [pid for pid, command in commands() if any(mark in command for mark in marks)]


@dataclass(frozen=True)
class Target:
    """What of a server is to be killed; nothing when nothing runs."""

    how: str
    pids: list[int]


def choose(home: Path, rng: random.Random) -> Target:
    """Draw what of the server is to be killed."""
    roots = programs_of(home)
    if not roots:
        return Target("", [])
    how = rng.choice(HOW)
    children = [child for root in roots for child in children_of(root)]
    if how == "one backend":
        return Target(how, [rng.choice(children or roots)])
    return Target(how, roots if how == "postmaster" else [*roots, *children])


def kill(pids: list[int]) -> int:
    """How many of them were there."""
    count = 0
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            count += 1
    return count


def children_of(parent: int) -> list[int]:
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(pid))
    return found
