"""A synthetic corpus of any size: Zipf's vocabulary, topics, names by a power law, vectors made from the words.

Document number n is the same in a corpus of any size, so an index can grow and be asked the same questions. Half of its
words come from the whole vocabulary (the r-th word 1/r as often as the first), half from those of its topic. It brings
two new names, its title one of them, and speaks of five known ones, the r-th known 1/r as often as the first: some
names are everywhere. Both new ones are told to be related to a known one.

A text's vector is the sum of its words' vectors, rare words weighing more, so texts of a topic lie together, questions
lie near the chunk that they were made of, and an approximate search has something to find: 48 dimensions that mean
something, turned into 384, and some noise.
"""

import zlib
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lightrag_integrations import Chunk, Document, ExtractedEntity, ExtractedRelation, Extraction

WORDS, TOPICS, TOPIC_WORDS, LENGTH = 50_000, 1_000, 300, 90
KNOWN, RELATED = 5, 2
DIMENSION, MEANT, NOISE = 384, 48, 0.3
TABLE, NOISES = 1 << 16, 1 << 12
SYLLABLES = tuple(f"{a}{b}" for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "ar", "en", "il", "on"))
VERBS = ("joined", "built", "sold", "met", "taught", "left", "won", "wrote", "paid", "named")


class Question(NamedTuple):
    """What is asked, and its vector."""

    text: str
    vector: tuple[float, ...]


class Words:
    """An `Embedder` whose vectors are made from the words of a text."""

    fingerprint = "words-384"

    def __init__(self) -> None:
        chance = np.random.default_rng(1)
        self._table = chance.standard_normal((TABLE, MEANT), np.float32)
        self._turned = chance.standard_normal((MEANT, DIMENSION), np.float32) / np.sqrt(MEANT)
        self._noise = chance.standard_normal((NOISES, DIMENSION), np.float32)
        self._weights = {word(rank): float(np.log(1 + rank)) for rank in range(1, WORDS + 1)}

    async def embed(self, texts: Sequence[str], *, kind: Literal["document", "query"]) -> list[list[float]]:
        return self.vectors(texts).tolist()

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit vector for each text."""
        split = [text.lower().replace(".", "").split() or [""] for text in texts]
        flat = [one for words in split for one in words]
        hashes = np.array([zlib.crc32(one.encode()) & (TABLE - 1) for one in flat])
        weights = np.array([self._weights.get(one, np.log(WORDS)) for one in flat], np.float32)
        begins = np.cumsum([0, *(len(words) for words in split[:-1])])
        meant = np.add.reduceat(self._table[hashes] * weights[:, None], begins) @ self._turned
        meant /= np.linalg.norm(meant, axis=1, keepdims=True)
        noise = self._noise[[zlib.crc32(text.encode()) & (NOISES - 1) for text in texts]]
        meant += NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
        return meant / np.linalg.norm(meant, axis=1, keepdims=True)


class Given:
    """An `Extractor` that knows what each document says."""

    fingerprint = "given"
    cacheable = False

    async def extract(self, chunk: Chunk) -> Extraction:
        names, verbs = _names(int(chunk.document_id[1:]))
        return Extraction(
            entities=[ExtractedEntity(name=name) for name in dict.fromkeys(names)],
            relations=[
                ExtractedRelation(source=one, target=other, keywords=[verb], description=f"{one} {verb} {other}.")
                for (one, other), verb in zip(_pairs(names), verbs, strict=True)
                if one != other
            ],
        )


def documents(first: int, last: int) -> Iterator[Document]:
    """Documents of these numbers, the last one left out; one chunk each."""
    for number in range(first, last):
        names, verbs = _names(number)
        told = [f"{one} {verb} {other}." for (one, other), verb in zip(_pairs(names), verbs, strict=True)]
        words = _words(number)
        more = [*told, *names[4:]]
        share = -(-len(words) // len(more))
        pieces = [f"{said} {' '.join(words[share * n : share * n + share])}." for n, said in enumerate(more)]
        yield Document(id=f"d{number}", title=names[0], text=" ".join(pieces))


def questions(count: int, among: int, words: Words) -> list[Question]:
    """Questions, each with two names and some words of a document below a number, and common words."""
    chance = np.random.default_rng(2)
    texts = []
    for number in chance.integers(among, size=count).tolist():
        names = _names(number)[0]
        own = [*dict.fromkeys(_words(number)[LENGTH // 2 :])][:5]
        common = [word(rank) for rank in _zipf(chance, 4, WORDS)]
        texts.append(" ".join([common[0], names[1], *own[:3], *common[1:], names[2], *own[3:]]))
    return [Question(text, tuple(vector)) for text, vector in zip(texts, words.vectors(texts).tolist(), strict=True)]


def word(number: int) -> str:
    """The word of this number; each is another one."""
    parts = [SYLLABLES[number % len(SYLLABLES)]]
    while number := number // len(SYLLABLES):
        parts.append(SYLLABLES[number % len(SYLLABLES)])
    return "".join(parts)


def _words(number: int) -> list[str]:
    chance = np.random.default_rng((3, number))
    half = LENGTH // 2
    topic = int(chance.integers(TOPICS))
    ranks = [
        *_zipf(chance, half, WORDS),
        *(1 + (topic * 7919 + 31 * rank) % WORDS for rank in _zipf(chance, half, TOPIC_WORDS)),
    ]
    return [word(rank) for rank in ranks]


def _names(number: int) -> tuple[list[str], list[str]]:
    """Two new names, those that were known, and how the first few are related."""
    chance = np.random.default_rng((4, number))
    new = [2 * number + 1, 2 * number + 2]
    known = _zipf(chance, KNOWN, 2 * number) if number else []
    verbs = [VERBS[place] for place in chance.integers(len(VERBS), size=RELATED).tolist()]
    return [_name(one) for one in (*new, *known, *([1] * (KNOWN - len(known))))], verbs


def _pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    return [(names[0], names[2]), (names[1], names[3])]


def _name(number: int) -> str:
    return f"{word(WORDS + number)} {word(number * 31 % WORDS)}".title()


def _zipf(chance: np.random.Generator, count: int, most: int) -> list[int]:
    """Ranks from 1 to `most`, the r-th about 1/r as often as the first."""
    return [max(1, min(most, round(float(rank)))) for rank in np.exp(chance.random(count) * np.log(most + 0.5))]
