"""The terms of keyword search: words; in scripts without spaces, characters and their pairs."""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata
from collections import Counter

from lightrag_integrations.text.scripts import MARKS, UNSPACED

__all__ = ["term_hash", "term_hashes", "terms"]

_ASCII = re.compile("[a-z0-9]+")
_TOKEN = re.compile(f"([{UNSPACED}][{UNSPACED}{MARKS}]*)|[^\\W_{UNSPACED}]+(?:[{MARKS}]+[^\\W_{UNSPACED}]*)*")
_CLUSTER = re.compile(f"[^{MARKS}][{MARKS}]*|[{MARKS}]+")


def terms(text: str) -> list[str]:
    """The terms of a text, in order, repeated as often as they occur.

    Compatibility forms and case are folded; combining marks belong to their word. No stop list and no stemming:
    neither helped retrieval. A run of an unspaced script gives each character and each pair of neighbours.

    Args:
        text: Any text.

    Returns:
        Terms.
    """
    if text.isascii():
        return _ASCII.findall(text.lower())
    folded = unicodedata.normalize("NFKC", text).casefold()
    found: list[str] = []
    for match in _TOKEN.finditer(folded):
        run = match.group(1)
        if run is None:
            found.append(match.group())
            continue
        characters = _CLUSTER.findall(run)
        found.extend(characters)
        found.extend(a + b for a, b in itertools.pairwise(characters))
    return found


def term_hash(term: str) -> int:
    """A signed 64-bit number for a term, the same in every process and on every machine."""
    data = term.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big", signed=True)


def term_hashes(text: str) -> dict[int, int]:
    """Term hash to count, in order of first occurrence."""
    return {term_hash(term): count for term, count in Counter(terms(text)).items()}
