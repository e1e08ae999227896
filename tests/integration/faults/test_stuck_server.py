"""What kills showed: a server that is asked to stop and never does; a password that a killed first start left."""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lightrag_integrations.storage.embedded import EmbeddedServer
from lightrag_integrations.storage.embedded.process import end
from tests.faults.processes import children_of, programs_of
from tests.integration.embedded.holding import answers, settle, sockets_of


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lrk", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "db"


def test_a_server_that_does_not_stop_in_order_is_stopped_without(home: Path) -> None:
    first, second = EmbeddedServer(home), EmbeddedServer(home)
    first.start()
    (pid,) = programs_of(home)
    for child in children_of(pid):
        with suppress(ProcessLookupError):  # some of its workers end by themselves
            os.kill(child, signal.SIGSTOP)  # so the checkpoint of an orderly end is never written
    assert end(home / "data", sockets_of(home), 0.5)
    assert settle(pid)
    assert answers(second.start())
    second.stop()
    first.stop()
    assert programs_of(home) == []


def test_the_password_that_a_killed_first_start_left_goes_with_the_next_start(home: Path) -> None:
    first, second = EmbeddedServer(home), EmbeddedServer(home)
    first.start()
    left = sockets_of(home) / "tmp_left"
    left.write_text("secret")
    second.start()
    assert not left.exists()
    second.stop()
    first.stop()
    assert not sockets_of(home).exists()
