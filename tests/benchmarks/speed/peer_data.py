"""What all peers are given: short chunks with vectors for the stores, documents of one chunk for the model."""

import json
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.grow import SYLLABLES
from tests.benchmarks.speed.ingestion_data import documents
from tests.doubles.words import names

DIMENSION = 384
_WORDS = 75
"""Of a chunk: about 500 characters."""
_TOPICS = 200
_NEARNESS = 0.8
"""Cosine, about, between a vector and the middle of its topic, and between a question's and its chunk's."""


def write_chunks(folder: Path, *, count: int, questions: int) -> None:
    """Chunks of words drawn by a power law, with two or three names each, and vectors around topics."""
    folder.mkdir()
    draw = np.random.default_rng(0)
    vocabulary = ["".join(draw.choice(SYLLABLES, size=2 + place % 2)) for place in range(20_000)]
    people = [f"{a} {b}".title() for a, b in (draw.choice(vocabulary, size=2) for _ in range(max(count // 2, 10)))]
    middles = _unit(draw.standard_normal((_TOPICS, DIMENSION), np.float32))
    vectors = _near(middles[draw.integers(_TOPICS, size=count)], draw)
    texts = [_text(draw, vocabulary, people) for _ in range(count)]
    _write(folder / "chunks.jsonl", map(_chunk, range(count), texts))
    chosen = draw.choice(count, size=questions, replace=count < questions)
    asked = ({"id": f"q{number}", "text": _question(texts[place])} for number, place in enumerate(chosen))
    _write(folder / "questions.jsonl", asked)
    np.save(folder / "vectors.npy", vectors)
    np.save(folder / "question_vectors.npy", _near(vectors[chosen], draw))


def write_documents(folder: Path, *, count: int, warm: int, questions: int) -> None:
    """Documents of about 1,000 tokens and 38 names, some before them to warm up, and questions about two names each."""
    folder.mkdir()
    told = documents(count, seed=1)
    _write(folder / "documents.jsonl", ({"id": one.id, "text": one.text} for one in told))
    _write(folder / "warm.jsonl", ({"id": one.id, "text": one.text} for one in documents(warm, seed=2)))
    asked = [_asked(told[number % count].text, number // count) for number in range(questions + questions // 6)]
    _write(folder / "questions.jsonl", asked[:questions])
    _write(folder / "warm_questions.jsonl", asked[questions:])


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _chunk(place: int, text: str) -> dict[str, Any]:
    metadata = {"kind": f"kind {place % 7}", "year": 1900 + place % 120}
    return {"id": str(uuid.UUID(int=place)), "text": text, "metadata": metadata}


def _text(draw: np.random.Generator, vocabulary: list[str], people: list[str]) -> str:
    words = [vocabulary[place] for place in _ranks(draw, len(vocabulary), _WORDS)]
    for number, place in enumerate(_ranks(draw, len(people), 3)):
        words[number * 25 + 3] = people[place]
        words[number * 25] = words[number * 25].title()
        words[number * 25 + 24] += "."
    return " ".join(words)


def _ranks(draw: np.random.Generator, most: int, count: int) -> list[int]:
    """Places of which the r-th comes 1/r as often as the first."""
    return (np.exp(draw.random(count) * np.log(most)) - 1).astype(int).tolist()


def _question(text: str) -> str:
    words = text.replace(".", "").split()
    return f"What did {' '.join(words[3:5])} and the {words[10]} do with {words[40]} and {words[60]}?"


def _asked(text: str, turn: int) -> dict[str, str]:
    there = names(text)
    one, other = (there[(2 * turn + place) % len(there)] for place in (1, 4))
    return {"text": f"What have {one} and {other} to do with the council?"}


def _near(middles: Any, draw: np.random.Generator) -> Any:
    noise = _unit(draw.standard_normal(middles.shape, np.float32))
    return _unit(_NEARNESS * middles + np.sqrt(1 - _NEARNESS**2).astype(np.float32) * noise)


def _unit(rows: Any) -> Any:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
