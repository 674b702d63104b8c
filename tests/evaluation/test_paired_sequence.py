"""Intervals that may be looked at after every seed, and the words that are said from them."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import nct, norm, t

from deeplab.evaluation.intervals import Interval, verdict
from deeplab.evaluation.paired_sequence import half_width, paired_interval

LOOKS = range(2, 201)


def evidence(differences: list[float], mean: float) -> float:
    """Density of t under standardised differences from a normal prior, over that under none: SciPy's, by quadrature."""
    count = len(differences)
    value = (np.mean(differences) - mean) / np.std(differences, ddof=1) * math.sqrt(count)

    def mixed(effect: float) -> float:
        return float(nct.pdf(value, count - 1, math.sqrt(count) * effect) * norm.pdf(effect))

    return float(quad(mixed, -8, 8, epsabs=1e-13)[0] / t.pdf(value, count - 1))


@pytest.mark.parametrize("comparisons", [1, 4])
def test_an_interval_ends_where_the_evidence_against_a_mean_is_twenty_comparisons(comparisons: int) -> None:
    differences = np.random.default_rng(0).normal(0.4, 1, 12).tolist()
    found = paired_interval(differences, comparisons)
    assert found is not None
    assert found.mean == pytest.approx(np.mean(differences))
    for end in (found.low, found.high):
        assert evidence(differences, end) == pytest.approx(20 * comparisons, rel=1e-5)


def test_intervals_of_all_numbers_of_seeds_hold_together_and_those_of_student_do_not() -> None:
    drawn = np.random.default_rng(1).standard_normal((4000, LOOKS.stop - 1))
    total, squares = drawn.cumsum(1), (drawn**2).cumsum(1)
    missed, missed_by_t = np.zeros((2, len(drawn)), dtype=bool)
    for count in LOOKS:
        mean = total[:, count - 1] / count
        deviation = np.sqrt((squares[:, count - 1] - count * mean**2) / (count - 1))
        missed |= np.abs(mean) > half_width(count) * deviation
        missed_by_t |= np.abs(mean) > t.ppf(0.975, count - 1) * deviation / math.sqrt(count)
    assert 0.015 < missed.mean() < 0.05
    assert missed_by_t.mean() > 0.35


def test_few_pairs_say_nothing_and_equal_ones_all() -> None:
    assert paired_interval([]) is paired_interval([0.1]) is paired_interval([0.1, 0.2, 0.15, 0.12]) is None
    assert paired_interval([0.0] * 4) is None
    assert paired_interval([0.25] * 5) == Interval(0.25, 0.25, 0.25)
    assert verdict(paired_interval([0.0] * 5)) == "equal"
    assert paired_interval([0.25] * 5, comparisons=4) is None
    assert paired_interval([0.25] * 6, comparisons=4) == Interval(0.25, 0.25, 0.25)


def test_a_score_that_is_no_number_says_nothing() -> None:
    for value in (math.nan, math.inf, -math.inf):
        assert paired_interval([0.1, 0.2, 0.15, 0.12, 0.11, 0.12, value]) is None


def test_an_interval_does_not_depend_on_the_order_of_the_seeds() -> None:
    differences = np.random.default_rng(2).normal(0.3, 1, 15).tolist()
    assert paired_interval(differences) == paired_interval(sorted(differences))


@pytest.mark.parametrize(("comparisons", "confidence"), [(0, 0.95), (1, 1.0), (1, 0.0)])
def test_what_is_no_comparison_is_refused(comparisons: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="at least one comparison"):
        paired_interval([0.1, 0.2], comparisons, confidence)


@pytest.mark.parametrize(
    ("low", "high", "margin", "word"),
    [
        (0.1, 0.3, 0.0, "better"),
        (-0.3, -0.1, 0.0, "worse"),
        (-0.1, 0.3, 0.0, "undecided"),
        (-0.1, 0.3, 0.2, "undecided"),
        (-0.1, 0.3, 0.3, "equal"),
        (-0.3, 0.1, 0.3, "equal"),
        (0.1, 0.3, 0.3, "equal"),  # better, too, but by no more than what does not matter
        (0.1, 0.3, 0.2, "better"),
        (0.0, 0.3, 0.0, "undecided"),
        (0.0, 0.0, 0.0, "equal"),
    ],
)
def test_words(low: float, high: float, margin: float, word: str) -> None:
    assert verdict(Interval((low + high) / 2, low, high), margin) == word


@pytest.mark.parametrize("margin", [-0.1, math.nan])
def test_a_margin_is_no_less_than_nothing(margin: float) -> None:
    with pytest.raises(ValueError, match="a margin is at least 0"):
        verdict(None, margin)
