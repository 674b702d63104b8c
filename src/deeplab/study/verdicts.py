"""Published figures beside measured ones."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from deeplab.choice import TEST
from deeplab.evaluation.statistics import Statistics, prediction_interval, statistics
from deeplab.metrics import metric_of
from deeplab.study.config import ReportedValue, StudyEntry
from deeplab.study.outcomes import NOT_RUN, Interval, difference, is_within, mean_interval, outcome, share_interval
from deeplab.study.results import Result
from deeplab.study.values import TRAINING_SECONDS, WITHOUT_CHANCE, at_epoch, crossing
from deeplab.sweep.grid import point_name
from deeplab.sweep.plan import Plan
from deeplab.sweep.results.summary import best_point

_OVER = {"min": "smallest", "max": "largest"}


@dataclass(frozen=True)
class Chosen:
    """The point of a sweep that figures without a point of their own are held against."""

    point: str
    metric: str  # whose mean it is the best by
    left_out: int  # points that did not compete, since they were validated on the test set and others were not
    on_test: bool  # whether it was chosen on the test set


@dataclass(frozen=True)
class Verdict:
    """One figure of an entry, and what was measured."""

    entry: str
    figure: ReportedValue
    point: str  # of a sweep, the best one where the figure names none; empty otherwise
    measured: Statistics | None  # over the replicates, or None where nothing is finished
    within: int  # how many of the single runs lie within the tolerance or the bounds; of a share, are counted
    outcome: str  # one of those of `outcomes`
    value: float | None = None  # that is held against the figure: the mean, or what it takes over the replicates
    interval: Interval | None = None  # of it, or None where there are too few runs
    lacking: int = 0  # finished runs of which the value was not kept

    @property
    def expected(self) -> str:
        """The published figure or the bound, as it is written."""
        figure = self.figure
        if figure.reported is not None:
            return f"{figure.reported:.10g}" + (f" ± {figure.tolerance:.10g}" if figure.tolerance else "")
        return _bounds_in_words(figure.at_least, figure.at_most)

    @property
    def tolerance_in_deviations(self) -> float | None:
        """By how many of the measured standard deviations the tolerance is wide; None where there are none."""
        if self.figure.tolerance is None or self.measured is None or not self.measured.deviation:
            return None
        return self.figure.tolerance / self.measured.deviation

    @property
    def single_run(self) -> tuple[float, float] | None:
        """Where one more run lies with a probability of 95 %, as the published one is; None where nothing tells it."""
        measured = self.measured
        if self.figure.reported is None or self.figure.over or measured is None or not measured.deviation:
            return None
        half = prediction_interval(measured.deviation, measured.count, more=self.figure.mean_of)
        return measured.mean - half, measured.mean + half

    @property
    def label(self) -> str:
        """The entry, and of a sweep the point."""
        return f"{self.entry}, {self.point}" if self.point else self.entry

    @property
    def metric(self) -> str:
        """What is measured."""
        figure = self.figure
        words = figure.metric or "epoch at which {} and {} have crossed".format(*figure.crosses or ())
        if figure.epoch:
            words += f", epoch {figure.epoch}"
        if figure.minus or figure.minus_entry:
            words += f" − {figure.minus or f'that of {figure.minus_entry}'}"
        if figure.over == "share":
            return f"share of runs with {words} {_bounds_in_words(figure.each_at_least, figure.each_at_most)}"
        return f"{_OVER[figure.over]} {words}" if figure.over else words


def verdicts(
    name: str,
    entry: StudyEntry,
    lines: Sequence[Result],
    best: str = "",
    others: Mapping[str, tuple[Sequence[Result], str]] | None = None,
) -> list[Verdict]:
    """Hold an entry's figures against its finished runs.

    Args:
        name: of the entry.
        entry: what it asks for.
        lines: its finished runs.
        best: of a sweep the point that figures without one of their own are held against.
        others: finished runs of the study's entries, and of sweeps their best points, for figures that subtract them.
    """
    held = []
    for figure in entry.figures:
        point = figure.point or best
        ours = [line for line in lines if line.point == point]
        rows, less = (others or {}).get(figure.minus_entry or "", ((), ""))
        theirs = {row.replicate: row for row in rows if row.point in (point if figure.point else less, "")}
        found = [_value(figure, line, theirs) for line in ours]
        values = [value for value in found if value is not None]
        lacking = 0 if figure.minus_entry else len(found) - len(values)
        held.append(_verdict(name, figure, point, values, lacking))
    return held


def value_names(figure: ReportedValue) -> tuple[str, ...]:
    """Name the values of a run that a figure is made of, as `results.csv` has them."""
    if figure.crosses is not None:
        return (crossing(*figure.crosses),)
    names = [name for name in (figure.metric, figure.minus) if name is not None]
    return tuple(at_epoch(name, figure.epoch) if figure.epoch else name for name in names)


def chosen_point(plan: Plan, lines: Sequence[Result]) -> Chosen | None:
    """Choose the best point of a sweep, by its own rule and metric; None where no trial is finished.

    Replicates that were added to the plan's count where every point has them.
    """
    metric = plan.sweep.comparison.metric
    logged_as, names = metric_of(metric).logged_as, [point_name(settings) for settings in plan.points]
    scored = [line for line in lines if logged_as in line.scores]
    replicates = max(plan.replicates, min(sum(line.point == name for line in scored) for name in names))
    counted = [line for line in scored if line.replicate < replicates]
    scores = [[line.scores[logged_as] for line in counted if line.point == name] for name in names]
    on_test = {trial.point for trial in plan.trials if trial.values["validation"]["kind"] == TEST}
    best = best_point(scores, metric, replicates, on_test)
    return None if best.number is None else Chosen(names[best.number], metric, best.left_out, best.on_test)


def value_of(line: Result, name: str) -> float | None:
    """Return a value of a finished run, or None where it was not kept."""
    return line.seconds if name == TRAINING_SECONDS else line.scores.get(name)


def _value(figure: ReportedValue, line: Result, theirs: Mapping[int, Result]) -> float | None:
    """Return what a run says to a figure; None where something that it takes was not kept or is not there."""
    names = value_names(figure)
    values = [value_of(line, name) for name in names]
    if figure.minus_entry is not None:
        other = theirs.get(line.replicate)
        values.append(None if other is None else value_of(other, names[0]))
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    return known[0] if len(known) == 1 else difference(*known)


def _verdict(name: str, figure: ReportedValue, point: str, values: Sequence[float], lacking: int) -> Verdict:
    if not values:
        return Verdict(name, figure, point, None, 0, NOT_RUN, lacking=lacking)
    within = sum(is_within(figure, value) for value in values)
    measured = _in_brief(values)
    match figure.over:
        case "share":
            value, interval = within / len(values), share_interval(within, len(values))
        case "min" | "max":  # of these very runs: there is nothing to be uncertain of
            value = measured.minimum if figure.over == "min" else measured.maximum
            interval = mean_interval([value], is_without_chance=True)
        case _:
            value, interval = measured.mean, mean_interval(values, figure.metric in WITHOUT_CHANCE)
    return Verdict(name, figure, point, measured, within, outcome(figure, interval), value, interval, lacking)


def _in_brief(values: Sequence[float]) -> Statistics:
    """Describe values of which some may be infinite or no number, and have no spread then."""
    mean = values[0] if len(set(values)) == 1 else sum(values)  # the mean of tenths is no tenth
    if all(map(math.isfinite, values)):
        described = statistics(values)
        return replace(described, mean=mean) if len(set(values)) == 1 else described
    return Statistics(mean, None, None, min(values), max(values), len(values))


def _bounds_in_words(least: float | None, most: float | None) -> str:
    bounds = (("at least", least), ("at most", most))
    return " and ".join(f"{words} {bound:.10g}" for words, bound in bounds if bound is not None)
