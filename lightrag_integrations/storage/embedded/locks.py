"""Locks between processes: `flock` on a file, released by the kernel however a process ends.

A forked child shares its parent's open file, so a lock lives until the child closes it, too, or one of them unlocks it.
Hence whoever took a lock unlocks it, and a child never does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lightrag_integrations.errors import ServerError

__all__ = ["Hold", "SharedLock", "exclusive", "opened"]


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


class Hold:
    """One user's share in a server. Take it, and leave, under the start lock."""

    def __init__(self, holders: Path, present: Path) -> None:
        """Take both locks.

        Args:
            holders: Tells who is the last to leave.
            present: Wakes the watcher when the last has gone; let go after the server was stopped.
        """
        with ExitStack() as undo:
            self._holders = SharedLock(holders)
            undo.callback(self._holders.release)
            self._present = SharedLock(present)
            undo.pop_all()

    @contextmanager
    def leaving(self) -> Iterator[bool]:
        """Let go; within, True when nobody else holds the server and it may be stopped."""
        try:
            yield self._holders.release()
        finally:
            self._present.release()

    def abandon(self) -> None:
        """Close our copies, see `SharedLock.abandon`."""
        self._holders.abandon()
        self._present.abandon()


@contextmanager
def opened(*paths: Path) -> Iterator[tuple[int, ...]]:
    """Open files of locks, for another process to lock."""
    with ExitStack() as stack:
        files = []
        for path in paths:
            files.append(_open(path))
            stack.callback(os.close, files[-1])
        yield tuple(files)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ServerError(f"can't open {path}: {error.strerror}; give database= a directory you may write") from error
