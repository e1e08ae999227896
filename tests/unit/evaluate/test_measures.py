"""Measures and intervals against values worked out by hand or another way."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightrag_integrations.evaluate.bootstrap import intervals
from lightrag_integrations.evaluate.measures import measure_names, measures

KS = (2, 5)
Ranks = list[int | None]


def named(ranks: Ranks) -> dict[str, float]:
    return dict(zip(measure_names(KS), measures(ranks, KS), strict=True))


def test_by_hand() -> None:
    assert named([1, 4, None]) == {
        "recall@2": pytest.approx(1 / 3),
        "recall@5": pytest.approx(2 / 3),
        "all@2": 0.0,
        "all@5": 0.0,
        "hit@1": 1.0,
        "MRR": 1.0,
        "nDCG@2": pytest.approx(1 / (1 + 1 / math.log2(3))),
        "nDCG@5": pytest.approx((1 + 1 / math.log2(5)) / (1 + 1 / math.log2(3) + 1 / 2)),
    }
    assert set(named([None]).values()) == {0.0}
    assert set(named([1]).values()) == {1.0}
    late = named([3, 5])
    assert (late["all@2"], late["all@5"], late["hit@1"], late["MRR"]) == (0.0, 1.0, 0.0, pytest.approx(1 / 3))


@given(st.lists(st.one_of(st.none(), st.integers(1, 9)), min_size=1, max_size=6), st.integers(0, 5))
def test_finding_earlier_never_scores_less(ranks: Ranks, which: int) -> None:
    place = which % len(ranks)
    rank = ranks[place]
    earlier = [*ranks[:place], 9 if rank is None else max(1, rank - 1), *ranks[place + 1 :]]
    before, after = measures(ranks, KS), measures(earlier, KS)
    assert all(0 <= a <= b + 1e-12 <= 1 + 1e-9 for a, b in zip(before, after, strict=True))


def test_intervals_are_those_of_all_resamples() -> None:
    values = np.array([[0.0, 1.0, 1.0, 0.5]])
    every = [np.mean(draw) for draw in product(values[0], repeat=4)]
    low, high = intervals(values, resamples=40_000, seed=3)
    assert low[0] == pytest.approx(np.quantile(every, 0.025), abs=0.126)
    assert high[0] == pytest.approx(np.quantile(every, 0.975), abs=0.126)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    chance = np.random.default_rng(1)
    samples = (chance.random((400, 60)) < 0.6).astype(float)
    hits = 0
    for sample in samples:
        low, high = intervals(sample[None, :], resamples=400, seed=2)
        hits += low[0] <= 0.6 <= high[0]
    assert 0.90 <= hits / len(samples) <= 0.98


def test_paired_differences_are_narrower_and_equal_settings_have_none() -> None:
    chance = np.random.default_rng(5)
    hard = chance.random(200)
    one, other = hard, np.clip(hard + chance.normal(0.02, 0.01, 200), 0, 1)
    low, high = intervals(np.stack([one, other, other - one, one - one]), resamples=1000, seed=0)
    assert high[2] - low[2] < (high[0] - low[0]) / 5
    assert low[2] > 0, "a small steady gain is seen"
    assert (low[3], high[3]) == (0.0, 0.0)


def test_same_seed_same_bounds_whatever_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).random((3, 50))
    whole = intervals(values, resamples=300, seed=7)
    monkeypatch.setattr("lightrag_integrations.evaluate.bootstrap._BLOCK", 700)
    parts = intervals(values, resamples=300, seed=7)
    assert np.array_equal(whole, parts)
    assert not np.array_equal(whole, intervals(values, resamples=300, seed=8))
