"""The figures of a sweep, chosen by what was swept over."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from deeplab.config.schema import ComparisonConfig
from deeplab.metrics import metric_of
from deeplab.plots.style import to_png
from deeplab.plots.sweep import categories as sweep_categories
from deeplab.plots.sweep import curves as sweep_curves
from deeplab.plots.sweep import factor as sweep_factor
from deeplab.plots.sweep import heat_map as sweep_heat_map
from deeplab.plots.sweep import parallel as sweep_parallel
from deeplab.plots.sweep.comparison import Comparison
from deeplab.sweep.grid import Axis, point_name
from deeplab.sweep.results.summary import PointSummary, Summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

History = Sequence[tuple[int, float, str, str]]
MOST_CATEGORIES = 40  # rows of one figure


def sweep_figures(
    name: str,
    axes: Sequence[Axis],
    summary: Summary,
    compared: ComparisonConfig,
    histories: Mapping[int, Sequence[History]],
) -> Iterator[tuple[str, bytes]]:
    """Names and PNGs.

    Args:
        compared: how the sweep compares its points.
        histories: of each replicate of the points whose learning curves are drawn, by point, in long form.
    """
    drawn = _compared(name, axes, summary, compared)
    if drawn is not None:
        yield "sweep", to_png(drawn)
    for number, curves in histories.items():
        settings = point_name(summary.points[number].settings)
        yield (
            f"curves/point-{number + 1:03d}",
            to_png(sweep_curves.draw(curves, name=settings or name, unit=_unit(summary))),
        )


def numbers(axis: Axis) -> list[float] | None:
    """The values of an axis as numbers, or None where they are words."""
    try:
        return [float(value) for value in axis.values]
    except ValueError:
        return None


def _compared(name: str, axes: Sequence[Axis], summary: Summary, config: ComparisonConfig) -> "Figure | None":
    scores, means = [_scores(point, summary.metric) for point in summary.points], _means(summary)
    if not np.isfinite(
        means
    ).any():  # none has finished, or the score is defined of none, as `auc` of rows of one class
        return None
    comparison = Comparison(summary.metric, summary.best, summary.replicates, _unit(summary), config.deviation)
    factor = numbers(axes[0]) if len(axes) == 1 else None
    if factor is not None:
        return sweep_factor.draw(axes[0].key, factor, scores, comparison, reference=config.reference, name=name)
    shape = tuple(len(axis.values) for axis in axes)
    if len(axes) == 2 and math.prod(shape) == len(scores):  # a confirmation has two points of a grid
        rows, columns = axes
        counts = np.array(list(map(len, scores)), dtype=np.int64).reshape(shape)
        keys, values = (rows.key, columns.key), (rows.values, columns.values)
        return sweep_heat_map.draw(keys, values, means.reshape(shape), counts, comparison, name=name)
    if len(axes) > 2 and len(scores) > 2:
        read = [str if numbers(axis) is None else float for axis in axes]
        points = [
            [kind(value) for kind, value in zip(read, point.settings.values(), strict=True)] for point in summary.points
        ]
        names = [axis.key.rpartition(".")[2] for axis in axes]
        return sweep_parallel.draw(names, points, means.tolist(), comparison, name=name)
    positions = _best_to_show(summary, means)
    shown = [summary.points[position] for position in positions]
    if len(shown) < len(summary.points):
        name = f"{name}, the best {len(shown)} of {len(summary.points)}"
    return sweep_categories.draw(
        [point_name(point.settings) or name for point in shown],
        [scores[position] for position in positions],
        [_interval(point, summary) for point in shown],
        replace(comparison, best=None if summary.best is None else positions.index(summary.best)),
        reference=config.reference,
        name=name,
    )


def _unit(summary: Summary) -> str:
    return "fold" if summary.folds > 1 else "replicate"


def _best_to_show(summary: Summary, means: "NDArray[np.float64]") -> list[int]:
    """Positions of all points, or of the best of too many, in their order."""
    ranks = np.nan_to_num(-means if metric_of(summary.metric).higher_is_better else means, nan=np.inf)
    if summary.best is not None:  # the mean of an incomplete point may be better
        ranks[summary.best] = -np.inf
    return sorted(np.argsort(ranks, kind="stable")[:MOST_CATEGORIES].tolist())


def _scores(point: PointSummary, metric: str) -> list[float]:
    return [trial.scores[metric] for trial in point.trials if metric in trial.scores]


def _means(summary: Summary) -> "NDArray[np.float64]":
    statistics = [point.statistics.get(summary.metric) for point in summary.points]
    return np.array([np.nan if scores is None else scores.mean for scores in statistics])


def _interval(point: PointSummary, summary: Summary) -> tuple[float, float] | None:
    scores = point.statistics.get(summary.metric)
    if scores is None or scores.interval is None:
        return None
    return scores.mean - scores.interval, scores.mean + scores.interval
