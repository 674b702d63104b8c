"""Published figures beside measured ones."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from deeplab.choice import TEST
from deeplab.evaluation.statistics import Statistics, statistics
from deeplab.metrics import metric_of
from deeplab.study.config import ReportedValue, StudyEntry
from deeplab.study.results import Result
from deeplab.sweep.grid import point_name
from deeplab.sweep.plan import Plan
from deeplab.sweep.results.summary import best_point


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
    within: int  # how many of the single runs lie within the tolerance or the bounds
    outcome: str  # of the mean: `reproduced`, `differs`, or `not yet run`; `holds` or `falls short` of a bound

    @property
    def expected(self) -> str:
        """The published figure or the bound, as it is written."""
        figure = self.figure
        if figure.reported is not None:
            return f"{figure.reported:g} ± {figure.tolerance:g}"
        bounds = (("at least", figure.at_least), ("at most", figure.at_most))
        return " and ".join(f"{words} {bound:g}" for words, bound in bounds if bound is not None)

    @property
    def tolerance_in_deviations(self) -> float | None:
        """By how many of the measured standard deviations the tolerance is wide; None where there are none."""
        if self.figure.tolerance is None or self.measured is None or not self.measured.deviation:
            return None
        return self.figure.tolerance / self.measured.deviation

    @property
    def label(self) -> str:
        """The entry, and of a sweep the point."""
        return f"{self.entry}, {self.point}" if self.point else self.entry

    @property
    def metric(self) -> str:
        """What is measured."""
        return f"{self.figure.metric} − {self.figure.minus}" if self.figure.minus else self.figure.metric


def verdicts(name: str, entry: StudyEntry, lines: Sequence[Result], best: str = "") -> list[Verdict]:
    """Hold an entry's figures against its finished runs, of a sweep at the figure's point or else at the best one."""
    held = []
    for figure in entry.figures:
        point = figure.point or best
        values = _values(figure, [line for line in lines if line.point == point])
        measured = statistics(values) if values else None
        within = sum(_is_within(figure, [value]) for value in values)
        held.append(Verdict(name, figure, point, measured, within, _outcome(figure, values)))
    return held


def chosen_point(plan: Plan, lines: Sequence[Result]) -> Chosen | None:
    """Choose the best point of a sweep, by its own rule and metric; None where no trial is finished."""
    metric = plan.sweep.comparison.metric
    names = [point_name(settings) for settings in plan.points]
    scores = [
        [
            line.scores[metric_of(metric).logged_as]
            for line in lines
            if line.point == name and metric_of(metric).logged_as in line.scores
        ]
        for name in names
    ]
    on_test = {trial.point for trial in plan.trials if trial.values["validation"]["kind"] == TEST}
    best = best_point(scores, metric, plan.replicates, on_test)
    return None if best.number is None else Chosen(names[best.number], metric, best.left_out, best.on_test)


def _values(figure: ReportedValue, lines: Sequence[Result]) -> list[float]:
    values = []
    for line in lines:
        value = line.scores.get(figure.metric)
        less = line.scores.get(figure.minus) if figure.minus else 0.0
        if value is not None and less is not None:
            values.append(_difference(value, less))
    return values


def _outcome(figure: ReportedValue, values: Sequence[float]) -> str:
    if not values:
        return "not yet run"
    if figure.reported is not None:
        return "reproduced" if _is_within(figure, values) else "differs"
    return "holds" if _is_within(figure, values) else "falls short"


def _is_within(figure: ReportedValue, values: Sequence[float]) -> bool:
    """Tell whether the mean of some values lies within, the edges included, in the decimals that people write."""
    if not all(map(math.isfinite, values)):
        mean: float | Fraction = math.fsum(values)
    else:
        mean = sum(map(_exact, values), Fraction(0)) / len(values)
    if figure.reported is not None:
        assert figure.tolerance is not None
        reported, tolerance = _exact(figure.reported), _exact(figure.tolerance)
        return reported - tolerance <= mean <= reported + tolerance
    low = figure.at_least is None or mean >= _exact(figure.at_least)
    return low and (figure.at_most is None or mean <= _exact(figure.at_most))


def _difference(value: float, less: float) -> float:
    if math.isfinite(value) and math.isfinite(less):
        return float(_exact(value) - _exact(less))  # 0.3 - 0.1 is 0.2
    return value - less


def _exact(value: float) -> Fraction:
    """Return the shortest decimal that is this number: 0.1, not the binary fraction next to it."""
    return Fraction(repr(float(value)))
