"""What a sweep leaves behind as CSV: a line for each point, and one for each trial."""

from collections.abc import Iterator, Sequence
from typing import Any

from deeplab.evaluation.statistics import Statistics
from deeplab.files import table
from deeplab.metrics import compared
from deeplab.sweep.grid import Axis
from deeplab.sweep.results.summary import Summary

SPREAD = ("deviation", "interval", "minimum", "maximum")


def points_table(axes: Sequence[Axis], summary: Summary) -> str:
    """A line for each point: settings, n, difference to the best, of each score mean, spread and extremes, verdict.

    `difference_interval` is of one comparison, `corrected_interval` half the width of that which holds for all pairs.
    """
    columns = ["point", *(axis.key for axis in axes), "n", "planned", "best", "difference", "difference_interval"]
    for metric in _names(summary):
        columns += [f"{metric} {part}" for part in ("mean", *SPREAD)]
    return table([*columns, "seconds", "corrected_interval", "verdict"], _points(summary))


def trials_table(axes: Sequence[Axis], summary: Summary) -> str:
    """A line for each finished trial: settings, replicate, run, scores, seconds."""
    names = _names(summary)
    rows = [
        [
            number + 1,
            *point.settings.values(),
            trial.replicate + 1,
            trial.run_id,
            *(trial.scores.get(metric, "") for metric in names),
            trial.seconds,
        ]
        for number, point in enumerate(summary.points)
        for trial in point.trials
    ]
    return table(["point", *(axis.key for axis in axes), "replicate", "run", *names, "seconds"], rows)


def parts_of(scores: Statistics | None, parts: Sequence[str]) -> list[Any]:
    """Parts of some statistics, and nothing for what there is not."""
    values = (getattr(scores, part, None) for part in parts)
    return ["" if value is None else value for value in values]


def _names(summary: Summary) -> list[str]:
    """Those scores that every trial may have, and of the others what any trial has."""
    there = {name for point in summary.points for trial in point.trials for name in trial.scores}
    return [metric.name for metric in compared() if not metric.is_optional or metric.name in there]


def _points(summary: Summary) -> Iterator[list[Any]]:
    for number, point in enumerate(summary.points):
        row: list[Any] = [number + 1, *point.settings.values(), len(point.trials), summary.replicates]
        row.append("best" if number == summary.best else "")
        row += ["", ""] if point.difference is None else [point.difference.mean, point.difference.interval]
        for metric in _names(summary):
            row += parts_of(point.statistics.get(metric), ("mean", *SPREAD))
        corrected = point.corrected
        half = "" if corrected is None else (corrected.high - corrected.low) / 2
        yield [*row, "" if point.seconds is None else point.seconds, half, summary.verdict(point) or ""]
