"""Hits in words: parts as percentages, sources, steps of a path. Text as it is; whoever shows it escapes it."""

from __future__ import annotations

from collections.abc import Iterator

from lightrag_integrations.models import FactView, Hit, PathStep, Seed

__all__ = ["fact_words", "per_cent", "score_parts", "seed_words", "shortened", "source_words", "step_words"]

_SIGNALS = (
    ("keyword", "matches the question's words"),
    ("vector", "is near the question in meaning"),
    ("name", "is named in the question"),
    ("fact", "is an end of a fact near the question"),
    ("local", "is an entity near the question"),
    ("global", "is an end of a relation near the question"),
)


def score_parts(hit: Hit) -> Iterator[tuple[str, float, float]]:
    """(name, part, share of the score) of each part that is not 0, largest first."""
    parts = {name: part for name, part in hit.evidence.parts.items() if part}
    total = sum(abs(part) for part in parts.values())
    for name, part in sorted(parts.items(), key=lambda item: -abs(item[1])):
        yield name, part, abs(part) / total


def per_cent(share: float) -> str:
    """A share as people read it."""
    return f"{share:.0%}" if share >= 0.01 or share <= 0 else "<1%"


def shortened(text: str, width: int) -> str:
    """One line of at most `width` characters, also of text without spaces."""
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 1].rstrip()}…"


def fact_words(fact: FactView) -> str:
    """What a fact states."""
    return fact.description or " ".join((fact.source, *fact.keywords[:1], fact.target))


def source_words(step: PathStep | FactView) -> str:
    """Where a text stands."""
    if not step.document_id:
        return ""
    return f"{step.document_id}, characters {step.start}–{step.end}" if step.end else step.document_id


def seed_words(seed: Seed) -> str:
    """What a seed is and how much of the hit's score began there."""
    return f"{seed.name} {signal_words(seed.signal)}: {per_cent(seed.part)}"


def signal_words(signal: str) -> str:
    """Why something is a seed."""
    return dict(_SIGNALS).get(signal, signal)


def step_words(step: PathStep) -> str:
    """What joins the two ends of a step; of a seed why it is one."""
    if step.kind == "seed":
        return signal_words(step.signal)
    if step.kind == "title":
        return "is the title of" if step.target_kind == "chunk" else "has the title"
    if step.kind == "mention":
        return "is named in" if step.target_kind == "chunk" else "names"
    return "fact"
