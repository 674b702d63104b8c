"""How much each key that a search draws from matters: fANOVA (Hutter, Hoos and Leyton-Brown, 2014), by Optuna."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.importance import FanovaImportanceEvaluator
from optuna.trial import create_trial

from deeplab.files import table
from deeplab.sweep.grid import Axis

if TYPE_CHECKING:
    from deeplab.sweep.search.parent_run import SearchTrial

IMPORTANCE_FILE = "importance.csv"
LEAST_TRIALS = 10  # finished ones; of fewer the trees of fANOVA tell nothing


def importance_table(axes: Sequence[Axis], drawn: Sequence["SearchTrial"], told: Sequence[str]) -> str:
    """A line for each key: the share of the variance that it explains by itself, of each objective.

    Args:
        drawn: of which the finished trials count, those apart that have a score that is no number.
        told: the objectives of the search, or its only metric.

    Returns:
        CSV; nothing where there is one key alone, or too little to tell.
    """
    finished = [
        trial for trial in drawn if trial.state == "COMPLETE" and trial.value is not None and math.isfinite(trial.value)
    ]
    values = [trial.objectives or (trial.value or 0.0,) for trial in finished]
    settings = [trial.settings for trial in finished]
    if len(axes) < 2 or len(finished) < LEAST_TRIALS:
        return ""
    columns = {
        name: importance(axes, settings, column) for name, column in zip(told, zip(*values, strict=True), strict=True)
    }
    rows = [[axis.key, *(column.get(axis.key, "") for column in columns.values())] for axis in axes]
    return table(["key", *columns], rows) if any(columns.values()) else ""


def importance(
    axes: Sequence[Axis], settings: Sequence[Mapping[str, str]], values: Sequence[float]
) -> dict[str, float]:
    """The share of the variance of some values that each key explains by itself; what lacks to 1, keys do together.

    Args:
        settings: the value of each key, trial by trial.
        values: of each trial.

    Returns:
        From 0 to 1 by key; nothing where all values are the same.
    """
    if len(set(values)) < 2:
        return {}
    space = {axis.key: _distribution(axis) for axis in axes}
    study = optuna.create_study()
    for each, value in zip(settings, values, strict=True):
        params = {axis.key: _drawn(axis, each[axis.key]) for axis in axes}
        study.add_trial(create_trial(params=params, distributions=space, value=value))
    return FanovaImportanceEvaluator(seed=0).evaluate(study)


def _distribution(axis: Axis) -> BaseDistribution:
    interval = axis.interval
    if interval is None:
        return CategoricalDistribution(axis.values)
    if interval.whole:
        return IntDistribution(int(interval.low), int(interval.high), log=interval.log)
    return FloatDistribution(interval.low, interval.high, log=interval.log)


def _drawn(axis: Axis, text: str) -> str | int | float:
    if axis.interval is None:
        return text
    value = min(max(float(text), axis.interval.low), axis.interval.high)  # the last digit may be rounded beyond an end
    return int(value) if axis.interval.whole else value
