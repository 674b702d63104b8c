"""How much the scores of a point scatter over its replicates."""

from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean, stdev

from deeplab.tracking.find import trials_at
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import PARENT_TAG, POINT_TAG

FOLD = "validation.fold"


@dataclass(frozen=True)
class ReplicateSpread:
    """Scores of replicates in brief."""

    mean: float
    deviation: float  # standard deviation of the sample (n - 1)
    count: int


def spreads(store: Store, run: Run) -> dict[str, ReplicateSpread]:
    """Compute the spread of every metric over the finished trials at the point and fold of a trial, itself among them.

    Empty for a run of no sweep, and where fewer than two trials are finished.
    """
    point, parent = run.tags.get(POINT_TAG), run.tags.get(PARENT_TAG)
    if point is None or parent is None:
        return {}
    replicates = [
        each
        for each in trials_at(store, parent, point)
        if each.status == "FINISHED"
        if each.params.get(FOLD) == run.params.get(FOLD)  # other folds are scored on other rows
    ]
    values: dict[str, list[float]] = defaultdict(list)
    for replicate in replicates:
        for name, value in replicate.metrics.items():
            values[name].append(value)
    return {name: ReplicateSpread(fmean(of), stdev(of), len(of)) for name, of in values.items() if len(of) > 1}
