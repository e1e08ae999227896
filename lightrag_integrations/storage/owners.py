"""Who holds a lease, in words that tell another process of the same machine whether the holder still lives.

An owner is `boot:namespaces:pid:start:random`, or only the last where there is no /proc. A process is known by its pid
and the time it started at, which no other has in one boot and one namespace of pids.
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path

__all__ = ["is_dead", "new_owner"]

_PARTS = 5
_START = 19
"""Place of the start time among the fields that follow a process's name in /proc/PID/stat."""


def new_owner() -> str:
    """A name for this process's next holder; other text may be put behind it."""
    return ":".join([*_process(), uuid.uuid4().hex])


def is_dead(owner: str) -> bool:
    """True when the process is provably gone; False also when that can't be known from here.

    Args:
        owner: As made by `new_owner`, with or without more behind it; any other text is nobody we know.
    """
    parts = owner.split(":")
    here = _process()
    if len(parts) != _PARTS or parts[:2] != here[:2]:
        return False
    if not (parts[2].isascii() and parts[2].isdigit()):
        return False
    pid = int(parts[2])
    try:  # not a look into /proc alone: it may hide the processes of others
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    fields = _stat(str(pid))
    return fields is not None and (fields[0] in ("Z", "X") or fields[_START] != parts[3])


def _process() -> list[str]:
    """Boot, namespaces, pid and start time of this process; nothing where the system does not tell."""
    fields = _stat("self")
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        # The namespace of time too: in another one the same process has another start time.
        spaces = "-".join(os.readlink(f"/proc/self/ns/{kind}").strip("pidtme:[]") for kind in ("pid", "time"))
        own = os.readlink("/proc/self") == str(os.getpid())  # else it is the /proc of another namespace
    except OSError:
        return []
    return [boot, spaces, str(os.getpid()), fields[_START]] if own and fields is not None else []


def _stat(pid: str) -> list[str] | None:
    """What follows the name in /proc/PID/stat: the state first."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return None
    return fields if len(fields) > _START else None
