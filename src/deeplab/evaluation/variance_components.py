"""Where the spread of scores comes from, when each of some classifiers is tried with each of some denoisers."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deeplab.evaluation.statistics import CONFIDENCE


@dataclass(frozen=True)
class Components:
    """Standard deviations that a score owes to each cause, 0 where the scores show none."""

    mean: float  # of all scores
    interval: float  # half the width of the 95 % interval of the mean over other trainings of both, and other draws
    classifiers: float  # from one training of the classifier to another
    denoisers: float  # from one training of the denoiser to another
    pairs: float  # of one training with another, beyond what both do by themselves
    draws: float  # from one draw of the noise to another


def crossed_components(scores: NDArray[np.float64], draws: float, count: int) -> Components:
    """Take apart the spread of scores of crossed trainings, by the mean squares of their rows, columns and rest.

    The model is the balanced one of two crossed random factors (Searle, Casella and McCulloch, Variance Components,
    1992, chapter 4); a component that comes out negative is 0. The interval of the mean has Satterthwaite's degrees of
    freedom (1946); its variance is never taken for less than one of the factors alone would make it.

    Args:
        scores: [classifiers, denoisers], at least [2, 2]; each the mean over some draws of the noise.
        draws: variance of a score from draw to draw, of one pair.
        count: of the draws that a score is the mean of.
    """
    from scipy.stats import t

    rows, columns = scores.shape
    mean = float(scores.mean())
    by_row, by_column = scores.mean(axis=1), scores.mean(axis=0)
    rest = scores - by_row[:, None] - by_column[None, :] + mean
    squares = (
        columns * float(by_row.var(ddof=1)),
        rows * float(by_column.var(ddof=1)),
        float((rest**2).sum()) / ((rows - 1) * (columns - 1)),
    )
    of_rows, of_columns, of_rest = squares
    combined = max(of_rows + of_columns - of_rest, of_rows, of_columns)
    spread = of_rows**2 / (rows - 1) + of_columns**2 / (columns - 1) + of_rest**2 / ((rows - 1) * (columns - 1))
    degrees = max(1.0, combined**2 / spread) if spread else 1.0
    half = float(t.ppf((1 + CONFIDENCE) / 2, degrees)) * math.sqrt(combined / (rows * columns))
    return Components(
        mean,
        half,
        _root((of_rows - of_rest) / columns),
        _root((of_columns - of_rest) / rows),
        _root(of_rest - draws / count),
        _root(draws),
    )


def _root(variance: float) -> float:
    return math.sqrt(max(0.0, variance))
