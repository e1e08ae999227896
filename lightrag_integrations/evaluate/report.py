"""What an evaluation found. All frozen."""

from __future__ import annotations

from typing import Any

from lightrag_integrations.errors import InputError
from lightrag_integrations.evaluate.questions import EvaluationQuestion
from lightrag_integrations.evaluate.text import render
from lightrag_integrations.models import Frozen

__all__ = ["Answered", "Difference", "EvaluationReport", "Figure", "Found", "Latency", "Measured"]


class Figure(Frozen):
    """A mean over the questions with its 95 % interval."""

    value: float
    low: float
    high: float


class Difference(Frozen):
    """A setting's figure less the baseline's, over the same questions."""

    value: float
    low: float
    high: float
    better: int
    """Questions on which the setting did better than the baseline."""
    worse: int


class Latency(Frozen):
    """Time of one retrieval in milliseconds; the question was embedded before."""

    p50_ms: float
    p95_ms: float
    p99_ms: float


class Found(Frozen):
    """A hit, in short."""

    chunk_id: str
    document_id: str
    title: str = ""


class Answered(Frozen):
    """One question under one setting."""

    id: str
    """The question's."""
    ranks: dict[str, int | None]
    """Gold id to the place of its first hit, from 1; None: not found."""
    found: tuple[Found, ...]
    """The hits, best first."""
    latency_ms: float

    @property
    def missing(self) -> tuple[str, ...]:
        """Gold ids that were not found."""
        return tuple(gold_id for gold_id, rank in self.ranks.items() if rank is None)


class Measured(Frozen):
    """One setting over all questions."""

    name: str
    options: dict[str, Any]
    """Query options that are not the defaults."""
    figures: dict[str, Figure]
    """By measure: `recall@5`, `all@8`, `hit@1`, `MRR`, `nDCG@5`, …"""
    differences: dict[str, Difference]
    """To the baseline, by measure; empty for the baseline itself."""
    latency: Latency
    answers: tuple[Answered, ...]
    """In the order of the report's questions."""

    def misses(self) -> tuple[Answered, ...]:
        """Questions of which not all gold was found within the largest k."""
        return tuple(answered for answered in self.answers if answered.missing)


class EvaluationReport(Frozen):
    """Every setting over all questions.

    `k` counts hits, which are chunks. A gold document is found at its first chunk; further ones count nothing. MRR
    looks at the largest k only.
    """

    index: str
    embedding: str
    """The embedding model."""
    questions: tuple[EvaluationQuestion, ...]
    """Those measured."""
    unknown: dict[str, tuple[str, ...]]
    """Question id to its gold ids that the index does not hold. These questions are in no figure."""
    ks: tuple[int, ...]
    baseline: str
    seed: int
    resamples: int
    concurrency: int
    embedding_ms: float | None
    """Time to embed one question when all are embedded together; None: no setting needed it."""
    results: tuple[Measured, ...]

    @property
    def best(self) -> Measured:
        """The setting with the highest recall at the first k; of equal ones the first."""
        return max(self.results, key=lambda result: result.figures[f"recall@{self.ks[0]}"].value)

    def result(self, name: str) -> Measured:
        """A setting by name.

        Raises:
            InputError: There is none of this name.
        """
        named = {result.name: result for result in self.results}
        if name not in named:
            raise InputError(f"got setting {name!r}; expected one of {', '.join(named)}")
        return named[name]

    def misses(self, name: str | None = None) -> tuple[Answered, ...]:
        """Questions of which a setting did not find all gold within the largest k.

        Args:
            name: The setting's; None: the best one's.
        """
        return (self.best if name is None else self.result(name)).misses()

    def to_text(self) -> str:
        """Tables for people: figures with intervals, differences to the baseline, latency."""
        return render(self)

    def to_json(self) -> str:
        """Everything, as JSON."""
        return self.model_dump_json(indent=1)
