"""The OpenAI-compatible double in a process of its own, so that its work is not counted as ours.

with Endpoint(latency_s=0.2) as endpoint:
    OpenAIChatModel("stand-in", base_url=endpoint.base_url, api_key="none")
    endpoint.counts()["chat_calls"]
"""

import multiprocessing
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any, Self

from tests.doubles.openai_server import OpenAIServer
from tests.doubles.words import tokens

_SHOWN = ("chat_calls", "prompt_tokens", "completion_tokens", "embedding_tokens", "max_in_flight")


class Endpoint:
    """Start it with `with`."""

    def __init__(
        self,
        *,
        latency_s: float = 0.0,
        dimension: int = 64,
        count: Callable[[str], int] = tokens,
        scripts: Mapping[str, Callable[[str], str]] | None = None,
    ) -> None:
        """As for `OpenAIServer`; scripts by what they match. They go to another process, so they must be picklable."""
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        told = {"latency_s": latency_s, "dimension": dimension, "count": count}
        self._process = context.Process(target=_serve, args=(theirs, told, dict(scripts or {})), daemon=True)
        self.base_url = ""

    def __enter__(self) -> Self:
        self._process.start()
        self.base_url = self._ours.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._ours.send("stop")
        self._process.join(30)

    def counts(self) -> dict[str, Any]:
        """Counts since the last look."""
        self._ours.send("counts")
        counted: dict[str, Any] = self._ours.recv()
        return counted


def _serve(pipe: Connection, told: dict[str, Any], scripts: dict[str, Callable[[str], str]]) -> None:
    with OpenAIServer(**told) as server:
        _script(server, scripts)
        pipe.send(server.base_url)
        while pipe.recv() == "counts":
            pipe.send({name: getattr(server, name) for name in _SHOWN})
            server.clear()
            _script(server, scripts)


def _script(server: OpenAIServer, scripts: dict[str, Callable[[str], str]]) -> None:
    for match, text in scripts.items():
        server.script(match, text)
