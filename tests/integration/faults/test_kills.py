"""A few kills in each phase; `python -m tests.faults.kills` makes as many as you like."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.kills import Run, line


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    # Open to all, as PostgreSQL won't run as root; a short path, as a socket's may not be long.
    with tempfile.TemporaryDirectory(prefix="lrk", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        with Run(7, Path(folder)) as run:
            yield run


@pytest.mark.parametrize(
    ("victim", "phase"),
    [
        ("worker", "first start"),
        ("worker", "acceptance"),
        ("server", "extraction"),
        ("worker", "commit"),
        ("worker", "compaction"),
        ("server", "index build"),
    ],
)
def test_nobody_need_know_of_a_kill(run: Run, victim: str, phase: str) -> None:
    outcome = run.one(phase, victim=victim, workers=2, latest=1)
    assert outcome.how, f"nobody was killed: {line(outcome)}"
    assert outcome.problems == [], line(outcome)
