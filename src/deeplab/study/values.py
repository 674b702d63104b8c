"""What figures are made of: how each value of a run is called in `results.csv`, and how it is read from the store."""

import math
import re
from collections.abc import Iterable, Mapping
from statistics import median

from deeplab.metrics import METRICS, compared, known_metric
from deeplab.tracking.read import metric_history
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import PARAMETERS_TAG

PARAMETERS = "parameters"
TRAINING_SECONDS = "time/training_seconds"
# Of a run the median over its epochs, of which the first compiles.
TIMES = ("time/epoch_seconds", "time/step_ms")
# The same for every seed.
WITHOUT_CHANCE = (PARAMETERS,)
# Kept of every run, whatever its figures are.
ALWAYS = (PARAMETERS, *TIMES)
_KEPT = ("test/", "validation/", "training/", "train/")
_AT_EPOCH = re.compile(r"(.+)\[(\d+)\]")
_CROSSES = re.compile(r"crosses\((.+),(.+)\)")


def curves() -> tuple[str, ...]:
    """Name what a run may have a value of at every epoch."""
    return (*(f"{data}/{name}" for data in ("train", "val") for name in METRICS), *TIMES)


def is_curve(name: str) -> bool:
    """Tell whether a run has a value of this at every epoch.

    Examples:
        >>> is_curve("validation/loss"), is_curve("test/loss")
        (True, False)
    """
    return curve(name) in curves()


def curve(name: str) -> str:
    """Name a value as the history of a run has it.

    Examples:
        >>> curve("validation/loss"), curve("time/step_ms")
        ('val/loss', 'time/step_ms')
    """
    metric = known_metric(name)
    return name if metric is None else metric.name


def at_epoch(name: str, epoch: int) -> str:
    """Name the value of a curve at an epoch, from 1: `val/loss[5]`."""
    return f"{curve(name)}[{epoch}]"


def crossing(one: str, other: str) -> str:
    """Name the epoch at which two curves have crossed: `crosses(train/loss,val/loss)`."""
    return f"crosses({curve(one)},{curve(other)})"


def crossing_epoch(one: Mapping[int, float], other: Mapping[int, float]) -> float:
    """Find the first epoch at which the curve that began above lies below the other; infinity where there is none.

    Epochs at which the curves meet are neither before nor behind it.

    Args:
        one: value of a curve at each epoch.
        other: of another.

    Examples:
        >>> crossing_epoch({1: 0.9, 2: 0.5, 3: 0.2}, {1: 0.6, 2: 0.5, 3: 0.4})
        3.0
    """
    began = 0.0
    for epoch in sorted(one.keys() & other.keys()):
        side = one[epoch] - other[epoch]
        if side * began < 0:
            return float(epoch)
        began = began or side
    return math.inf


def scores_of(store: Store, run: Run, names: Iterable[str] = ()) -> dict[str, float]:
    """Read what a study keeps of a finished training: its scores, their best epochs, and the values of these names."""
    scores = {name: value for name, value in run.metrics.items() if name.startswith(_KEPT)}
    for metric in compared("val"):
        best = max if metric.higher_is_better else min
        if history := _history(store, run, metric.name):
            scores[f"{best.__name__}_{metric.name}"] = best(history.values())
    for name in (*ALWAYS, *names):
        value = _value(store, run, name)
        if value is not None:
            scores[name] = value
    return scores


def _value(store: Store, run: Run, name: str) -> float | None:
    if name == PARAMETERS:
        count = run.tags.get(PARAMETERS_TAG, "")
        return float(count) if count.isdecimal() else None
    if name in TIMES:
        times = _history(store, run, name)
        return median(times.values()) if times else None
    if found := _AT_EPOCH.fullmatch(name):
        return _history(store, run, found[1]).get(int(found[2]))
    if found := _CROSSES.fullmatch(name):
        one, other = (_history(store, run, each) for each in found.groups())
        return crossing_epoch(one, other) if one and other else None
    return run.metrics.get(name)


def _history(store: Store, run: Run, name: str) -> dict[int, float]:
    return dict(metric_history(store, run.id, name)) if name in run.metrics else {}
