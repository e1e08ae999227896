"""Texts as hashed features in vectors of a fixed dimension, a whole batch at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lightrag_integrations.text.terms import term_hash, terms
from lightrag_integrations.text.words import FUNCTION_WORDS

__all__ = ["hashed_vectors"]

_BATCH_CHARS = 200_000
"""Texts are hashed in groups of about this size, which bounds the memory."""
_TEXT_CHARS = 100
"""What a text counts besides its length, for its row."""
_GRAM_SIZES = (3, 4)
_GRAM_WEIGHT = 0.1
_FUNCTION_WEIGHT = 0.1
"""Of function words and pairs with one; not zero, so that no text of words has a zero vector."""
_FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5)
_SPACE = ord(" ")
_ROW_SHIFT = 44
"""A feature is 44 bits of its hash below the number of its row."""


def hashed_vectors(texts: Sequence[str], dimension: int) -> NDArray[np.float32]:
    """Hash words, word pairs and character n-grams within words into signed buckets; damped counts, unit length.

    Args:
        texts: Any texts.
        dimension: Number of buckets.

    Returns:
        One row for each text; zero rows for texts without terms.
    """
    vectors = np.zeros((len(texts), dimension), dtype=np.float32)
    first, size = 0, 0
    for index, text in enumerate(texts):
        size += len(text) + _TEXT_CHARS
        if size >= _BATCH_CHARS or index == len(texts) - 1:
            vectors[first : index + 1] = _batch([terms(one) for one in texts[first : index + 1]], dimension)
            first, size = index + 1, 0
    return vectors


def _batch(lists: Sequence[Sequence[str]], dimension: int) -> NDArray[np.float64]:
    """Vectors of some texts, given as their terms."""
    shape = (len(lists), dimension)
    rows, hashes, weights = _words(lists)
    total = _accumulate(rows, hashes, weights, shape)
    # Pairs of neighbouring words tell texts apart better than the words do.
    pairs = (hashes[:-1] * np.uint64(_FACTORS[0])) ^ hashes[1:]
    pairs = (pairs ^ (pairs >> np.uint64(31))) * np.uint64(_FACTORS[1])
    within = rows[:-1] == rows[1:]
    total += _accumulate(rows[:-1][within], pairs[within], np.minimum(weights[:-1], weights[1:])[within], shape)
    joined = [" " + " ".join(words) + " " for words in lists]
    codes = np.frombuffer("".join(joined).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    owners = np.repeat(np.arange(len(lists)), [len(line) for line in joined])
    for size in _GRAM_SIZES:
        within_words, grams = _grams(codes, owners, size)
        total += _accumulate(within_words, grams, np.full(len(grams), _GRAM_WEIGHT), shape)
    lengths = np.linalg.norm(total, axis=1, keepdims=True)
    return total / np.where(lengths > 0, lengths, 1.0)


def _words(lists: Sequence[Sequence[str]]) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.float64]]:
    """(row, hash, weight) of each word, in order; a word is hashed once."""
    known: dict[str, tuple[int, float]] = {}
    for words in lists:
        for word in words:
            if word not in known:
                known[word] = (term_hash(word), _FUNCTION_WEIGHT if word in FUNCTION_WORDS else 1.0)
    counts = [len(words) for words in lists]
    found = [known[word] for words in lists for word in words]
    hashes = np.fromiter((one[0] for one in found), dtype=np.int64, count=len(found)).view(np.uint64)
    weights = np.fromiter((one[1] for one in found), dtype=np.float64, count=len(found))
    return np.repeat(np.arange(len(lists)), counts), hashes, weights


def _grams(
    codes: NDArray[np.uint64], owners: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """(row, hash) of each n-gram that lies within one word, its edges included."""
    count = len(codes) - size + 1
    if count <= 0:
        return owners[:0], codes[:0]
    hashes = np.full(count, size, dtype=np.uint64)
    inside = owners[:count] == owners[size - 1 :]
    for offset in range(size):
        window = codes[offset : offset + count]
        hashes = (hashes ^ window) * np.uint64(_FACTORS[offset])
        hashes ^= hashes >> np.uint64(29)
        if 0 < offset < size - 1:
            inside &= window != _SPACE
    return owners[:count][inside], hashes[inside]


def _accumulate(
    rows: NDArray[np.int64], hashes: NDArray[np.uint64], weights: NDArray[np.float64], shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Damped, weighted counts of the features of each row, added up in signed buckets."""
    keys = (rows.astype(np.uint64) << np.uint64(_ROW_SHIFT)) | (hashes >> np.uint64(64 - _ROW_SHIFT))
    features, places, counts = np.unique(keys, return_index=True, return_counts=True)
    values = (1.0 + np.log(counts)) * weights[places]
    values[(features & np.uint64(1)) == 1] *= -1.0
    buckets = (features >> np.uint64(_ROW_SHIFT)).astype(np.int64) * shape[1]
    buckets += ((features & np.uint64((1 << _ROW_SHIFT) - 1)) >> np.uint64(1)).astype(np.int64) % shape[1]
    sums = np.bincount(buckets, weights=values, minlength=shape[0] * shape[1])
    return sums.astype(np.float64, copy=False).reshape(shape)
