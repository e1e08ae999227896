"""The model endpoint of a run: it knows whose calls it has, and which are under way."""

import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.doubles.openai_server import OpenAIServer, Request

_TEXT = re.compile(r"<text>\n?(.*?)\n?</text>", re.DOTALL)


class Endpoint(OpenAIServer):
    """Counts extraction calls by the text asked about, and by who asks: the worker's name is its API key."""

    def __init__(self, **settings: Any) -> None:
        self._guard = threading.Lock()
        super().__init__(**settings)

    def clear(self) -> None:
        super().clear()
        with self._guard:
            self.asked: Counter[str] = Counter()
            """Calls by text."""
            self.by_worker: Counter[str] = Counter()
            """Calls by worker."""
            self._waiting: Counter[str] = Counter()

    def waiting_of(self, worker: str) -> int:
        """Calls of a worker that are not answered yet."""
        return self._waiting[worker]

    def repeated(self) -> int:
        """Calls about a text that was asked about before."""
        with self._guard:
            return sum(count - 1 for count in self.asked.values())

    @contextmanager
    def _flight(self, request: Request) -> Iterator[None]:
        worker = request.headers.get("Authorization", "").removeprefix("Bearer ")
        inside = _TEXT.search(request.said)
        with self._guard:
            self.asked[inside[1] if inside else request.said] += 1
            self.by_worker[worker] += 1
            self._waiting[worker] += 1
        try:
            with super()._flight(request):
                yield
        finally:
            with self._guard:
                self._waiting[worker] -= 1
