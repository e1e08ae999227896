"""A data set grown by synthetic distractors, so that latency at size can be measured with the same questions.

A distractor has as many words, names and triples as some real passage. Its words are drawn by their frequency in the
real corpus, its relations by theirs, and its names by a power law (the r-th name 1/r as often as the first) from the
real names and as many new ones for each growth, shuffled: some names are everywhere, and real ones lie among the new.
Its title is a new name. Its vectors are random unit vectors near those of real texts. All drawn by one seed.
"""

import hashlib
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightrag_integrations import Document, ExtractedEntity, ExtractedRelation, Extraction
from tests.benchmarks.data import Data
from tests.benchmarks.minilm import MiniLM

SYLLABLES = tuple(f"{a}{b}" for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "ar", "en", "il", "on"))
NEARNESS = 0.8
"""Cosine, about, between a synthetic vector and the real one that it lies near."""


class Nearby:
    """MiniLM for texts it has seen; for others a vector near that of a real text, chosen by the text's hash."""

    fingerprint = "all-MiniLM-L6-v2/nearby"

    def __init__(self, real: MiniLM, texts: Sequence[str]) -> None:
        self._real = real
        self._texts = frozenset(texts)
        self._base: NDArray[np.float32] | None = None

    async def embed(self, texts: Sequence[str], *, kind: str) -> list[list[float]]:
        if kind == "query":
            return await self._real.embed(texts, kind=kind)
        if self._base is None:
            self._base = np.array(await self._real.embed(sorted(self._texts), kind=kind), np.float32)
        known = iter(await self._real.embed([text for text in texts if self._real.knows(text)], kind=kind))
        return [next(known) if self._real.knows(text) else self._near(text, self._base) for text in texts]

    def _near(self, text: str, base: NDArray[np.float32]) -> list[float]:
        chance = np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))
        noise = chance.standard_normal(base.shape[1], np.float32)
        away = np.sqrt(1 - NEARNESS**2) * noise / np.linalg.norm(noise)
        vector = NEARNESS * base[chance.integers(len(base))] + away
        return (vector / np.linalg.norm(vector)).tolist()


def grow(data: Data, times: int, *, seed: int = 0) -> Data:
    """The data with (times - 1) distractors for each of its documents."""
    chance = np.random.default_rng(seed)
    count = len(data.documents) * (times - 1)
    draws = _Draws(data, chance, count=count, times=times)
    documents, extractions = list(data.documents), dict(data.extractions)
    for number in range(count):
        like = data.documents[number % len(data.documents)]
        document, extraction = draws.one(f"s{number:06}", like, data.extractions[like.id])
        documents.append(document)
        extractions[document.id] = extraction
    return Data(documents, data.questions, extractions)


class _Draws:
    def __init__(self, data: Data, chance: np.random.Generator, *, count: int, times: int) -> None:
        self._chance = chance
        found = list(data.extractions.values())
        real = sorted({entity.name for extraction in found for entity in extraction.entities})
        new = [self._new_name() for _ in range(len(real) * (times - 1))]
        self._names = np.array([*real, *new], object)
        chance.shuffle(self._names)
        ranks = np.cumsum(1 / np.arange(1, len(self._names) + 1))
        self._name_sums = ranks / ranks[-1]
        words = list(chain.from_iterable(document.text.split() for document in data.documents))
        self._words = np.array(words, object)  # drawn evenly from all occurrences: by frequency
        verbs = [relation.keywords[0] for extraction in found for relation in extraction.relations]
        self._verbs = np.array(verbs, object)

    def one(self, name: str, like: Document, extraction: Extraction) -> tuple[Document, Extraction]:
        title = self._new_name()
        names = [title, *self._draw_names(max(1, len(extraction.entities)))]
        told = [
            (names[0] if first < 0.5 else names[source], verb, names[target])
            for first, source, verb, target in zip(
                self._chance.random(len(extraction.relations)),
                self._chance.integers(len(names), size=len(extraction.relations)),
                self._chance.choice(self._verbs, size=len(extraction.relations)),
                self._chance.integers(len(names), size=len(extraction.relations)),
                strict=True,
            )
        ]
        words = list(self._chance.choice(self._words, size=max(1, len(like.text.split()) - len(names))))
        text = " ".join(
            [*chain.from_iterable((entity, *words[place :: len(names)]) for place, entity in enumerate(names))]
        )
        relations = [
            ExtractedRelation(source=s, target=t, keywords=[verb], description=f"{s} {verb} {t}")
            for s, verb, t in told
            if s != t
        ]
        entities = [ExtractedEntity(name=entity) for entity in dict.fromkeys(names)]
        return Document(id=name, title=title, text=text), Extraction(entities=entities, relations=relations)

    def _draw_names(self, count: int) -> list[Any]:
        return list(self._names[np.searchsorted(self._name_sums, self._chance.random(count))])

    def _new_name(self) -> str:
        parts = self._chance.choice(SYLLABLES, size=5)
        return f"{''.join(parts[:3])} {''.join(parts[3:])}".title()
