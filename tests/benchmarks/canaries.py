"""Looks for words of hidden documents in whatever filtered queries show.

    python -m tests.benchmarks.canaries [--queries 10000] [--documents 24] [--seed 0] [--database PLACE]

What is asked, and through what, is in `tests/integration/tenants`: all modes with context, explanation, page and
prompts, the graph, stored chunks, both frameworks' retrievers, vector stores and tools; a random filter for each query,
and another index on the same database. A quarter of the queries goes to an index of words only, a quarter to one with
vectors, a quarter through vector indexes, a quarter through the form that filters take which leave many chunks.
"""

import argparse
import sys
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path
from unittest.mock import patch

from lightrag_integrations import LightRAGIndex
from lightrag_integrations.storage.embedded import EmbeddedServer
from lightrag_integrations.storage.postgres import reads
from tests.doubles.openai_server import OpenAIServer
from tests.integration.tenants.indexes import WordVectors, ask, by_vector_index, fill, model
from tests.integration.tenants.making import Tenants

MEANS = ("words", "vectors", "vector index", "flags")
ROUND = 500
"""Queries to one set of documents."""


def run(dsn: str, means: str, *, documents: int, seed: int, times: int) -> tuple[Counter[str], list[str], int]:
    """One set of documents, asked so many times."""
    made, other = Tenants(seed, documents), Tenants(seed + 500, documents // 3)
    embedder = None if means == "words" else WordVectors()
    name = f"canaries {uuid.uuid4().hex[:8]}"
    with (
        OpenAIServer() as server,
        LightRAGIndex(name, database=dsn, llm=model(server), embed_model=embedder) as index,
        LightRAGIndex(name.upper(), database=dsn, embed_model=embedder) as beside,
        patch.object(reads, "_FEW", 1 if means == "flags" else reads._FEW),
    ):
        fill(index, made, seed)
        fill(beside, other, seed)
        if means == "vector index":
            by_vector_index(index, dsn)
        found = ask(index, server, made, others=[other], seed=seed, times=times)
        index.drop()
        beside.drop()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--documents", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0, help="of the first set of documents")
    parser.add_argument("--means", nargs="+", default=MEANS, choices=MEANS)
    parser.add_argument("--database", default=None, help="a connection string; by default a server of its own")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lr", dir="/tmp") as home:
        Path(home).chmod(0o755)
        server = None if chosen.database else EmbeddedServer(Path(home) / "db")
        dsn = server.start() if server else chosen.database
        try:
            return look(dsn, chosen)
        finally:
            if server:
                server.stop()


def look(dsn: str, chosen: argparse.Namespace) -> int:
    total: Counter[str] = Counter()
    leaks: list[str] = []
    shown, seed, begun = 0, chosen.seed, time.perf_counter()
    while total.total() < chosen.queries:
        means = chosen.means[seed % len(chosen.means)]
        times = min(ROUND, chosen.queries - total.total())
        asked, leaked, held = run(dsn, means, documents=chosen.documents, seed=seed, times=times)
        total, seed, shown = total + asked, seed + 1, shown + held
        leaks += leaked
        taken = time.perf_counter() - begun
        print(f"  {total.total()} queries, {len(leaks)} leaks, {taken:.0f} s, the last by {means}", flush=True)
    for what, count in sorted(total.items()):
        print(f"  {count:6} {what}")
    print(f"{total.total()} queries showed {shown} canaries that may be seen; of hidden ones: {len(leaks)}")
    print("\n".join(leaks[:50]))
    return 1 if leaks else 0


if __name__ == "__main__":
    sys.exit(main())
