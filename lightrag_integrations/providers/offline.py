"""An embedder that needs no model and no download."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from lightrag_integrations.breath import step_aside
from lightrag_integrations.errors import InputError
from lightrag_integrations.text.hashing import hashed_vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["HashEmbedder", "hash_dimension"]

_FINGERPRINT = "hash/1/"
_SMALL = 8_000
"""Characters hashed in one go: others on the loop go between."""


class HashEmbedder:
    """Hashed words and character n-grams: similar wording gives similar vectors, nothing more.

    For offline use of `vector` mode and of interfaces that want vectors. `mix` leaves it out, as keyword search
    knows the same and more. The same text gives the same vector in every process.
    """

    lexical = True

    def __init__(self, dimension: int = 1024) -> None:
        """Choose the dimension.

        Args:
            dimension: Length of the vectors, 16 at least.

        Raises:
            InputError: The dimension is too small.
        """
        if dimension < 16:
            raise InputError(f"dimension is {dimension}, but hashed vectors need 16 or more; 1024 is a good choice")
        self.dimension = dimension
        self.fingerprint = f"{_FINGERPRINT}{dimension}"

    async def embed(
        self, texts: Sequence[str], *, kind: Literal["document", "query"]
    ) -> Sequence[Sequence[float]]:  # fmt: skip
        """One unit vector for each text; zero for a text without words.

        Args:
            texts: Any texts.
            kind: Makes no difference here.

        Returns:
            Vectors in order.
        """
        vectors: list[list[float]] = []
        for part in _parts(texts):
            if vectors:
                await step_aside()
            vectors += self.vectors(part).tolist()
        return vectors

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The same as one array, a row for each text."""
        return hashed_vectors(texts, self.dimension)


def hash_dimension(fingerprint: str) -> int | None:
    """The dimension of a `HashEmbedder`, by its fingerprint; None: it is another model's."""
    told = fingerprint.removeprefix(_FINGERPRINT)
    return int(told) if told != fingerprint and told.isdecimal() else None


def _parts(texts: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for text in texts:
        if part and size + len(text) > _SMALL:
            yield part
            part, size = [], 0
        part.append(text)
        size += len(text)
    if part:
        yield part
