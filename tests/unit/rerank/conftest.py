import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from lightrag_integrations.models import Evidence, FactView, Hit
from tests.doubles.fixtures import openai_server

__all__ = ["Endpoint", "endpoint", "hits", "ids", "openai_server"]


@pytest.fixture
def hits() -> list[Hit]:
    texts = ("Bananas are yellow.", "Paris is the capital of France.", "France borders Spain.", "Stock prices fell.")
    fact = FactView(source="a", target="b", description="a knows b")
    return [
        Hit(
            chunk_id=f"c{number}",
            document_id="d",
            text=text,
            title="Notes",
            score=1.0 / (number + 1),
            metadata={"n": number},
            evidence=Evidence(parts={"keyword": 1.0 / (number + 1)}, entities=("a",), facts=(fact,), path=("a", "c0")),
        )
        for number, text in enumerate(texts)
    ]


def ids(hits: Sequence[Hit]) -> list[str]:
    return [hit.chunk_id for hit in hits]


@dataclass
class Endpoint:
    """A rerank endpoint on this machine that answers what it is told to."""

    url: str = ""
    answers: list[tuple[int, Any]] = field(default_factory=list)
    """(status, body) in turn, the last one for ever; a text body is sent as it is."""
    headers: dict[str, str] = field(default_factory=dict)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    seen: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def next(self) -> tuple[int, Any]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    state = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            state.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            state.seen.append({name.lower(): value for name, value in self.headers.items()})
            state.paths.append(self.path)
            status, body = state.next()
            data = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()
