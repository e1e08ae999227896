"""Marks: a worker writes to a file where it is, so that whoever kills it knows what it was doing.

What is marked runs as it always does; each mark is one small write, done before the next step begins.
"""

import functools
import os
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from lightrag_integrations.ingest.extract import ModelExtractor
from lightrag_integrations.storage.embedded import cluster, server
from lightrag_integrations.storage.postgres import maintenance, pool, upkeep
from lightrag_integrations.storage.postgres.store import PostgresStore

PHASES = ("first start", "schema", "index build", "compaction", "commit", "acceptance", "extraction")
"""Of several that are open at once, the first is what a kill counts for."""


class Marks:
    """The writing end. `place` puts marks around the package's own steps, in this process only."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def say(self, *words: str) -> None:
        os.write(self._file, ("\t".join(word.replace("\n", " ") for word in words) + "\n").encode())

    def place(self) -> None:
        self._around(PostgresStore, "accept", "acceptance")
        self._around(ModelExtractor, "extract", "extraction")
        self._around(PostgresStore, "cache_extractions", "cached", each=lambda _, answers: len(answers))
        self._around(PostgresStore, "commit", "commit")
        self._around(upkeep, "fold", "compaction")
        self._around(maintenance, "_build", "index build")
        self._around(pool, "prepare_schema", "schema")
        self._around_start()

    def _around(self, owner: Any, name: str, phase: str, *, each: Callable[..., int] = lambda *_, **__: 1) -> None:
        step: Callable[..., Awaitable[Any]] = getattr(owner, name)

        @functools.wraps(step)
        async def marked(*args: Any, **kwargs: Any) -> Any:
            self.say("begin", phase)
            try:
                done = await step(*args, **kwargs)
                for _ in range(each(*args, **kwargs)):
                    self.say("done", phase)
                return done
            finally:
                self.say("end", phase)

        setattr(owner, name, marked)

    def _around_start(self) -> None:
        """The first start: from a look at an empty directory until the server answers."""
        take, make = server.EmbeddedServer._take, cluster.create

        def taking(one: Any) -> Any:
            phase = "start" if (one._directory / "data" / "PG_VERSION").exists() else "first start"
            self.say("begin", phase)
            try:
                return take(one)
            finally:
                self.say("end", phase)

        def making(*args: Any) -> None:
            self.say("begin", "initdb")
            make(*args)
            self.say("end", "initdb")

        setattr(server.EmbeddedServer, "_take", taking)  # noqa: B010
        setattr(cluster, "create", making)  # noqa: B010


class Seen:
    """The reading end, of one or several workers; `look` reads what is new."""

    def __init__(self, paths: list[Path]) -> None:
        self._places = dict.fromkeys(paths, 0)
        self.begun: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self._ended: Counter[str] = Counter()
        self.said: list[list[str]] = []
        """Everything that is no begin or end: what a worker finished, and how it ended."""

    def look(self) -> None:
        for path, place in self._places.items():
            if path.exists():
                with path.open("rb") as file:
                    file.seek(place)
                    whole = file.read().rpartition(b"\n")[0]
                self._places[path] = place + len(whole) + bool(whole)
                for line in filter(None, whole.decode().split("\n")):
                    self._take(line.split("\t"))

    def open(self) -> list[str]:
        """Begun and not ended."""
        return [phase for phase in self.begun if self.begun[phase] > self._ended[phase]]

    def phase(self) -> str:
        opened = self.open()
        return next((phase for phase in PHASES if phase in opened), "between")

    def _take(self, words: list[str]) -> None:
        counts = {"begin": self.begun, "end": self._ended, "done": self.done}
        if words[0] in counts:
            counts[words[0]][words[1]] += 1
        else:
            self.said.append(words)
