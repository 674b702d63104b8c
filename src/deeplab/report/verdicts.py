"""Published figures beside measured ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from deeplab.config.study import Entry, Figure
from deeplab.evaluation.statistics import Statistics, statistics
from deeplab.report.results import Result

# What the best point of a sweep is chosen by, the first that its trials have; the last where nothing was held out.
CHOSEN_BY = (("validation/accuracy", 1), ("validation/loss", -1), ("test/accuracy", 1), ("test/loss", -1))


@dataclass(frozen=True)
class Verdict:
    """One figure of an entry, and what was measured.

    Attributes:
        entry: its name.
        figure: that it is held against.
        point: of a sweep, the best one where the figure names none; empty otherwise.
        measured: over the replicates, or None where nothing is finished.
        within: how many of the single runs lie within the tolerance or the bounds.
        words: of the mean: `reproduced`, `differs`, or `not yet run`; `holds` or `falls short` of a bound.
    """

    entry: str
    figure: Figure
    point: str
    measured: Statistics | None
    within: int
    words: str

    @property
    def wanted(self) -> str:
        """The published figure or the bound, as it is written."""
        figure = self.figure
        if figure.reported is not None:
            return f"{figure.reported:g} ± {figure.tolerance:g}"
        bounds = (("at least", figure.at_least), ("at most", figure.at_most))
        return " and ".join(f"{words} {bound:g}" for words, bound in bounds if bound is not None)

    @property
    def label(self) -> str:
        """The entry, and of a sweep the point."""
        return f"{self.entry}, {self.point}" if self.point else self.entry

    @property
    def metric(self) -> str:
        """What is measured."""
        return f"{self.figure.metric} − {self.figure.minus}" if self.figure.minus else self.figure.metric


def verdicts(name: str, entry: Entry, lines: Sequence[Result]) -> list[Verdict]:
    """Hold an entry's figures against its finished runs.

    Args:
        name: of the entry.
        entry: what it asks for.
        lines: its finished runs, of the configuration that it has now.
    """
    best = best_point(lines)
    found = []
    for figure in entry.figures:
        point = figure.point or best
        values = _values(figure, [line for line in lines if line.point == point])
        measured = statistics(values) if values else None
        within = sum(_is_within(figure, value) for value in values)
        found.append(Verdict(name, figure, point, measured, within, _words(figure, measured)))
    return found


def best_point(lines: Sequence[Result]) -> str:
    """The point with the best mean, on validation data where there are some; empty where there is but one."""
    points = sorted({line.point for line in lines})
    if len(points) < 2:
        return points[0] if points else ""
    for metric, sign in CHOSEN_BY:
        means = {
            point: sign * fmean(line.scores[metric] for line in lines if line.point == point)
            for point in points
            if all(metric in line.scores for line in lines if line.point == point)
        }
        if means:
            return max(means, key=lambda point: means[point])
    return points[0]


def _values(figure: Figure, lines: Sequence[Result]) -> list[float]:
    values = []
    for line in lines:
        value = line.scores.get(figure.metric)
        less = line.scores.get(figure.minus) if figure.minus else 0.0
        if value is not None and less is not None:
            values.append(value - less)
    return values


def _words(figure: Figure, measured: Statistics | None) -> str:
    if measured is None:
        return "not yet run"
    if figure.reported is not None:
        return "reproduced" if _is_within(figure, measured.mean) else "differs"
    return "holds" if _is_within(figure, measured.mean) else "falls short"


def _is_within(figure: Figure, value: float) -> bool:
    if figure.reported is not None:
        assert figure.tolerance is not None
        return abs(value - figure.reported) <= figure.tolerance
    low = figure.at_least is None or value >= figure.at_least
    return low and (figure.at_most is None or value <= figure.at_most)
