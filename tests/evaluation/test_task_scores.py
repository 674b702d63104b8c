"""Interquartile mean and probability of improvement, beside SciPy's."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu, trim_mean

from deeplab.evaluation.task_scores import (
    improvement_interval,
    interquartile_mean,
    interquartile_mean_interval,
    probability_of_improvement,
)


@pytest.mark.parametrize("shape", [(1, 5), (3, 7), (4, 10)])
def test_the_interquartile_mean_is_a_trimmed_one(shape: tuple[int, int]) -> None:
    scores = np.random.default_rng(0).normal(size=(2, *shape))
    expected = [trim_mean(each.ravel(), 0.25) for each in scores]
    assert interquartile_mean(scores) == pytest.approx(expected)


def test_the_probability_of_improvement_is_u_over_the_number_of_pairs() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = rng.integers(6, size=(3, 7)), rng.integers(5, size=(3, 9))
    expected = [mannwhitneyu(*pair).statistic / 63 for pair in zip(ours, theirs, strict=True)]
    assert probability_of_improvement(ours, theirs) == pytest.approx(np.mean(expected))


def test_intervals_hold_and_the_same_seed_gives_the_same() -> None:
    rng, tasks, trials = np.random.default_rng(0), np.arange(4)[:, None] / 10, 200
    held = np.zeros(2)
    for _ in range(trials):
        ours, theirs = rng.normal(tasks, 0.3, (2, 4, 25))
        found = improvement_interval(ours, theirs, np.random.default_rng(1), 300)
        mean = interquartile_mean_interval(ours, np.random.default_rng(1), 300)
        held += found.low <= 0.5 <= found.high, mean.low <= 0.15 <= mean.high
    assert (held / trials > 0.9).all()
    assert found == improvement_interval(ours, theirs, np.random.default_rng(1), 300)
    assert (found.low, found.high) != (mean.low, mean.high)


def rliable_interval(
    measure: Callable[..., float], groups: Sequence[NDArray[np.float64]], resamples: int
) -> NDArray[np.float64]:
    """Percentiles as rliable has them: of each task of each group as many runs as it has, drawn with replacement."""
    random = np.random.RandomState(2)
    drawn = []
    for _ in range(resamples):
        anew = [[random.choice(task, len(task)) for task in group] for group in groups]
        drawn.append(measure(*map(np.array, anew)))
    return np.quantile(drawn, [0.025, 0.975])


def test_intervals_are_those_of_the_stratified_bootstrap_of_rliable() -> None:
    rng, tasks = np.random.default_rng(3), np.arange(3)[:, None] / 5
    ours, theirs = rng.normal(tasks + 0.1, 0.2, (3, 8)), rng.normal(tasks, 0.2, (3, 6))

    def middle(scores: NDArray[np.float64]) -> float:
        return float(trim_mean(scores, 0.25, axis=None))

    def improvement(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
        pairs = zip(first, second, strict=True)
        return float(np.mean([mannwhitneyu(*pair).statistic / len(pair[0]) / len(pair[1]) for pair in pairs]))

    found = interquartile_mean_interval(ours, rng)
    assert found.mean == pytest.approx(middle(ours))
    # Both are drawn: two standard errors of such a percentile, of 2,000, are about a tenth of the half width.
    near = 0.1 * (found.high - found.low)
    assert [found.low, found.high] == pytest.approx(rliable_interval(middle, [ours], 2000), abs=near)
    better = improvement_interval(ours, theirs, rng)
    assert better.mean == pytest.approx(improvement(ours, theirs))
    near = 0.1 * (better.high - better.low)
    assert [better.low, better.high] == pytest.approx(rliable_interval(improvement, [ours, theirs], 500), abs=near)


def test_one_run_and_other_tasks_are_refused() -> None:
    rng, scores = np.random.default_rng(0), np.zeros((2, 3))
    with pytest.raises(ValueError, match="a single run"):
        interquartile_mean_interval(scores[:, :1], rng)
    with pytest.raises(ValueError, match="2 tasks and 1"):
        improvement_interval(scores, scores[:1], rng)
