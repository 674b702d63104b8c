"""Networks compared by what they say of the same rows."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.stats import norm

from deeplab.evaluation.intervals import Interval
from deeplab.evaluation.row_tests import McNemar, mcnemar, rows_and_seeds_interval


def test_the_exact_test_is_that_of_statsmodels() -> None:
    # statsmodels 0.15: mcnemar([[101, 121], [59, 33]], exact=True)
    first = np.repeat([True, True, False, False], [101, 121, 59, 33])
    second = np.repeat([True, False, True, False], [101, 121, 59, 33])
    assert mcnemar(first, second) == McNemar(121, 59, pytest.approx(4.434444926375551e-06))
    assert mcnemar(first, first) == McNemar(0, 0, 1.0)
    with pytest.raises(ValueError, match="rows"):
        mcnemar(first, second[1:])


@pytest.mark.parametrize("deviation", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("seeds", [3, 8])
def test_an_interval_over_rows_and_seeds_holds_whichever_matters_more(seeds: int, deviation: float) -> None:
    """Rows are more or less difficult, networks better or worse, and the rest is chance."""
    rng, rows, trials, shift = np.random.default_rng(0), 200, 300, 0.3

    def group(level: float, difficulty: NDArray[np.float64]) -> NDArray[np.bool_]:
        networks = rng.normal(0, deviation, (seeds, 1))
        return (level + difficulty + networks + rng.normal(0, 0.7, (seeds, rows))) > 0

    def share(level: float) -> float:
        return float(norm.cdf(level / math.sqrt(1 + 0.7**2 + deviation**2)))

    true, held, means, halves = share(1.5 + shift) - share(1.5), 0, [], []
    for _ in range(trials):
        difficulty = rng.normal(size=rows)
        found = rows_and_seeds_interval(group(1.5 + shift, difficulty), group(1.5, difficulty))
        assert found is not None
        held += found.low <= true <= found.high
        means.append(found.mean)
        halves.append(found.high - found.mean)
    if seeds == 8:  # an interval is no wider than it must be
        assert np.mean(halves) / (1.96 * np.std(means)) < 1.25
    assert 0.92 < held / trials < 0.995


def test_where_seeds_say_the_same_it_is_the_paired_test_over_rows() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = rng.random((2, 40)) < [[0.8], [0.6]]
    found = rows_and_seeds_interval(np.tile(ours, (3, 1)), np.tile(theirs, (4, 1)))
    expected = stats.ttest_rel(ours.astype(float), theirs.astype(float)).confidence_interval(0.95)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_where_rows_say_the_same_it_is_the_test_of_welch_over_seeds() -> None:
    ours, theirs = np.array([0.91, 0.93, 0.92]), np.array([0.88, 0.90, 0.86, 0.88])
    found = rows_and_seeds_interval(np.tile(ours, (50, 1)).T, np.tile(theirs, (50, 1)).T, 0.99)
    expected = stats.ttest_ind(ours, theirs, equal_var=False).confidence_interval(0.99)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_where_rows_say_the_same_and_seeds_are_shared_it_is_the_paired_test_over_seeds() -> None:
    ours, theirs = np.array([0.91, 0.97, 0.92]), np.array([0.88, 0.95, 0.90])
    found = rows_and_seeds_interval(np.tile(ours, (50, 1)).T, np.tile(theirs, (50, 1)).T, are_pairs=True)
    expected = stats.ttest_rel(ours, theirs).confidence_interval(0.95)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize("alike", [0.5, -0.5])
def test_an_interval_of_pairs_holds_where_their_seeds_work_together_or_against_each_other(alike: float) -> None:
    rng, rows, seeds, trials, held, unpaired = np.random.default_rng(0), 100, 4, 300, 0, 0
    for _ in range(trials):
        seed, difficulty = rng.normal(0, 0.5, (seeds, 1)), rng.normal(size=rows)
        ours = 0.3 + difficulty + seed + rng.normal(0, 0.7, (seeds, rows))
        theirs = difficulty + np.sign(alike) * seed + rng.normal(0, 0.7, (seeds, rows))
        for are_pairs in (True, False):
            found = rows_and_seeds_interval(ours, theirs, are_pairs=are_pairs)
            assert found is not None
            inside = found.low <= 0.3 <= found.high
            held, unpaired = held + (inside and are_pairs), unpaired + (inside and not are_pairs)
    assert 0.92 < held / trials < 0.995
    assert (unpaired > held) is (alike > 0)


def test_groups_that_say_nothing_or_all() -> None:
    ones, zeros = np.ones((3, 4)), np.zeros((2, 4))
    assert rows_and_seeds_interval(ones, zeros) == Interval(1.0, 1.0, 1.0)
    assert rows_and_seeds_interval(ones[:1], zeros) is rows_and_seeds_interval(ones * math.nan, zeros) is None
    with pytest.raises(ValueError, match="4 rows and 3"):
        rows_and_seeds_interval(ones, zeros[:, :3])
