"""From answers to figures with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from lightrag_integrations.evaluate.bootstrap import DIGITS, intervals
from lightrag_integrations.evaluate.measures import measure_names, measures
from lightrag_integrations.evaluate.report import Answered, Difference, Figure, Latency, Measured
from lightrag_integrations.evaluate.settings import Plan, Setting

__all__ = ["measured"]


def measured(
    answers: Mapping[str, tuple[Setting, Sequence[Answered]]], baseline: str, plan: Plan
) -> tuple[Measured, ...]:
    """Figures, and differences to the baseline, of each setting.

    Args:
        answers: Setting's name to the setting and its answers, in the same order of questions for all.
        baseline: A setting's name.
        plan: ks, resamples and seed.
    """
    names = measure_names(plan.ks)
    values = np.array([[measures(list(a.ranks.values()), plan.ks) for a in given] for _, given in answers.values()])
    values = values.transpose(0, 2, 1)  # settings, measures, questions
    apart = values - values[list(answers).index(baseline)]
    both = np.stack([values, apart])
    bounds = intervals(both.reshape(-1, both.shape[-1]), resamples=plan.resamples, seed=plan.seed)
    low, high = (bound.reshape(both.shape[:-1]) for bound in bounds)
    means = both.mean(axis=-1).round(DIGITS)

    def one(place: int, setting: Setting, given: Sequence[Answered]) -> Measured:
        rows = [_Row(*(part[which, place].tolist() for part in (means, low, high))) for which in (0, 1)]
        return Measured(
            name=setting.name,
            options={"mode": setting.options.mode, **_changed(setting)},
            figures={name: Figure(**rows[0].at(m)) for m, name in enumerate(names)},
            differences={}
            if setting.name == baseline
            else {
                name: Difference(
                    **rows[1].at(m), better=int((apart[place, m] > 0).sum()), worse=int((apart[place, m] < 0).sum())
                )
                for m, name in enumerate(names)
            },
            latency=_latency(given),
            answers=tuple(given),
        )

    return tuple(one(place, setting, given) for place, (setting, given) in enumerate(answers.values()))


class _Row(NamedTuple):
    """Means and bounds of one setting, by measure."""

    value: list[float]
    low: list[float]
    high: list[float]

    def at(self, measure: int) -> dict[str, float]:
        return {"value": self.value[measure], "low": self.low[measure], "high": self.high[measure]}


def _changed(setting: Setting) -> dict[str, object]:
    return setting.options.model_dump(mode="json", exclude_defaults=True, exclude={"k", "query_embedding"})


def _latency(answers: Sequence[Answered]) -> Latency:
    p50, p95, p99 = np.percentile([answered.latency_ms for answered in answers], (50, 95, 99)).tolist()
    return Latency(p50_ms=p50, p95_ms=p95, p99_ms=p99)
