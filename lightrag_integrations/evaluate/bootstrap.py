"""Percentile bootstrap over questions (Efron, 1979), all figures from the same resamples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["DIGITS", "intervals"]

_TAILS = (0.025, 0.975)
_BLOCK = 4_000_000
DIGITS = 12
"""Figures are given to so many: the rest is noise of the summing."""


def intervals(values: Floats, *, resamples: int, seed: int) -> tuple[Floats, Floats]:
    """Bounds of the 95 % interval of each row's mean.

    Give rows of differences between two settings for a paired comparison: a resample draws the same questions for all.

    Args:
        values: Figures by questions.
        resamples: How often questions are drawn with replacement, as many as there are.
        seed: Of the draws.

    Returns:
        Lower bounds and upper bounds.
    """
    questions = values.shape[1]
    chance = np.random.default_rng(seed)
    even = np.full(questions, 1 / questions)
    means = np.empty((resamples, values.shape[0]))
    block = max(1, _BLOCK // questions)
    for begin in range(0, resamples, block):
        drawn = chance.multinomial(questions, even, size=min(block, resamples - begin))
        means[begin : begin + len(drawn)] = drawn @ values.T / questions
    low, high = np.quantile(means, _TAILS, axis=0).round(DIGITS)
    return low, high
