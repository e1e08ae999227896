"""Faults that the double makes when asked to."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

Trouble = Literal[
    "status",  # an HTTP error: `status`, `retry_after`, `message`
    "unsupported",  # 400 for one `format` of structured output
    "malformed",  # JSON with a quote and a brace missing, and prose behind
    "truncated",  # cut in the middle, finish_reason "length"
    "prose",  # words where JSON was asked for
    "other_shape",  # JSON of another shape than the schema asked for
    "refusal",  # no text, but a reason for refusing
    "empty",  # no text
    "slow",  # answers after `seconds`
    "reset",  # the connection is cut before the answer; a stream: after its first piece
    "no_usage",  # does not tell tokens
    "unordered",  # embeddings: last one first; `index` tells
    "short",  # embeddings: one vector too few
    "nan",  # embeddings: a vector of NaN
    "wrong_size",  # embeddings: the last vector one number too long
    "body",  # status 200 and `message` as the whole body
]


@dataclass
class Fault:
    """One rule. It strikes calls of `path` and `kind` whose input holds `match`: the first `first` of them, or a share
    `rate`, drawn from the prompt and how often it was seen, so that runs are repeatable and a retry is a new draw."""

    trouble: Trouble
    path: str = ""
    kind: str = ""
    match: str = ""
    first: int | None = None
    rate: float = 1.0
    status: int = 429
    message: str = "made to fail"
    retry_after: float | None = None
    format: str = "json_schema"
    seconds: float = 30.0
    hits: int = 0
    _seen: Counter[str] = field(default_factory=Counter)

    def strikes(self, *, path: str, kind: str, said: str, format: str) -> bool:
        if (self.path and self.path != path) or (self.kind and self.kind != kind) or self.match not in said:
            return False
        if self.trouble == "unsupported" and self.format != format:
            return False
        if self.first is not None and self.hits >= self.first:
            return False
        if self.rate < 1.0 and self._draw(said) >= self.rate:
            return False
        self.hits += 1
        return True

    def _draw(self, said: str) -> float:
        self._seen[said] += 1
        digest = hashlib.blake2b(
            f"{self.trouble}|{self.status}|{self._seen[said]}|{said}".encode(), digest_size=8
        ).digest()
        return int.from_bytes(digest, "big") / 2**64


def spoiled(text: str, trouble: Trouble) -> str:
    if trouble == "malformed":
        return text.replace("}", "", 1).replace('"', "", 1) + "\n\nHope this helps! {"
    if trouble == "truncated":
        return text[: max(1, len(text) * 2 // 3)]
    if trouble == "prose":
        return "I am sorry, but I could not find anything useful in this text."
    if trouble == "other_shape":
        return '{"summary": "A text about several things.", "topics": "history", "confidence": 0.9}'
    return "" if trouble in ("empty", "refusal") else text


def bent(vectors: list[list[float]], fault: Fault | None) -> list[list[float]]:
    trouble = fault.trouble if fault is not None else ""
    if trouble == "short":
        return vectors[:-1]
    if trouble == "nan":
        return [[float("nan")] * len(vectors[0]), *vectors[1:]]
    return [*vectors[:-1], [*vectors[-1], 1.0]] if trouble == "wrong_size" else vectors
