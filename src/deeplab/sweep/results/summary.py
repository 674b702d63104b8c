"""What the trials of a sweep come to: means with intervals, differences in pairs, the best point."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from deeplab.choice import candidates
from deeplab.evaluation.fixed_intervals import resampled_interval
from deeplab.evaluation.intervals import Interval, Verdict, verdict
from deeplab.evaluation.multiple_comparisons import corrected_interval
from deeplab.evaluation.paired_sequence import paired_interval
from deeplab.evaluation.statistics import CONFIDENCE, Statistics, statistics
from deeplab.metrics import compared, metric_of


@dataclass(frozen=True)
class TrialScores:
    """What is left of a finished trial."""

    point: int
    replicate: int  # number of the training at its point, whose seed and fold are the same at every point
    run_id: str
    scores: Mapping[str, float]  # as `metrics.compared` names them; without validation where nothing was held out
    seconds: float  # that its training took
    on_test: bool = False  # whether it was validated on the test set


@dataclass(frozen=True)
class PointSummary:
    """One point over its replicates."""

    settings: Mapping[str, str]  # the value of each key
    trials: tuple[TrialScores, ...]  # the finished ones, by replicate
    statistics: Mapping[str, Statistics]  # of each score there is; empty where no trial is finished
    # of the score that is compared, to the best point, in pairs of the same seed and fold; None at the best point and
    # where there is no pair
    difference: Statistics | None
    # of that difference, corrected for all pairs of points; None also of a single pair, and of a point that did not
    # compete
    corrected: Interval | None
    seconds: float | None  # mean of the trainings, or None


@dataclass(frozen=True)
class Best:
    """The best point, and what must be known of the choice."""

    number: int | None  # of the point, or None where none has a score
    left_out: int  # points that did not compete, since they were validated on the test set and others were not
    on_test: bool  # whether it was chosen on the test set


@dataclass(frozen=True)
class Summary:
    """A sweep in numbers."""

    points: tuple[PointSummary, ...]
    choice: Best
    metric: str
    replicates: int  # trainings that were planned for each point
    folds: int = 1  # of the training set, that each point was trained with one after the other
    margin: float | None = None  # of a decision, the largest difference that does not matter; None of a sweep

    def verdict(self, point: PointSummary) -> Verdict | None:
        """Tell what is known of a point against the best one, or None where it is not compared."""
        if point.corrected is None:
            return None
        mean, low, high = point.corrected.mean, point.corrected.low, point.corrected.high
        in_favour = metric_of(self.metric).higher_is_better
        return verdict(point.corrected if in_favour else Interval(-mean, -high, -low), self.margin or 0.0)

    @property
    def best(self) -> int | None:
        """Number of the best point, or None where nothing is finished."""
        return self.choice.number

    @property
    def finished(self) -> int:
        """Number of finished trials."""
        return sum(len(point.trials) for point in self.points)


def scores_in(logged: Mapping[str, float]) -> dict[str, float]:
    """What a finished run is compared by, from its single metrics."""
    return {each.name: logged[each.logged_as] for each in compared() if each.logged_as in logged}


def times(trainings: int, folds: int) -> str:
    r"""How many trainings of a point there are, in words.

    Examples:
        >>> [times(3, folds=1), times(5, folds=5), times(15, folds=5).replace("\N{MULTIPLICATION SIGN}", "x")]
        ['3', '5 folds', '5 folds x 3 repeats']
    """
    if folds == 1:
        return str(trainings)
    return f"{folds} folds" + (f" × {trainings // folds} repeats" if trainings > folds else "")


def statistics_of(scores: Sequence[float], folds: int) -> Statistics:
    """Describe at least one score of a point; with folds the interval is that of Nadeau and Bengio."""
    plain = statistics(scores)
    if folds == 1:
        return plain
    corrected = resampled_interval(scores, train_rows=folds - 1, test_rows=1)
    return replace(plain, interval=None if corrected is None else corrected.high - corrected.mean)


def summarise(
    points: Sequence[Mapping[str, str]],
    trials: Sequence[TrialScores],
    metric: str,
    replicates: int,
    folds: int = 1,
    margin: float | None = None,
    enough: int | None = None,
) -> Summary:
    """Sum up the finished trials.

    Args:
        points: the value of each key, point by point.
        trials: finished, in any order.
        metric: that points are compared by.
        replicates: trainings that are planned for each point.
        folds: that these are divided into, or 1.
        margin: of a decision, whose intervals were looked at after every seed; None of a sweep.
        enough: trainings with which a point competes for the best; all that are planned where it is None.
    """
    groups = [
        tuple(sorted((trial for trial in trials if trial.point == number), key=lambda trial: trial.replicate))
        for number in range(len(points))
    ]
    scored = [[trial.scores[metric] for trial in group if metric in trial.scores] for group in groups]
    on_test = {number for number, group in enumerate(groups) if any(trial.on_test for trial in group)}
    choice = best_point(scored, metric, replicates if enough is None else enough, on_test)
    best = choice.number
    # What was left out of the choice has scores of other rows than the best.
    competing = {number for number, values in enumerate(scored) if values and (choice.on_test or number not in on_test)}
    names = [each.name for each in compared()]
    summaries = []
    for number, (settings, group) in enumerate(zip(points, groups, strict=True)):
        scores = {name: [trial.scores[name] for trial in group if name in trial.scores] for name in names}
        pairs = [] if best is None or number == best else _differences(group, groups[best], metric)
        is_held = bool(pairs) and number in competing
        corrected = _corrected(pairs, len(competing), folds, margin is not None) if is_held else None
        difference = statistics_of(pairs, folds) if pairs else None
        seconds = fmean(trial.seconds for trial in group) if group else None
        kept = {name: statistics_of(values, folds) for name, values in scores.items() if values}
        summaries.append(PointSummary(settings, group, kept, difference, corrected, seconds))
    return Summary(tuple(summaries), choice, metric, replicates, folds, margin)


def best_point(scores: Sequence[Sequence[float]], metric: str, replicates: int, on_test: Collection[int]) -> Best:
    """The point with the best mean, the first of equals.

    Points that were validated on the test set compete only where all were, and points that lack replicates only where
    all do. A mean that is no number is worse than any, and no best one.

    Args:
        scores: by `metric`, of the finished trials of each point.
        replicates: that a point is to have.
        on_test: numbers of the points that were validated on the test set.
    """
    scored = [number for number, values in enumerate(scores) if values]
    competing = candidates(scored, lambda number: metric.startswith("test/") or number in on_test)
    if not competing.items:
        return Best(None, 0, False)
    complete = [number for number in competing.items if len(scores[number]) >= replicates]
    numbers = complete or list(competing.items)
    means = [fmean(scores[number]) for number in numbers]
    best = metric_of(metric).best(means)
    known = None if best is None or math.isnan(means[best]) else numbers[best]
    return Best(known, competing.left_out, competing.on_test)


def _differences(group: Sequence[TrialScores], best: Sequence[TrialScores], metric: str) -> list[float]:
    """Subtract the scores of the best point from those with the same seed and fold."""
    ours = {trial.replicate: trial.scores[metric] for trial in group if metric in trial.scores}
    theirs = {trial.replicate: trial.scores[metric] for trial in best if metric in trial.scores}
    return [ours[replicate] - theirs[replicate] for replicate in sorted(ours.keys() & theirs.keys())]


def _corrected(pairs: Sequence[float], points: int, folds: int, grows: bool) -> Interval | None:
    """The interval of differences that holds together with those of all pairs of points.

    That of a decision, which grows until they are narrow enough, holds after every seed.
    """
    if grows:  # of folds the mean of each seed: they are no pairs of their own
        means = [fmean(pairs[begin : begin + folds]) for begin in range(0, len(pairs) - folds + 1, folds)]
        return paired_interval(means, points * (points - 1) // 2)
    if folds == 1:
        return corrected_interval(pairs, points)
    return resampled_interval(pairs, folds - 1, 1, 1 - (1 - CONFIDENCE) / (points * (points - 1) / 2))
