"""What the script of every peer needs: its task, the chunks with their vectors, and clocks.

These scripts run in environments of their own, where only the peer is installed: nothing here needs more than numpy.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import numpy as np


@dataclass(frozen=True)
class Task:
    """What one run of a script is to do; comes as JSON on standard input."""

    folder: Path
    host: str
    port: str
    user: str
    password: str
    database: str
    server: int
    """Process id of PostgreSQL's first process."""
    k: int
    settings: dict[str, Any]

    @classmethod
    def read(cls) -> Self:
        told = json.load(sys.stdin)
        return cls(**{**told, "folder": Path(told["folder"])})

    def url(self, scheme: str) -> str:
        """The database, as libpq, SQLAlchemy and psycopg read it."""
        return (
            f"{scheme}://{quote(self.user)}:{quote(self.password)}@/{self.database}"
            f"?host={quote(self.host, safe='')}&port={self.port}"
        )

    def rows(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / name).read_text("utf-8").splitlines()]

    def vectors(self, name: str) -> Any:
        return np.load(self.folder / name)


class Known:
    """The embedding model of all stores: vectors made beforehand, so that nobody pays for them."""

    def __init__(self, task: Task) -> None:
        self.chunks, self.questions = task.rows("chunks.jsonl"), task.rows("questions.jsonl")
        self._rows = np.concatenate([task.vectors("vectors.npy"), task.vectors("question_vectors.npy")])
        self._place = {row["text"]: place for place, row in enumerate([*self.chunks, *self.questions])}
        self.dimension = self._rows.shape[1]

    def vector(self, text: str) -> list[float]:
        return self._rows[self._place[text]].tolist()

    def knows(self, text: str) -> bool:
        return text in self._place


class Spent:
    """Wall time and CPU of a stretch of work, of this process and of PostgreSQL."""

    def __init__(self, server: int) -> None:
        self._server = server
        self._before = (time.perf_counter(), time.process_time(), server_cpu_s(server))

    @cached_property
    def figures(self) -> dict[str, float]:
        """From the making of this object to the first look."""
        after = (time.perf_counter(), time.process_time(), server_cpu_s(self._server))
        names = ("wall_s", "client_s", "server_s")
        return {name: end - begin for name, begin, end in zip(names, self._before, after, strict=True)}


@contextmanager
def spending(server: int) -> Iterator[Spent]:
    spent = Spent(server)
    yield spent
    _ = spent.figures


def server_cpu_s(pid: int) -> float:
    """CPU of a PostgreSQL server since it began: of its first process, the children it has now and those that ended."""
    here = Path("/proc")
    if not here.is_dir():
        return float("nan")
    own = _stat(here / str(pid))
    ticks = sum(own[11:15])  # the last two: of children that ended
    for folder in here.iterdir():
        told = _stat(folder) if folder.name.isdigit() else ()
        if told and told[1] == pid:
            ticks += sum(told[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def asked(ask: Callable[[dict[str, Any]], int], questions: Sequence[dict[str, Any]], *, task: Task) -> dict[str, float]:
    """Latencies in ms of questions asked one after the other; a sixth of them before, to warm up."""
    for question in questions[: len(questions) // 6]:
        ask(question)
    walls, found = [], []
    with spending(task.server) as spent:
        for question in questions:
            began = time.perf_counter()
            found.append(ask(question))
            walls.append(time.perf_counter() - began)
    return summed(walls, spent, found)


def summed(walls: Sequence[float], spent: Spent, found: Sequence[int]) -> dict[str, float]:
    """p50, p95, CPU for each question, and how many hits there were."""
    each = 1000 / len(walls)
    p50, p95 = np.percentile(walls, (50, 95)) * 1000
    figures = spent.figures
    return {
        "p50": p50, "p95": p95, "client": figures["client_s"] * each, "server": figures["server_s"] * each,
        "hits": sum(found) / len(found),
    }  # fmt: skip


def tell(**figures: Any) -> None:
    """The script's only line on standard output."""
    print(json.dumps(figures))


def _stat(folder: Path) -> tuple[int, ...]:
    """Fields of /proc/PID/stat behind the name, the state as 0; none if the process is gone."""
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ()
    return (0, *map(int, fields[1:15]))
