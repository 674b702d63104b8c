"""What a sweep leaves behind as CSV: a line for each point, and one for each trial."""

from collections.abc import Iterator, Sequence
from typing import Any

from deeplab.files import table
from deeplab.metrics import compared
from deeplab.sweep.grid import Axis
from deeplab.sweep.results.summary import Summary


def points_table(axes: Sequence[Axis], summary: Summary) -> str:
    """A line for each point: settings, n, and each score's mean, deviation, interval, minimum and maximum."""
    columns = ["point", *(axis.key for axis in axes), "n", "planned", "best", "difference", "difference_interval"]
    for metric in _names():
        columns += [f"{metric} {part}" for part in ("mean", "deviation", "interval", "minimum", "maximum")]
    return table([*columns, "seconds"], _points(summary))


def trials_table(axes: Sequence[Axis], summary: Summary) -> str:
    """A line for each finished trial: settings, replicate, run, scores, seconds."""
    rows = [
        [
            number + 1,
            *point.settings.values(),
            trial.replicate + 1,
            trial.run_id,
            *(trial.scores.get(metric, "") for metric in _names()),
            trial.seconds,
        ]
        for number, point in enumerate(summary.points)
        for trial in point.trials
    ]
    return table(["point", *(axis.key for axis in axes), "replicate", "run", *_names(), "seconds"], rows)


def _names() -> list[str]:
    return [metric.name for metric in compared()]


def _points(summary: Summary) -> Iterator[list[Any]]:
    for number, point in enumerate(summary.points):
        row: list[Any] = [number + 1, *point.settings.values(), len(point.trials), summary.replicates]
        row.append("best" if number == summary.best else "")
        row += ["", ""] if point.difference is None else [point.difference.mean, point.difference.interval]
        for metric in _names():
            found = point.statistics.get(metric)
            if found is None:
                row += [""] * 5
            else:
                row += [found.mean, found.deviation, found.interval, found.minimum, found.maximum]
        yield [*row, "" if point.seconds is None else point.seconds]
