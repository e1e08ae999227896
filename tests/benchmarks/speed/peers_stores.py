"""Filling and asking vector stores with the same chunks and vectors.

What "words" means is each store's own: a chunk must hold all of the question's words (langchain-postgres), one of them
(LlamaIndex, which gives up to as many chunks again for them), or is ranked by BM25 (ours).
"""

from collections.abc import Iterator
from types import MappingProxyType

from tests.benchmarks.speed.peer_data import write_chunks
from tests.benchmarks.speed.peer_environments import named
from tests.benchmarks.speed.peer_runs import Runs
from tests.benchmarks.speed.rows import Row, Setting

_CHUNKS = 10_000
_QUESTIONS = 60
_SEARCHES = MappingProxyType({"vector": "by vectors", "hybrid": "by words and vectors", "mix": "mix"})
"""As the scripts call them, and as the table does."""


def stores(runs: Runs, setting: Setting) -> Iterator[Row]:
    """Ours without a graph, ours with the graph that the words give, and both frameworks' own."""
    folder, count = runs.scratch / "chunks", setting.of(_CHUNKS)
    write_chunks(folder, count=count, questions=_QUESTIONS)
    for name, peer, kind in (
        ("this package, no graph", "ours", "store"),
        ("this package, graph from words", "ours", "words"),
        (named("langchain"), "langchain", ""),
        (named("llama_index"), "llama_index", ""),
    ):
        told = runs.run(peer, folder, kind=kind)
        yield filled(name, told["ingest"], count)
        for search, words in _SEARCHES.items():
            if search in told:
                yield answered(f"{words} among {count} chunks, {name}", told[search])


def filled(name: str, spent: dict[str, float], count: int) -> Row:
    """How fast chunks went in, indexes included."""
    client, server = (1000 * spent[side] / count for side in ("client_s", "server_s"))
    note = f"{count} in {spent['wall_s']:.1f} s; CPU {client:.2f} ms a chunk, PostgreSQL {server:.2f} ms"
    return Row(part="peers", what=f"filling, {name}", value=count / spent["wall_s"], unit="chunks/s", note=note)


def answered(what: str, told: dict[str, float], note: str = "") -> Row:
    """How fast questions were answered."""
    figures = f"p95 {told['p95']:.1f} ms; CPU {told['client']:.1f} ms, PostgreSQL {told['server']:.1f} ms"
    notes = (figures, f"{told['hits']:.3g} hits", *([note] if note else []))
    return Row(part="peers", what=f"p50, {what}", value=told["p50"], unit="ms", note="; ".join(notes))
