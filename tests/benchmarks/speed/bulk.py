"""Bulk ingestion without a model: characters a second by shape of the documents, and memory as the corpus grows.

Every figure is that of a process of its own with an embedded PostgreSQL of its own; documents are made up beforehand by
`articles` and given as a list, or for memory as a generator. A first small ingestion, which opens the handle and makes
the tables, is not counted; everything else is: splitting, names, facts, keyword index, graph, PostgreSQL's writes and
the folding of postings beside them. Vectors: none (`IngestOptions(embed=False)`), given with the chunks (384 numbers
each), or those of the default `HashEmbedder`. Memory is the growth of the process's peak (PostgreSQL's own not
included) over what it had before the first document.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lightrag_integrations import Document, IngestOptions, LightRAGIndex
from tests.benchmarks.speed.articles import Articles
from tests.benchmarks.speed.rows import Row, Setting

CHUNKS = 20_000
CHUNK_TOKENS = 200
"""Of articles' passages: each becomes a chunk of some 500 characters."""
DIMENSION = 384
SHAPES = ((10, "none"), (10, "given"), (10, "hash"), (1, "none"), (100, "none"), (20_000, "none"))
"""Passages of a document, and where vectors come from."""
TARGETS = {(10, "none"): 350_000, (10, "given"): 200_000}
MEMORY = (2_000, 100_000)
MOST_GROWTH_MB = 150


class Known:
    """The model that given vectors are of; nobody asks it."""

    fingerprint = "known/384"
    dimension = DIMENSION
    lexical = True

    async def embed(self, texts: Any, *, kind: str) -> list[list[float]]:
        raise AssertionError(f"asked for {len(texts)} vectors of a {kind}")


def measure(setting: Setting) -> Iterator[Row]:
    """Throughput of each shape, then memory of two sizes."""
    for passages, vectors in SHAPES:
        count = setting.of(CHUNKS)
        told = _child(setting, "speed", min(passages, count), count, vectors)
        target = TARGETS.get((passages, vectors))
        yield Row(
            part="bulk",
            what=f"documents of {_plural(min(passages, count))}, vectors: {vectors}",
            value=told["characters"] / told["seconds"],
            unit="characters/s",
            at_least=target,
            note=f"{told['chunks']:,} chunks in {told['seconds']:.1f} s; Python {told['cpu']:.1f} s of a core",
        )
    small, large = (_child(setting, "memory", 10, setting.of(size), "none") for size in MEMORY)
    yield Row(
        part="bulk",
        what=f"growth of peak memory from {small['chunks']:,} to {large['chunks']:,} chunks, as a stream",
        value=large["peak_mb"] - small["peak_mb"],
        unit="MB",
        at_most=MOST_GROWTH_MB,
        note=f"{small['peak_mb']:.0f} and {large['peak_mb']:.0f} MB; {large['seconds']:.0f} s",
    )


def _plural(passages: int) -> str:
    return "1 chunk" if passages == 1 else f"{passages:,} chunks"


def _child(setting: Setting, *what: object) -> dict[str, Any]:
    place = setting.scratch / "-".join(map(str, what))
    command = [sys.executable, "-m", __name__, str(place), *map(str, what)]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.getcwd()})
    made: dict[str, Any] = json.loads(answer.stdout)
    return made


def _run(place: Path, kind: str, passages: int, chunks: int, vectors: str) -> dict[str, Any]:
    given = vectors == "given"
    options = IngestOptions(chunk_tokens=CHUNK_TOKENS, embed=vectors != "none")
    made = Articles(dimension=DIMENSION if given else 0).documents(max(1, chunks // passages), passages=passages)
    with LightRAGIndex("bulk", database=place, embed_model=Known() if given else None) as index:
        index.ingest(
            [Document(id="first", text="Fram lies at Larvik.")], options=options.model_copy(update={"embed": False})
        )
        documents = made if kind == "memory" else list(made)
        before, cpu, start = _peak_mb(), time.process_time(), time.perf_counter()
        report = index.ingest(documents, options=options)
        seconds = time.perf_counter() - start
        assert report.failed == 0, report.errors
        told = {"seconds": seconds, "cpu": time.process_time() - cpu, "chunks": report.chunks, "before_mb": before}
        peak = _peak_mb()
        characters = sum(_length(one) for one in documents) if isinstance(documents, list) else 0
        index.drop()
    return {**told, "peak_mb": peak, "characters": characters}


def _length(document: Document) -> int:
    return len(document.text) + sum(len(chunk.text) for chunk in document.chunks or ())


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    place, kind, passages, chunks, vectors = sys.argv[1:]
    print(json.dumps(_run(Path(place), kind, int(passages), int(chunks), vectors)))
