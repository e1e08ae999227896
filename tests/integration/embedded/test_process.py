"""Telling whether a process runs."""

import subprocess
import sys

from lightrag_integrations.storage.embedded.process import is_alive


def test_a_process_is_alive_from_its_first_moment_to_its_last() -> None:
    """Its command line is empty while the program is being put in place, which must not pass for its end."""
    for _ in range(100):
        with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE) as process:
            assert all(is_alive(process.pid) for _ in range(20))
            process.kill()
            assert _dies(process.pid)  # a zombie until it is waited for
        assert not is_alive(process.pid)


def _dies(pid: int) -> bool:
    return any(not is_alive(pid) for _ in range(1_000_000))
