"""Scores of several runs on several tasks in one number, with intervals over the runs (Agarwal et al., 2021).

Agarwal, Schwarzer, Castro, Courville and Bellemare, Deep reinforcement learning at the edge of the statistical
precipice, 2021: the tasks are what they are, so that runs alone are drawn anew, within each task.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from deeplab.evaluation.intervals import Interval
from deeplab.evaluation.statistics import CONFIDENCE

Float = NDArray[np.float64]
RESAMPLES = 2000


def interquartile_mean(scores: Float) -> Float:
    """Average the middle half of all scores, of whatever task: cut off a quarter at each end, rounded down.

    Args:
        scores: comparable from task to task, [..., tasks, runs].

    Returns:
        A mean for each leading index, [...].

    Examples:
        >>> float(interquartile_mean(np.array([[0.1, 0.5, 0.6, 9.0], [0.4, 0.5, 0.7, 0.8]])))
        0.575
    """
    flat = np.sort(scores.reshape(*scores.shape[:-2], -1), axis=-1)
    cut = flat.shape[-1] // 4
    means: Float = flat[..., cut : flat.shape[-1] - cut].mean(-1)
    return means


def probability_of_improvement(ours: Float, theirs: Float) -> Float:
    """Average over tasks the probability that a run of the first is better than one of the second.

    On a task that is U / (n m), with U of Mann and Whitney (1947), where equal scores count one half.

    Args:
        ours: higher is better, [..., tasks, runs].
        theirs: the same, [..., tasks, runs]; the number of runs may be another.

    Returns:
        A probability for each leading index, [...].

    Examples:
        >>> float(probability_of_improvement(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.0, 2.0], [5.0, 6.0]])))
        0.3125
    """
    difference = ours[..., :, None] - theirs[..., None, :]
    probability: Float = ((np.sign(difference) + 1) / 2).mean((-3, -2, -1))
    return probability


def interquartile_mean_interval(scores: Float, rng: np.random.Generator, resamples: int = RESAMPLES) -> Interval:
    """Give the interquartile mean with a 95 % interval, the percentiles of a bootstrap of runs within each task.

    Args:
        scores: [tasks, runs], at least 2 runs; with fewer than about 10 the interval is somewhat too narrow.
        rng: draws the resamples.
        resamples: how many.

    Raises:
        ValueError: a single run.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> found = interquartile_mean_interval(rng.normal(0.5, 0.1, (5, 10)), rng)
        >>> bool(found.low < 0.5 < found.high)
        True
    """
    return _percentiles(interquartile_mean, (scores,), rng, resamples)


def improvement_interval(ours: Float, theirs: Float, rng: np.random.Generator, resamples: int = RESAMPLES) -> Interval:
    """Give the probability of improvement with a 95 % interval, the percentiles of a bootstrap within each task.

    Args:
        ours: [tasks, runs], at least 2 runs; with fewer than about 10 the interval is somewhat too narrow.
        theirs: of the same tasks, [tasks, runs].
        rng: draws the resamples.
        resamples: how many.

    Raises:
        ValueError: a single run, or other tasks.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> found = improvement_interval(rng.normal(0.6, 0.1, (5, 10)), rng.normal(0.5, 0.1, (5, 10)), rng)
        >>> bool(0.5 < found.low < found.mean < found.high < 1)
        True
    """
    if len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} tasks and {len(theirs)}")
    return _percentiles(probability_of_improvement, (ours, theirs), rng, resamples)


def _percentiles(
    measure: Callable[..., Float], groups: tuple[Float, ...], rng: np.random.Generator, resamples: int
) -> Interval:
    if any(group.shape[1] < 2 for group in groups):
        raise ValueError("a single run has no spread")
    drawn = measure(*(_drawn(group, resamples, rng) for group in groups))
    low, high = np.quantile(drawn, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    return Interval(float(measure(*groups)), float(low), float(high))


def _drawn(scores: Float, count: int, rng: np.random.Generator) -> Float:
    """Runs drawn with replacement within each task, [count, tasks, runs]."""
    chosen = rng.integers(scores.shape[1], size=(count, *scores.shape))
    return np.take_along_axis(scores[None], chosen, axis=-1)
