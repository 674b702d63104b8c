"""Intervals of a mean difference of as many scores as were settled beforehand."""

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from deeplab.evaluation.intervals import Interval
from deeplab.evaluation.statistics import CONFIDENCE


def unpaired_interval(
    ours: Sequence[float], theirs: Sequence[float], confidence: float = CONFIDENCE
) -> Interval | None:
    """Give Welch's interval of the difference of two means, of groups with spreads of their own and no pairs.

    With v = s² / n of each group: t(d) sqrt(v1 + v2), d = (v1 + v2)² / (v1² / (n1 - 1) + v2² / (n2 - 1)) (Welch, 1947).

    Args:
        ours: scores of the first group.
        theirs: scores of the second.
        confidence: of the interval.

    Returns:
        None where a group has fewer than two scores, or one is no finite number.

    Examples:
        >>> found = unpaired_interval([0.91, 0.93, 0.92], [0.88, 0.90, 0.86, 0.88])
        >>> round(found.low, 4), round(found.high, 4)
        (0.0142, 0.0658)
    """
    if min(len(ours), len(theirs)) < 2 or not all(map(math.isfinite, (*ours, *theirs))):
        return None
    mean = fmean(ours) - fmean(theirs)
    if stdev(ours) == stdev(theirs) == 0:  # of which SciPy makes a division by zero
        return Interval(mean, mean, mean)
    from scipy.stats import ttest_ind

    low, high = ttest_ind(ours, theirs, equal_var=False).confidence_interval(confidence)
    return Interval(mean, float(low), float(high))


def resampled_interval(
    differences: Sequence[float], train_rows: int, test_rows: int, confidence: float = CONFIDENCE
) -> Interval | None:
    """Give the corrected t-interval of a mean over splits of the same rows, as k folds, once or repeated.

    Splits share most of their training rows, so that their scores are not independent, and a plain t-interval is far
    too narrow. Nadeau and Bengio (Inference for the generalization error, Machine Learning 52, 2003) estimate the
    variance of the mean as (1 / J + test rows / train rows) s², with J splits; Bouckaert and Frank (2004) recommend it
    for repeated cross-validation: 1 / (k r) + 1 / (k - 1) for r times k folds. It is an approximation; no estimate
    is unbiased (Bengio and Grandvalet, 2004).

    Args:
        differences: of the scores of two networks, one for each split [J].
        train_rows: that each network was trained on, of one split.
        test_rows: that it was scored on, of one split.
        confidence: of the interval.

    Returns:
        None of fewer than two splits, or where a difference is no finite number.

    Raises:
        ValueError: a number of rows is below 1.

    Examples:
        >>> found = resampled_interval([0.01, 0.03, 0.02, 0.04, 0.02], train_rows=80, test_rows=20)
        >>> round(found.low, 4), round(found.high, 4)
        (0.0028, 0.0452)
    """
    if min(train_rows, test_rows) < 1:
        raise ValueError(f"at least one row to train and to test on, got {train_rows} and {test_rows}")
    count = len(differences)
    if count < 2 or not all(map(math.isfinite, differences)):
        return None
    from scipy.stats import t

    mean, quantile = fmean(differences), float(t.ppf((1 + confidence) / 2, count - 1))
    half = quantile * stdev(differences) * math.sqrt(1 / count + test_rows / train_rows)
    return Interval(mean, mean - half, mean + half)
