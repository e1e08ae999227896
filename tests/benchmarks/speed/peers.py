"""Other PostgreSQL stores on the same data: LightRAG's, langchain-postgres and LlamaIndex's `PGVectorStore`.

Each peer runs by itself in an environment of its own, made here from PyPI in a fixed version (kept in the folder that
`LIGHTRAG_PEERS` names, if any), in a fresh database of one embedded server of ours, reached the same way by all.

- With a model: 50 and 200 documents of one chunk of about 1,000 tokens, ingested by ours and by LightRAG through the
  same endpoint double, which answers after 200 ms with the same entities (about 38) and relations (19), to each in its
  own format. "Ideal" is one call for each chunk, 16 at once. LightRAG as it comes, and tuned (see `peer_lightrag`).
  Then 60 questions in mode `mix` without an answer, the endpoint answering without delay.
- Stores: 10,000 chunks of about 500 characters with vectors of 384 numbers made beforehand, HNSW and full-text
  indexes included; 60 questions for 5 chunks each, by vectors and by words and vectors.

CPU is that of the client's process; PostgreSQL's is in the notes. Quality is not compared here.
"""

from collections.abc import Iterator
from pathlib import Path

from lightrag_integrations.storage.embedded import EmbeddedServer
from tests.benchmarks.speed.peer_environments import REQUIREMENTS, environment, named, weigh
from tests.benchmarks.speed.peer_runs import Runs
from tests.benchmarks.speed.peers_model import with_a_model
from tests.benchmarks.speed.peers_stores import stores
from tests.benchmarks.speed.rows import Row, Setting


def measure(setting: Setting) -> Iterator[Row]:
    """Install, ingest with a model, then fill and ask the stores."""
    pythons = {peer: environment(peer, setting.scratch) for peer in REQUIREMENTS}
    yield from _weights(pythons)
    server = EmbeddedServer(setting.scratch / "db")
    try:
        runs = Runs(setting.scratch, pythons, dsn=server.start(), server=setting.scratch / "db")
        yield from with_a_model(runs, setting)
        yield from stores(runs, setting)
    finally:
        server.stop()


def _weights(pythons: dict[str, Path]) -> Iterator[Row]:
    for peer, python in pythons.items():
        weight = weigh(peer, python)
        note = f"{weight.distributions} distributions, {weight.megabytes:.0f} MB"
        yield Row(part="peers", what=f"import, {named(peer)}", value=weight.import_s, unit="s", note=note)
