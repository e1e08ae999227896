"""Ingestion of the same documents through the same endpoint, by ours and by LightRAG; then the same questions."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.endpoint import Endpoint
from tests.benchmarks.speed.peer_answers import SCRIPTS, Tokens
from tests.benchmarks.speed.peer_data import read, write_documents
from tests.benchmarks.speed.peer_environments import named
from tests.benchmarks.speed.peer_runs import Runs
from tests.benchmarks.speed.peers_stores import answered
from tests.benchmarks.speed.rows import Row, Setting

_CHUNKS = 50
_TIMES = 4
_WARM = 4
_QUESTIONS = 60
_LATENCY_S = 0.2
_AT_ONCE = 16
_DIMENSION = 64
"""Of the endpoint's vectors."""
_LIGHTRAG = named("lightrag")


@dataclass(frozen=True)
class _Ingested:
    """One peer has ingested one folder."""

    name: str
    folder: Path
    told: dict[str, Any]
    counts: dict[str, Any]

    def rows(self) -> Iterator[Row]:
        """Time, CPU and tokens."""
        own, warm = ([row["text"] for row in read(self.folder / f"{name}.jsonl")] for name in ("documents", "warm"))
        many, spent, counts = len(own), self.told["ingest"], self.counts
        if self.told["done"] != many + len(warm):
            raise RuntimeError(f"{self.name} has stored {self.told['done']} documents of {many + len(warm)}")
        ideal = many / _AT_ONCE * _LATENCY_S
        calls = f"{counts['chat_calls'] / (many + len(warm)):.2f} chat calls a chunk, {counts['max_in_flight']} at once"
        wall = f"{spent['wall_s']:.1f} s for {ideal:.2f} s; {calls}"
        server = f"PostgreSQL {1000 * spent['server_s'] / many:.1f} ms"
        yield self._row("wall ÷ ideal", spent["wall_s"] / ideal, "x", many, note=wall)
        yield self._row("CPU for each chunk", 1000 * spent["client_s"] / many, "ms", many, note=server)
        paid = counts["prompt_tokens"] / sum(map(Tokens(), [*own, *warm]))
        answers = f"answers of {counts['completion_tokens'] / counts['chat_calls']:.0f} tokens"
        yield self._row("prompt ÷ chunk tokens", paid, "x", many, note=answers)

    def _row(self, what: str, value: float, unit: str, many: int, *, note: str) -> Row:
        return Row(part="peers", what=f"{what}, {many} chunks, {self.name}", value=value, unit=unit, note=note)


def with_a_model(runs: Runs, setting: Setting) -> Iterator[Row]:
    """Ours and LightRAG tuned with so many documents and four times as many; LightRAG as it comes with the fewer."""
    few, many = runs.scratch / "documents", runs.scratch / "more-documents"
    count = setting.of(_CHUNKS)
    write_documents(few, count=count, warm=_WARM, questions=0)
    write_documents(many, count=_TIMES * count, warm=_WARM, questions=_QUESTIONS)
    told: dict[str, Any] = {"count": Tokens(), "dimension": _DIMENSION, "scripts": SCRIPTS}
    with Endpoint(latency_s=_LATENCY_S, **told) as slow, Endpoint(**told) as fast:
        endpoints = {"slow": slow.base_url, "fast": fast.base_url, "dimension": _DIMENSION, "kind": "model"}
        for name, peer, tuned in (("this package", "ours", True), (f"{_LIGHTRAG} tuned", "lightrag", True)):
            walls = []
            for folder in (few, many):
                result = runs.run(peer, folder, tuned=tuned, ask=folder is many, **endpoints)
                walls.append(result["ingest"]["wall_s"])
                yield from _Ingested(name, folder, result, slow.counts()).rows()
            yield Row(part="peers", what=f"time for 4 x the documents, {name}", value=walls[1] / walls[0], unit="x")
            calls = fast.counts()["chat_calls"] / (_QUESTIONS + _QUESTIONS // 6)  # those to warm up with it
            note = f"{calls:.2g} model calls for a question, answered without delay"
            yield answered(f"mix in a model's graph of {_TIMES * count} chunks, {name}", result["mix"], note)
        result = runs.run("lightrag", few, tuned=False, ask=False, **endpoints)
        yield from _Ingested(f"{_LIGHTRAG} as it comes", few, result, slow.counts()).rows()
