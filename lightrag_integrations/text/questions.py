"""Which entity keys a question may name: every run of words, every run of unspaced characters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lightrag_integrations.text.keys import normalise_name
from lightrag_integrations.text.scripts import MARKS, UNSPACED
from lightrag_integrations.text.words import FUNCTION_WORDS

__all__ = ["MAX_KEYS", "question_keys"]

MAX_KEYS = 2048
_MAX_QUESTION_CHARS = 4000
_MAX_WORDS = 8
_MAX_CHARS = 12
_WORD = re.compile(f"[^\\W_{UNSPACED}]+(?:[{MARKS}'’.+#-]+[^\\W_{UNSPACED}]+)*+[{MARKS}+#]*+")
_RUN = re.compile(f"[{UNSPACED}][{UNSPACED}{MARKS}·・‧0-9A-Za-z]*")


def question_keys(question: str, limit: int = MAX_KEYS) -> list[str]:
    """All keys that names in a question can have.

    Args:
        question: Any text; of a very long one only the beginning is read.
        limit: Most keys; those that begin first are kept.

    Returns:
        Normalised keys, longest first, each once.
    """
    keys: dict[str, None] = {}
    for surface in _candidates(question[:_MAX_QUESTION_CHARS]):
        keys[normalise_name(surface)] = None
        if len(keys) >= limit:
            break
    return sorted(keys, key=lambda key: (-len(key), key))


def _candidates(question: str) -> Iterator[str]:
    yield from _word_runs(question)
    yield from _character_runs(question)


def _word_runs(question: str) -> Iterator[str]:
    """Up to eight words in a row, as written; no function word alone."""
    words = [(match.start(), match.end()) for match in _WORD.finditer(question)]
    for first, (start, _) in enumerate(words):
        for last in range(first, min(first + _MAX_WORDS, len(words))):
            surface = question[start : words[last][1]]
            if last > first or surface.lower() not in FUNCTION_WORDS or (len(surface) > 1 and surface.isupper()):
                yield surface


def _character_runs(question: str) -> Iterator[str]:
    """Up to twelve characters in a row of scripts without spaces, two at least."""
    for match in _RUN.finditer(question):
        run = match.group()
        for start in range(len(run)):
            for end in range(start + 2, min(start + _MAX_CHARS, len(run)) + 1):
                yield run[start:end]
