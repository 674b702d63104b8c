"""Two networks, or two groups of them, compared by what they say of the same rows."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.evaluation.intervals import Interval
from deeplab.evaluation.statistics import CONFIDENCE

Float = NDArray[np.float64]
Values = NDArray[Any]  # numbers of any type


@dataclass(frozen=True)
class McNemar:
    """Rows that one of two classifiers alone predicts correctly, and how likely it is that they split so by chance."""

    only_first: int  # rows
    only_second: int  # rows
    p_value: float  # two-sided and exact


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> McNemar:
    """Test whether two classifiers have the same accuracy on the rows that these are drawn from.

    Of the rows that one alone predicts correctly, as many are expected of each: the p-value is that of a binomial with
    1/2 (McNemar, 1947). It is about these two networks, trained as they are, and not about what they were trained with
    (Dietterich, Approximate statistical tests for comparing supervised classification learning algorithms, 1998).

    Args:
        first: whether the first network is correct, [rows].
        second: whether the second is, [rows], of the same rows in the same order.

    Raises:
        ValueError: the shapes differ.

    Examples:
        >>> first = np.array([1, 1, 1, 1, 1, 1, 0, 1], dtype=bool)
        >>> second = np.array([0, 0, 0, 0, 0, 0, 0, 1], dtype=bool)
        >>> mcnemar(first, second)
        McNemar(only_first=6, only_second=0, p_value=0.03125)
    """
    if first.shape != second.shape:
        raise ValueError(f"rows {first.shape} and {second.shape}")
    from scipy.stats import binomtest

    ours, theirs = int((first & ~second).sum()), int((second & ~first).sum())
    p_value = float(binomtest(ours, ours + theirs).pvalue) if ours + theirs else 1.0
    return McNemar(ours, theirs, p_value)


def rows_and_seeds_interval(
    ours: Values, theirs: Values, confidence: float = CONFIDENCE, are_pairs: bool = False
) -> Interval | None:
    """Give an interval of the difference of two groups of networks, for other seeds and other rows.

    Seeds and rows both are samples, and every network says something of every row. With e the deviations that neither
    the mean of a network nor the mean of a row explains,

        V = sum over groups of var(means of networks) / seeds + var(differences of the means of a row) / rows
            - sum over groups of var(e) / (seeds * rows),

    where the last term takes away what the first two have both. Networks in pairs, of the same seed, have their
    differences for the only group: what a seed does to both is in neither. The interval is ± t(d) sqrt(V), with d after
    Satterthwaite (1946). No bootstrap is right for rows crossed with seeds (McCullagh, Resampling and exchangeable
    arrays, 2000): drawing both with replacement, percentiles hold with 81 % where 3 seeds differ much, and with more
    than 99 % where they do not differ, at twice the width.

    Args:
        ours: score of each row by each network of the first group, as 1 for a correct prediction, [seeds, rows].
        theirs: the same of the second group, [seeds, rows], with the same rows and seeds of its own.
        confidence: of the interval.
        are_pairs: whether a network of the first and that of the same place in the second share their seed.

    Returns:
        None where a group has fewer than two seeds, there are fewer than two rows, or a score is no finite number.

    Raises:
        ValueError: the groups have different numbers of rows.

    Examples:
        >>> ours = np.array([[1, 1, 1, 1, 0, 1], [1, 1, 1, 1, 1, 1], [1, 0, 1, 1, 1, 1]])
        >>> theirs = np.array([[0, 1, 0, 1, 0, 1], [0, 0, 1, 1, 0, 1], [1, 0, 0, 1, 0, 1]])
        >>> found = rows_and_seeds_interval(ours, theirs)
        >>> round(found.mean, 4), round(found.low, 4), round(found.high, 4)
        (0.3889, 0.0371, 0.7407)
    """
    first, second = (np.asarray(group, dtype=np.float64) for group in (ours, theirs))
    rows = first.shape[1]
    if second.shape[1] != rows:
        raise ValueError(f"{rows} rows and {second.shape[1]}")
    groups = [first - second] if are_pairs else [first, second]
    if min(rows, *map(len, groups)) < 2 or not all(np.isfinite(group).all() for group in groups):
        return None
    from scipy.stats import t

    mean = float(first.mean() - second.mean())
    of_rows = float((first.mean(0) - second.mean(0)).var(ddof=1)) / rows
    of_seeds = [float(group.mean(1).var(ddof=1)) / len(group) for group in groups]
    variance = max(of_rows + sum(of_seeds) - sum(map(_unexplained, groups)), of_rows, *of_seeds)
    if variance == 0:
        return Interval(mean, mean, mean)
    parts = [(of_rows, rows), *zip(of_seeds, map(len, groups), strict=True)]
    freedom = variance**2 / sum(part**2 / (count - 1) for part, count in parts)
    half = float(t.ppf((1 + confidence) / 2, freedom)) * math.sqrt(variance)
    return Interval(mean, mean - half, mean + half)


def _unexplained(scores: Float) -> float:
    """Variance of the mean of all [seeds, rows] that comes of what is neither of a row nor of a seed."""
    seeds, rows = scores.shape
    rest = scores - scores.mean(0) - scores.mean(1, keepdims=True) + scores.mean()
    return float((rest**2).sum() / ((seeds - 1) * (rows - 1) * seeds * rows))
