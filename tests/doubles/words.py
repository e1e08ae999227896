"""What the double understands of text: tokens, sentences, names, overlap, vectors. Deterministic, no model."""

import hashlib
import math
import re
from collections import Counter

STOP = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be by did do does for from had has have he her his how in is it its of on or she that the "
        "their they this to was were what when where which who whom whose why will with you your we our i",
    )
)
_NAME = re.compile(r"[A-ZÀ-Þ][\w'’-]*(?:\s+(?:(?:of|the|de|van|von)\s+)?[A-ZÀ-Þ0-9][\w'’-]*)*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


def tokens(text: str) -> int:
    return len(re.findall(r"\w+|[^\w\s]", text))


def words(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text.lower()) if word not in STOP]


def sentences(text: str) -> list[str]:
    return [part.strip() for part in _SENTENCE.split(text) if part.strip()]


def names(sentence: str) -> list[str]:
    found = []
    for match in _NAME.finditer(sentence):
        parts = match[0].split()
        while parts and parts[0].lower() in STOP:
            parts = parts[1:]
        name = re.sub(r"['’]s$", "", " ".join(parts))
        if len(name) > 1 and name not in found:
            found.append(name)
    return found


def overlap(question: str, text: str) -> float:
    asked = Counter(words(question))
    there = set(words(text))
    return sum(1 for word in asked if word in there) / max(1, len(asked))


def vector(text: str, dimension: int) -> list[float]:
    """Hashed words and character trigrams: alike texts get alike vectors."""
    sums = [0.0] * dimension
    features = Counter(words(text))
    features.update(f"#{word[i : i + 3]}" for word in words(text) for i in range(max(1, len(word) - 2)))
    for feature, count in features.items():
        digest = int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "big")
        weight = (0.25 if feature.startswith("#") else 1.0) * math.sqrt(count)
        sums[digest % dimension] += weight if digest >> 63 else -weight
    norm = math.sqrt(sum(x * x for x in sums))
    return [x / norm for x in sums] if norm else sums
