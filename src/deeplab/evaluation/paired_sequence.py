"""Differences of two networks trained with the same seeds, looked at after every seed.

A 95 % t-interval holds when its number of seeds was settled beforehand. Looked at after every seed until it leaves out
0, it does so sooner or later though nothing differs. The intervals here hold after every number of seeds at once, so
that one may stop whenever they say enough, or go on.
"""

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from deeplab.evaluation.intervals import Interval
from deeplab.evaluation.statistics import CONFIDENCE

# Variance of the true difference, in variances of the differences of single seeds, that the intervals are narrowest
# for; they hold for every true difference.
PRIOR_VARIANCE = 1.0
LEAST_OF_SKEWNESS, SKEWED = 8, 0.01  # differences that the test of skewness takes, and its p-value


def paired_interval(
    differences: Sequence[float], comparisons: int = 1, confidence: float = CONFIDENCE
) -> Interval | None:
    """Give an interval of the mean difference that may be looked at after every pair.

    With confidence 95 % the intervals of all numbers of pairs hold together, and those of `comparisons` sequences, too
    (Bonferroni). Each is made of the pairs there are and of no earlier interval: it does not depend on the order of the
    seeds, and is not cut by what was known before; so a word of an earlier look may be taken back.

    The differences are taken to be independent and normal. Equal differences have an interval without width.

    Args:
        differences: first minus second, of networks trained with the same seed, in any order.
        comparisons: how many sequences are looked at. Where the best of p points is sought, p (p - 1) / 2: it is the
            scores that tell which of them are compared, so that all pairs must hold.
        confidence: of all intervals together.

    Returns:
        None where there are too few pairs to say anything, fewer than 5 of one comparison; or one is no finite number.

    Raises:
        ValueError: fewer than one comparison, or a confidence that is not between 0 and 1.

    Examples:
        >>> paired_interval([0.02, 0.03, 0.01, 0.02])
        >>> found = paired_interval([0.02, 0.03, 0.01, 0.02, 0.02])
        >>> round(found.low, 4), round(found.high, 4)
        (-0.0067, 0.0467)
        >>> paired_interval([0.0] * 5)
        Interval(mean=0.0, low=0.0, high=0.0)
    """
    count = len(differences)
    if count < 2 or not all(map(math.isfinite, differences)):
        return None
    width = half_width(count, comparisons, confidence)
    mean, half = fmean(differences), width * stdev(differences)
    return None if math.isinf(width) else Interval(mean, mean - half, mean + half)


def is_skewed(differences: Sequence[float]) -> bool:
    """Tell whether differences are plainly skewed, for which intervals made for normal ones are too narrow.

    D'Agostino's test of the sample skewness (1970) at 1 %; of fewer than 8 differences it knows nothing.

    Examples:
        >>> is_skewed([0.1] * 9 + [0.9]), is_skewed([0.1, 0.2, 0.3, 0.2] * 3), is_skewed([0.1, 0.9])
        (True, False, False)
    """
    if len(differences) < LEAST_OF_SKEWNESS or len(set(differences)) == 1:
        return False
    from scipy.stats import skewtest

    return bool(skewtest(differences).pvalue < SKEWED)


def half_width(count: int, comparisons: int = 1, confidence: float = CONFIDENCE) -> float:
    """Give half the width of the interval of so many pairs, in standard deviations of their differences (n - 1).

    Of a hypothetical mean difference, the likelihood under a normal prior of the standardised difference, with
    variance g, over that under no difference, both averaged over the deviation by the right Haar measure, is

        e = (V / (V - g S² / G))^(n/2) / sqrt(G),  G = 1 + n g,

    with S and V the sums of the differences, less the hypothetical mean, and of their squares. It is a martingale where
    the hypothesis is true, and reaches k / 0.05 after any number of pairs with probability 0.05 / k at most (Ville,
    1939). The interval is of the means where it is smaller. With the deviation s of the sample (n - 1) that is

        half width / s = sqrt(x (n - 1) / n),  x = (a - 1) / (1 - a / G),  a = (sqrt(G) k / 0.05)^(2/n),

    and no bound at all while a >= G (Lai, 1976; Wang and Ramdas, Anytime-valid t-tests and confidence sequences, 2023).

    Args:
        count: of pairs, n, at least 1.
        comparisons: how many sequences are looked at, k.
        confidence: of all of them together.

    Returns:
        Infinity where nothing can be said yet.

    Raises:
        ValueError: fewer than one comparison, or a confidence that is not between 0 and 1.

    Examples:
        >>> [round(half_width(count), 2) for count in (4, 5, 10, 20, 100)]
        [inf, 3.78, 1.22, 0.77, 0.33]
    """
    if comparisons < 1 or not 0 < confidence < 1:
        raise ValueError(f"at least one comparison and a confidence in (0, 1), got {comparisons!r}, {confidence!r}")
    growth = 1 + count * PRIOR_VARIANCE
    threshold = (math.sqrt(growth) * comparisons / (1 - confidence)) ** (2 / count)
    if threshold >= growth:
        return math.inf
    ratio = (threshold - 1) / (1 - threshold / growth)
    return math.sqrt(ratio * (count - 1) / count)
