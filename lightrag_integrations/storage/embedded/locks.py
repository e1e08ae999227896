"""Locks between processes: `flock` on a file, released by the kernel however a process ends.

A forked child shares its parent's open file, so a lock lives until the child closes it, too, or one of them unlocks it.
Hence whoever took a lock unlocks it, and a child never does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lightrag_integrations.errors import ServerError

__all__ = ["SharedLock", "exclusive"]


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a file's lock alone, waiting for it."""
    import fcntl

    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


class SharedLock:
    """A lock that many hold at once; the last one to let go can tell that it is the last."""

    def __init__(self, path: Path) -> None:
        """Take it. Each object has its own open file, so two in one process count twice."""
        import fcntl

        self._path = path
        self._descriptor = _open(path)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    @staticmethod
    def free(path: Path) -> bool:
        """True when nobody holds the lock."""
        import fcntl

        probe = _open(path)
        try:
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            fcntl.flock(probe, fcntl.LOCK_UN)
            return True
        finally:
            os.close(probe)

    def abandon(self) -> None:
        """Close it without unlocking: in a forked child, the parent still holds it."""
        os.close(self._descriptor)

    def release(self) -> bool:
        """Let go, in the process that took it.

        Returns:
            True when nobody holds the lock any more.
        """
        import fcntl

        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)
        return self.free(self._path)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ServerError(f"can't open {path}: {error.strerror}; give database= a directory you may write") from error
