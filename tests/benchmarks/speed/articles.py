"""Articles made up by one seed: any number, any length, names and words as unevenly spread as in an encyclopedia.

A passage has some 500 characters and ten names, among them its article's; words and names are drawn by power laws, so
that some are everywhere and new ones never cease to come. Nothing here means anything.
"""

import random
from collections.abc import Iterator
from itertools import accumulate

from lightrag_integrations import Chunk, Document

__all__ = ["Articles"]

_SYLLABLES = tuple(f"{a}{b}" for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "ar", "en", "il", "on"))
_FRAMES = (
    "{} {w} the {w} {w} of {} and was {w} {w} in {y}.",
    "The {w} {w} by {} {w} a {w} {w}, which {} {w} for its {w} {w}.",
    "In {y}, {} {w} with {w} of the {w} {} as {w} {w} {w} to a {w}.",
    "It was {w} {w} from the {w} at {}, where {w} {w} are {w}.",
    "{} {w} and {} {w} on {w} {w} that {w}; his {w} {w} is {}.",
)
_SENTENCES = 5
"""Of a passage: some 500 characters."""
_NAMES = 400_000
_WORDS = 60_000


class Articles:
    """A stream of articles; the same for the same seed."""

    def __init__(self, seed: int = 0, *, dimension: int = 0) -> None:
        """Draw the vocabulary.

        Args:
            seed: Another one, other articles.
            dimension: Of the vectors that chunks come with; 0: the handle splits the text, and nothing has a vector.
        """
        self._chance = random.Random(seed)
        self._dimension = dimension
        self._words = [self._word(2, 3) for _ in range(_WORDS)]
        self._word_sums = list(accumulate(1 / rank for rank in range(2, _WORDS + 2)))
        self._name_sums = list(accumulate(rank**-0.8 for rank in range(20, _NAMES + 20)))
        self._names: dict[int, str] = {}
        self._count = 0

    def documents(self, count: int, *, passages: int = 10) -> Iterator[Document]:
        """So many articles.

        Args:
            count: How many.
            passages: Of each.
        """
        for _ in range(count):
            self._count += 1
            name, title = f"article-{self._count:07}", self._new_name()
            texts = [self._passage(title) for _ in range(passages)]
            chunks = tuple(self._chunk(name, place, text) for place, text in enumerate(texts))
            yield Document(
                id=name,
                title=title,
                text="" if self._dimension else "\n\n".join(texts),
                metadata={"year": 1900 + self._count % 100},
                chunks=chunks if self._dimension else None,
            )

    def _chunk(self, document: str, place: int, text: str) -> Chunk:
        if not self._dimension:
            return Chunk(id="", document_id=document, text=text)
        vector = tuple(self._chance.gauss(0, 1) for _ in range(self._dimension))
        return Chunk(id=f"{document}#{place}", document_id=document, text=text, embedding=vector)

    def _passage(self, title: str) -> str:
        words = iter(self._chance.choices(self._words, cum_weights=self._word_sums, k=10 * _SENTENCES))
        names = iter([title, *(self._name() for _ in range(3 * _SENTENCES))])
        lines = []
        for frame in self._chance.choices(_FRAMES, k=_SENTENCES):
            parts = frame.split(" ")
            lines.append(" ".join(self._filled(part, words, names) for part in parts))
        return " ".join(lines)

    def _filled(self, part: str, words: Iterator[str], names: Iterator[str]) -> str:
        if "{" not in part:
            return part
        made = next(words) if "w" in part else str(self._chance.randrange(1700, 2020)) if "y" in part else next(names)
        return made + part[part.index("}") + 1 :]

    def _name(self) -> str:
        (place,) = self._chance.choices(range(_NAMES), cum_weights=self._name_sums)
        if place not in self._names:
            self._names[place] = self._new_name()
        return self._names[place]

    def _new_name(self) -> str:
        return " ".join(self._word(2, 3).title() for _ in range(self._chance.choice((1, 2, 2, 3))))

    def _word(self, low: int, high: int) -> str:
        return "".join(self._chance.choices(_SYLLABLES, k=self._chance.randint(low, high)))
