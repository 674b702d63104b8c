"""Some numbers in brief: mean, spread, and how far the mean can be trusted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Statistics:
    """Some numbers in brief."""

    mean: float  # of them
    deviation: float | None  # standard deviation of the sample (n - 1), or None of a single number
    interval: float | None  # half the width of the 95 % t-interval of the mean, or None of a single number
    minimum: float  # the smallest
    maximum: float  # the largest
    count: int  # how many


def prediction_interval(deviation: float, count: int, confidence: float = CONFIDENCE, more: int = 1) -> float:
    """Half the width of the interval about a mean in which one more number lies: t(n - 1) * s * sqrt(1 + 1 / n).

    The mean of m more lies where 1 / m stands for the 1. That is exact for normal numbers (Whitmore, 1986). Three
    standard deviations, which seem to do the same, hold one more number with probability 0.88 where three are known.

    Args:
        deviation: standard deviation of the numbers that are known (n - 1).
        count: how many they are, at least 2.
        confidence: probability with which one more lies there.
        more: how many more, whose mean is meant.
    """
    from scipy.stats import t

    return float(t.ppf((1 + confidence) / 2, count - 1)) * deviation * math.sqrt(1 / more + 1 / count)


def statistics(values: Sequence[float]) -> Statistics:
    """Describe at least one number.

    The interval is that of Student (1908): t(n - 1) * s / sqrt(n).
    """
    count = len(values)
    deviation = stdev(values) if count > 1 else None
    interval = None
    if deviation is not None:
        from scipy.stats import t

        interval = float(t.ppf((1 + CONFIDENCE) / 2, count - 1)) * deviation / math.sqrt(count)
    return Statistics(fmean(values), deviation, interval, min(values), max(values), count)
