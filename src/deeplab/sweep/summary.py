"""What the trials of a sweep come to: means with intervals, differences in pairs, the best point."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from deeplab.config.schema import Metric
from deeplab.evaluation.statistics import Statistics, statistics

METRICS: tuple[Metric, ...] = ("val/accuracy", "val/loss", "test/accuracy", "test/loss")


@dataclass(frozen=True)
class TrialScores:
    """What is left of a finished trial.

    Attributes:
        point: number of its point.
        replicate: number of the replicate, whose seed is the same at every point.
        run_id: of its run.
        scores: by name, as in METRICS; those of validation are missing when nothing was held out.
        seconds: that its training took.
    """

    point: int
    replicate: int
    run_id: str
    scores: Mapping[Metric, float]
    seconds: float


@dataclass(frozen=True)
class PointSummary:
    """One point over its replicates.

    Attributes:
        settings: the value of each key.
        trials: the finished ones, by replicate.
        statistics: of each score there is; empty where no trial is finished.
        difference: of the score that is compared, to the best point, in pairs of the same seed; None at the best point
            and where there is no pair.
        seconds: mean of the trainings, or None.
    """

    settings: Mapping[str, str]
    trials: tuple[TrialScores, ...]
    statistics: Mapping[Metric, Statistics]
    difference: Statistics | None
    seconds: float | None


@dataclass(frozen=True)
class Summary:
    """A sweep in numbers.

    Attributes:
        points: in the order of the plan.
        best: number of the best point by the mean of `metric`, or None where nothing is finished. Only points with
            all replicates are chosen from, unless no point has them all.
        metric: what the best point is chosen by.
        replicates: that were planned for each point.
    """

    points: tuple[PointSummary, ...]
    best: int | None
    metric: Metric
    replicates: int

    @property
    def finished(self) -> int:
        """Number of finished trials."""
        return sum(len(point.trials) for point in self.points)


def summarise(
    points: Sequence[Mapping[str, str]], trials: Sequence[TrialScores], metric: Metric, replicates: int
) -> Summary:
    """Sum up the finished trials.

    Args:
        points: the value of each key, point by point.
        trials: finished, in any order.
        metric: what points are compared by.
        replicates: planned for each point.
    """
    groups = [
        tuple(sorted((trial for trial in trials if trial.point == number), key=lambda trial: trial.replicate))
        for number in range(len(points))
    ]
    best = _best(groups, metric, replicates)
    summaries = []
    for number, (settings, group) in enumerate(zip(points, groups, strict=True)):
        found = {name: [trial.scores[name] for trial in group if name in trial.scores] for name in METRICS}
        difference = None if best is None or number == best else _difference(group, groups[best], metric)
        seconds = fmean(trial.seconds for trial in group) if group else None
        kept = {name: statistics(values) for name, values in found.items() if values}
        summaries.append(PointSummary(settings, group, kept, difference, seconds))
    return Summary(tuple(summaries), best, metric, replicates)


def _best(groups: Sequence[Sequence[TrialScores]], metric: Metric, replicates: int) -> int | None:
    scored = {
        number: [trial.scores[metric] for trial in group if metric in trial.scores]
        for number, group in enumerate(groups)
    }
    candidates = [number for number, values in scored.items() if len(values) == replicates] or [
        number for number, values in scored.items() if values
    ]
    if not candidates:
        return None
    sign = 1 if metric.endswith("loss") else -1
    return min(candidates, key=lambda number: sign * fmean(scored[number]))


def _difference(group: Sequence[TrialScores], best: Sequence[TrialScores], metric: Metric) -> Statistics | None:
    ours = {trial.replicate: trial.scores[metric] for trial in group if metric in trial.scores}
    theirs = {trial.replicate: trial.scores[metric] for trial in best if metric in trial.scores}
    pairs = [ours[replicate] - theirs[replicate] for replicate in sorted(ours.keys() & theirs.keys())]
    return statistics(pairs) if pairs else None
