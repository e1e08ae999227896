"""What a filter costs: latency of each mode without a filter and under broad, middling and narrow ones.

    python -m tests.benchmarks.filtered [--chunks 20000] [--questions 60] [--modes mix] [--database PLACE]

The corpus is made up: words by a power law, names by another, a title and five facts for each chunk, vectors random.
Latency is one retrieval's, database included, one question at a time, the filters taking turns.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from lightrag_integrations import Chunk, Document, ExtractedEntity, ExtractedRelation, Extraction, LightRAGIndex

DIMENSION = 256
BATCH = 2000
FILTERS: tuple[tuple[str, dict[str, Any] | None], ...] = (
    ("none", None),
    ("3/4 of the chunks", {"part": {"$lt": 3}}),
    ("1/4 of the chunks", {"part": 0}),
    ("1/200 of the chunks", {"tenant": 7}),
)


class RandomVectors:
    """A vector for each text by its hash: what is near to what says nothing, what it costs does."""

    fingerprint = f"random/{DIMENSION}"

    async def embed(self, texts: Sequence[str], *, kind: str) -> list[list[float]]:
        return [np.random.default_rng(_seed(text)).standard_normal(DIMENSION).tolist() for text in texts]


def _seed(text: str) -> int:
    return int.from_bytes(text.encode()[-16:], "big")


class Made:
    """Draws documents and questions."""

    def __init__(self, chunks: int, seed: int = 0) -> None:
        self._chance = np.random.default_rng(seed)
        self._words = [f"word{number}" for number in range(20_000)]
        self._names = [f"Name{number} Of{number % 97}" for number in range(max(chunks, 1000))]

    def document(self, number: int) -> Document:
        names = list(dict.fromkeys([self._names[number % len(self._names)], *self._draw(self._names, 7)]))
        words = self._draw(self._words, 70)
        text = " ".join(word for pair in zip(words, [*names, *words[len(names) :]], strict=True) for word in pair)
        extraction = Extraction(
            entities=[ExtractedEntity(name=name, description=f"{name} of {number}") for name in names],
            relations=[
                ExtractedRelation(source=a, target=b, keywords=["met"], description=f"{a} met {b} in {number}")
                for a, b in pairwise(names[:6])
            ],
        )
        name = f"d{number:06}"
        chunk = Chunk(id=name, document_id=name, title=names[0], text=text, end=len(text), extraction=extraction)
        metadata = {"part": number % 4, "tenant": number % 200}
        return Document(id=name, title=names[0], text=text, metadata=metadata, chunks=(chunk,))

    def question(self) -> str:
        first, second = self._draw(self._names, 2)
        return f"What did {first} and {second} do with {' '.join(self._draw(self._words, 3))}?"

    def _draw(self, among: Sequence[str], count: int) -> list[str]:
        places = np.minimum(len(among) ** self._chance.random(count), len(among) - 1)
        return [among[int(place)] for place in places]


def fill(index: LightRAGIndex, made: Made, chunks: int) -> None:
    have = index.status().chunks
    for start in range(have, chunks, BATCH):
        begun = time.perf_counter()
        index.ingest([made.document(number) for number in range(start, min(start + BATCH, chunks))]).raise_if_failed()
        print(f"  {start + BATCH} chunks, {time.perf_counter() - begun:.1f} s for the last {BATCH}", flush=True)


def measure(index: LightRAGIndex, questions: Sequence[str], mode: str) -> None:
    taken: dict[str, list[float]] = {name: [] for name, _ in FILTERS}
    for number, question in enumerate(questions):
        for name, where in FILTERS:
            begun = time.perf_counter()
            index.retrieve(question, mode=mode, k=10, filter=where)
            if number >= 3:  # the first ones warm up
                taken[name].append(1000 * (time.perf_counter() - begun))
    plain = float(np.median(taken["none"]))
    for name, times in taken.items():
        middle, late = np.percentile(times, [50, 95])
        print(f"  {mode:8} {name:20} p50 {middle:7.1f} ms  p95 {late:7.1f} ms  {middle / plain:5.2f} x", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chunks", type=int, default=20_000)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--modes", nargs="+", default=["mix"])
    parser.add_argument("--database", default=None, help="a folder or a connection string; kept")
    chosen = parser.parse_args()
    made = Made(chosen.chunks)
    with tempfile.TemporaryDirectory() as folder:
        place = chosen.database or folder
        with LightRAGIndex("filtered", database=place, embed_model=RandomVectors()) as index:
            fill(index, made, chosen.chunks)
            questions = [made.question() for _ in range(chosen.questions + 3)]
            for mode in chosen.modes:
                measure(index, questions, mode)


if __name__ == "__main__":
    main()
