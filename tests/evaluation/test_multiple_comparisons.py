"""Intervals of the differences to the best of many points, by simulation."""

import math
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import t, ttest_rel

from deeplab.evaluation.multiple_comparisons import corrected_interval

SWEEPS = 300


def test_an_interval_of_two_points_is_that_of_the_paired_test() -> None:
    ours, theirs = np.random.default_rng(0).random((2, 6))
    found = corrected_interval((ours - theirs).tolist(), 2)
    expected = ttest_rel(ours, theirs).confidence_interval(0.95)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_of_many_points_it_leaves_out_0_where_bonferroni_rejects() -> None:
    """Of every pair of points that is compared: p < 0.05 / pairs, of SciPy's paired test."""
    scores = np.random.default_rng(4).normal(np.linspace(0, 12, 6)[:, None], 1, (6, 5))
    pairs = list(combinations(range(6), 2))
    found = [corrected_interval((scores[one] - scores[two]).tolist(), 6) for one, two in pairs]
    rejected = [ttest_rel(scores[one], scores[two]).pvalue < 0.05 / len(pairs) for one, two in pairs]
    assert 0 < sum(rejected) < len(pairs)
    assert [each is not None and not each.low <= 0 <= each.high for each in found] == rejected


@pytest.mark.parametrize(("points", "seeds"), [(2, 3), (6, 3), (6, 10), (20, 5)])
@pytest.mark.parametrize("spread", [1.0, 30.0])
def test_all_intervals_of_a_sweep_hold_together_though_the_best_is_chosen_by_its_scores(
    points: int, seeds: int, spread: float
) -> None:
    rng = np.random.default_rng(points * seeds)
    deviations = np.geomspace(1, spread, points)[:, None]
    held = held_by_t = 0
    for _ in range(SWEEPS):
        scores = rng.normal(size=(points, seeds)) * deviations + rng.normal(size=seeds)  # no point is better
        best = scores.mean(1).argmax()
        rest = np.delete(scores, best, axis=0) - scores[best]
        found = [corrected_interval(differences.tolist(), points) for differences in rest]
        held += all(each is not None and each.low <= 0 <= each.high for each in found)
        half = t.ppf(0.975, seeds - 1) * rest.std(1, ddof=1) / math.sqrt(seeds)
        held_by_t += bool((np.abs(rest.mean(1)) <= half).all())
    allowed = 3 * math.sqrt(0.95 * 0.05 / SWEEPS)  # three standard errors of a simulation of 95 %
    assert held / SWEEPS > 0.95 - allowed
    if points > 2:
        assert held_by_t / SWEEPS < 0.95 - allowed


def test_what_says_nothing() -> None:
    assert corrected_interval([0.1], 3) is corrected_interval([0.1, math.nan, 0.2], 3) is None
    found = corrected_interval([0.0, 0.0], 30)
    assert found is not None
    assert (found.low, found.high) == (0, 0)
    with pytest.raises(ValueError, match="at least two points"):
        corrected_interval([0.1, 0.2], 1)
