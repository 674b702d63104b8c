"""What a search looks for: a score, or several objectives, of which no point may be the best in all."""

from collections.abc import Sequence
from statistics import fmean

import numpy as np

from deeplab.metrics import COSTS, metric_of
from deeplab.tracking.run import Run
from deeplab.tracking.tags import PARAMETERS_TAG


def score_of(run: Run | None, metric: str) -> float | None:
    """The score that a training is searched by, or None where it is not finished."""
    return run.metrics[metric_of(metric).logged_as] if run is not None and run.status == "FINISHED" else None


def means(runs: Sequence[Run], objectives: Sequence[str]) -> list[float]:
    """What finished replicates of a point come to in each objective."""
    return [fmean(_measured(run, objective) for run in runs) for objective in objectives]


def more_is_better(objective: str) -> bool:
    """Tell the direction of an objective."""
    return objective not in COSTS and metric_of(objective).higher_is_better


def on_front(values: Sequence[Sequence[float]], objectives: Sequence[str]) -> list[bool]:
    """Tell which trials are on the Pareto front: no other one is as good in every objective and better in one.

    Args:
        values: of each trial, in the order of the objectives; what is no number is worse than any.

    Examples:
        >>> on_front([(0.9, 100), (0.8, 100), (0.8, 50), (0.9, 100)], ["val/accuracy", "parameters"])
        [True, False, True, True]
    """
    signs = [-1.0 if more_is_better(objective) else 1.0 for objective in objectives]
    ranks = np.nan_to_num(np.array(values, dtype=np.float64).reshape(-1, len(signs)) * signs, nan=np.inf)
    return [
        not bool(((ranks <= rank).all(axis=1) & (ranks < rank).any(axis=1)).any()) for rank in ranks
    ]  # rank: [objectives]


def as_written(objective: str, value: float) -> float:
    """A mean of an objective as tables have it: a number of parameters is whole."""
    return int(value) if objective == "parameters" and value == int(value) else value


def _measured(run: Run, objective: str) -> float:
    if objective == "parameters":
        return float(run.tags[PARAMETERS_TAG])
    return run.metrics["time/training_seconds" if objective == "seconds" else metric_of(objective).logged_as]
