"""What a decision may take, told from finished runs of the same configurations."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from deeplab.evaluation.paired_sequence import half_width
from deeplab.metrics import metric_of
from deeplab.sweep.decision.plan import DecisionPlan
from deeplab.sweep.workers import workers_of
from deeplab.tracking.find import TRAINED, all_runs
from deeplab.tracking.params import flatten, has_more
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import DATA_TAG, KIND_TAG

LEAST = 2  # runs of a point, without which nothing is known of its spread


@dataclass(frozen=True)
class PairForecast:
    """What the answer to a pair may take."""

    first: int
    second: int
    difference: float  # that finished runs show
    deviation: float  # of the difference of one seed, taken as if seeds had nothing in common
    seeds: int | None  # that the answer takes if both stay as they are; None: more than may be trained


@dataclass(frozen=True)
class Forecast:
    """What a decision may take."""

    runs: tuple[int, ...]  # finished ones of each point that were found
    pairs: tuple[PairForecast, ...]  # whose both points have enough of them
    seconds: float | None  # of a training in the mean, or None where none was found
    hours: float | None  # of all trainings, by as many workers as there will be; None where that cannot be told


def forecast(store: Store | None, plan: DecisionPlan) -> Forecast:
    """Look for finished runs that differ from the points in their seed alone.

    Args:
        store: where to look; None where there is none yet.
        plan: with its points checked.
    """
    runs = [] if store is None else [run for run in all_runs(store) if _counts(run)]
    found = [_of_point(plan, point, runs) for point in range(len(plan.points))]
    logged_as = metric_of(plan.metric).logged_as
    scores = [[run.metrics[logged_as] for run in each if logged_as in run.metrics] for each in found]
    times = [run.metrics["time/training_seconds"] for each in found for run in each]
    seconds = fmean(times) if times else None
    base = plan.question.base
    known = [number for number, each in enumerate(scores) if len(each) >= LEAST]
    if base is None and known:
        base = max(known, key=lambda number: fmean(scores[number]) * (1 if plan.question.higher_is_better else -1))
    pairs = tuple(
        _pair(plan, scores, base, other) for other in known if base in known and base is not None and other != base
    )
    hours = None
    if seconds is not None and len(pairs) == len(plan.points) - 1:
        needed = [pair.seeds or plan.most for pair in pairs]
        launcher = plan.sweep.launcher
        device = plan.sweep.run.config.training.device
        workers = workers_of(launcher, device, plan.count) if launcher.kind == "local" else 1
        hours = (sum(needed) + max(needed)) * plan.sweep.folds * seconds / 3600 / workers
    return Forecast(tuple(map(len, found)), pairs, seconds, hours)


def seeds_needed(difference: float, deviation: float, margin: float, comparisons: int, most: int) -> int | None:
    """How many seeds an answer takes if mean and spread stay as they are; None where more than `most` are needed.

    Examples:
        >>> seeds_needed(0.02, 0.01, 0.0, 1, 100), seeds_needed(0.0, 0.01, 0.002, 1, 100)
        (7, None)
    """
    for count in range(2, most + 1):
        half = deviation * half_width(count, comparisons)
        if half < abs(difference) or abs(difference) + half <= margin:
            return count
    return None


def _pair(plan: DecisionPlan, scores: Sequence[Sequence[float]], first: int, second: int) -> PairForecast:
    difference = fmean(scores[first]) - fmean(scores[second])
    # Of a mean of folds, taken as if they had nothing in common either.
    deviation = math.hypot(stdev(scores[first]), stdev(scores[second])) / math.sqrt(plan.sweep.folds)
    question = plan.question
    seeds = seeds_needed(difference, deviation, question.margin, question.comparisons, plan.most)
    return PairForecast(first, second, difference, deviation, seeds)


def _counts(run: Run) -> bool:
    return run.tags.get(KIND_TAG) in TRAINED and run.status == "FINISHED" and "time/training_seconds" in run.metrics


def _of_point(plan: DecisionPlan, point: int, runs: Sequence[Run]) -> list[Run]:
    """The runs that train a point with whatever seed."""
    trial = plan.trial(point, 0)
    params = flatten({key: value for key, value in trial.values.items() if key not in _ASIDE})
    data = plan.checks[point].fingerprint.split()[0]
    return [
        run
        for run in runs
        if run.tags.get(DATA_TAG) == data
        and all(run.params.get(key, value) == value for key, value in params.items() if key not in _OPEN)
        and not has_more(run.params, params)
    ]


_ASIDE = ("name", "notes", "tags", "tracking", "seed")
_OPEN = (
    "validation.fold",
    "training.threads",
    "training.engine",
    "training.checkpoint_every",
    "training.checkpoint_seconds",
    "model.name",
)
