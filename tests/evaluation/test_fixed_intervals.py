"""Welch's interval and the corrected one of splits of the same rows."""

import math

import numpy as np
import pytest
from scipy.stats import t

from deeplab.evaluation.fixed_intervals import resampled_interval, unpaired_interval
from deeplab.evaluation.intervals import Interval


def test_the_interval_of_groups_is_that_of_statsmodels() -> None:
    # CompareMeans(DescrStatsW(ours), DescrStatsW(theirs)).tconfint_diff(usevar="unequal") of statsmodels 0.15
    found = unpaired_interval([0.91, 0.93, 0.92], [0.88, 0.90, 0.86, 0.88])
    assert found is not None
    assert (found.mean, found.low, found.high) == pytest.approx((0.04, 0.014150339523942, 0.065849660476058))


def test_groups_without_spread_and_groups_of_one() -> None:
    assert unpaired_interval([0.5, 0.5], [0.25, 0.25]) == Interval(0.25, 0.25, 0.25)
    assert unpaired_interval([0.5], [0.25, 0.3]) is unpaired_interval([0.5, math.nan], [0.25, 0.3]) is None


def test_the_interval_of_folds_holds_where_a_plain_one_does_not() -> None:
    """Predict rows by the mean of the others, five times in ten folds; beside it, predict 0."""
    rng, rows, folds, repeats, trials = np.random.default_rng(0), 100, 10, 5, 200
    held = held_by_t = 0
    for _ in range(trials):
        y = rng.normal(size=rows)
        differences = []
        for _ in range(repeats):
            tests = y[rng.permutation(rows)].reshape(folds, -1)
            means = (y.sum() - tests.sum(1)) / (rows - rows // folds)
            differences += ((tests - means[:, None]) ** 2 - tests**2).mean(1).tolist()
        true = 1 / (rows - rows // folds)  # the variance of the mean that is predicted
        found = resampled_interval(differences, rows - rows // folds, rows // folds)
        assert found is not None
        held += found.low <= true <= found.high
        plain = t.ppf(0.975, len(differences) - 1) * np.std(differences, ddof=1) / math.sqrt(len(differences))
        held_by_t += bool(abs(found.mean - true) <= plain)
    assert held / trials > 0.94
    assert held_by_t / trials < 0.85


def test_the_correction_is_that_of_nadeau_and_bengio() -> None:
    differences = [0.01, 0.03, 0.02, 0.04, 0.02]
    found = resampled_interval(differences, 80, 20)
    assert found is not None
    variance = (1 / 5 + 20 / 80) * np.var(differences, ddof=1)
    assert found.high - found.mean == pytest.approx(2.776445 * math.sqrt(variance))  # t of 4 degrees of freedom
    assert resampled_interval([0.1], 80, 20) is resampled_interval([0.1, math.inf], 80, 20) is None
    with pytest.raises(ValueError, match="at least one row"):
        resampled_interval(differences, 0, 20)
