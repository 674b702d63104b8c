"""Many points compared with the best of them, when all their seeds are trained.

The point with the best mean was chosen by the very scores that the others are compared by, and it is not surely the
best. So a correction for the comparisons with it (Dunnett's, or Bonferroni's for their number) is not enough: what
holds for every pair of points at once also holds for the pairs that the choice picks (Tukey, 1953).
"""

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from deeplab.evaluation.intervals import Interval
from deeplab.evaluation.statistics import CONFIDENCE

SAME = 1e-6  # differences of scores that are this near were the same before they were rounded as float32


def corrected_interval(differences: Sequence[float], points: int, confidence: float = CONFIDENCE) -> Interval | None:
    """Give an interval of a paired difference that holds together with those of all pairs of points.

    t(1 - 0.05 / (p (p - 1)); n - 1) s / sqrt(n), of p points and n pairs: Bonferroni's correction for p (p - 1) / 2
    paired t-intervals. It needs neither equal spreads nor independent points nor the same number of pairs everywhere;
    Tukey's quantile, which is smaller, needs equal spreads. The differences are taken to be normal, and their number
    to be settled beforehand.

    Accuracies are counts of rows, so two pairs have the same difference by chance in up to 12 % of sweeps of two seeds;
    an interval without width would call that certain. Two pairs that are the same, and not 0, have one without bounds.

    Args:
        differences: of the scores of two points at the same seed, in any order.
        points: that the two are of, at least 2.
        confidence: with which all intervals hold together.

    Returns:
        None of fewer than two differences, or where one is no finite number.

    Raises:
        ValueError: fewer than two points.

    Examples:
        >>> for points in (2, 10):
        ...     found = corrected_interval([0.02, 0.03, 0.01, 0.02, 0.02], points)
        ...     print(f"{found.low:.4f} {found.high:.4f}")
        0.0112 0.0288
        -0.0065 0.0465
        >>> corrected_interval([0.025, 0.025], points=2)
        Interval(mean=0.025, low=-inf, high=inf)
    """
    count = len(differences)
    if count < 2 or not all(map(math.isfinite, differences)):
        return None
    mean, half = fmean(differences), half_width(count, points, confidence) * stdev(differences)
    if count == 2 and mean and abs(differences[0] - differences[1]) < SAME:
        half = math.inf
    return Interval(mean, mean - half, mean + half)


def half_width(count: int, points: int, confidence: float = CONFIDENCE) -> float:
    """Give half the width of such an interval in standard deviations of the differences (n - 1).

    Args:
        count: of the differences, at least 2.
        points: that are compared, at least 2.
        confidence: of all pairs of points together.

    Raises:
        ValueError: fewer than two points.

    Examples:
        >>> [round(half_width(count, 5), 2) for count in (3, 5, 10)]
        [8.13, 2.5, 1.17]
    """
    if points < 2:
        raise ValueError(f"at least two points are compared, got {points}")
    from scipy.stats import t

    return float(t.ppf(1 - (1 - confidence) / (points * (points - 1)), count - 1)) / math.sqrt(count)
