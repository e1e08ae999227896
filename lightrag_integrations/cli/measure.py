"""Asks every question in every mode and counts which of the articles that it takes were found."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

from lightrag_integrations import Hit, LightRAGIndex

__all__ = ["MODES", "Row", "Trial", "compare", "missed", "read_questions", "shown_in_full", "trials"]

MODES = ("keyword", "vector", "local", "global", "hybrid", "graph", "mix")


@dataclass(frozen=True, slots=True)
class Trial:
    """One question in one mode."""

    id: str
    question: str
    answer: str
    gold: tuple[str, ...]
    mode: str
    hits: tuple[Hit, ...]
    seconds: float

    @property
    def missing(self) -> tuple[str, ...]:
        """Gold articles that are not among the hits."""
        found = {hit.document_id for hit in self.hits}
        return tuple(document_id for document_id in self.gold if document_id not in found)

    def as_json(self) -> dict[str, Any]:
        """What a program may want to know of it."""
        found = [hit.document_id for hit in self.hits]
        asked = {"id": self.id, "question": self.question, "answer": self.answer, "gold": self.gold}
        return {**asked, "mode": self.mode, "found": found, "missing": self.missing}


@dataclass(frozen=True, slots=True)
class Row:
    """One mode over all questions."""

    mode: str
    recall: float
    """Mean over the questions of the share of gold articles found."""
    complete: int
    """Questions for which all were found."""
    milliseconds: float
    """Mean time of one retrieval."""

    def as_json(self) -> dict[str, Any]:
        """What a program may want to know of it."""
        figures = {"recall": round(self.recall, 4), "complete": self.complete}
        return {"mode": self.mode, **figures, "ms": round(self.milliseconds, 2)}


def read_questions(text: str) -> list[dict[str, Any]]:
    """Questions from JSON Lines, each with `id`, `question`, `answer` and the ids of the articles it takes, `gold`."""
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def trials(
    index: LightRAGIndex, questions: Sequence[dict[str, Any]], *, k: int, show_progress: bool = False
) -> list[Trial]:
    """Ask every question in every mode.

    Args:
        index: The index that holds the articles.
        questions: See `read_questions`.
        k: Hits for each question.
        show_progress: Draw a progress bar on standard error.
    """
    work = [(mode, asked) for mode in MODES for asked in questions]
    index.retrieve(
        questions[0]["question"], mode="mix", k=k
    )  # the first call opens connections; keep it out of the times
    return [
        _trial(index, asked, mode=mode, k=k)
        for mode, asked in tqdm(work, desc="questions", unit="question", disable=not show_progress)
    ]


def compare(results: Sequence[Trial]) -> list[Row]:
    """Figures for each mode, in the order of `MODES`."""
    return [_row(mode, [trial for trial in results if trial.mode == mode]) for mode in MODES]


def missed(results: Sequence[Trial], mode: str) -> list[Trial]:
    """Questions for which a mode did not find all gold articles."""
    return [trial for trial in results if trial.mode == mode and trial.missing]


def shown_in_full(results: Sequence[Trial], count: int) -> list[Trial]:
    """Answers of `mix` worth showing: first those complete where `keyword` was not, then the others."""
    lacking = {trial.id for trial in missed(results, "keyword")}
    good = [trial for trial in results if trial.mode == "mix" and not trial.missing]
    return sorted(good, key=lambda trial: trial.id not in lacking)[:count]


def _trial(index: LightRAGIndex, asked: dict[str, Any], *, mode: str, k: int) -> Trial:
    started = time.perf_counter()
    hits = index.retrieve(asked["question"], mode=mode, k=k, explain=mode == "mix").hits
    seconds = time.perf_counter() - started
    gold = tuple(asked["gold"])
    return Trial(asked["id"], asked["question"], asked["answer"], gold, mode, hits, seconds)


def _row(mode: str, own: Sequence[Trial]) -> Row:
    shares = [1 - len(trial.missing) / len(trial.gold) for trial in own]
    complete = sum(not trial.missing for trial in own)
    return Row(mode, sum(shares) / len(own), complete, 1000 * sum(trial.seconds for trial in own) / len(own))
