"""Scores of the points of a sweep that have names, one below another."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from deeplab.config.schema import ReferenceConfig
from deeplab.metrics import metric_of
from deeplab.plots import score_axes as scores_of
from deeplab.plots.style import BLUE, GREY, VERMILLION, new_figure, say, shorten, style
from deeplab.plots.sweep.comparison import Comparison
from deeplab.plots.sweep.reference import draw_reference

_NAME_LENGTH = 34
_FEW = 12  # rows that get more height


@style()
def draw(
    names: Sequence[str],
    scores: Sequence[Sequence[float]],
    intervals: Sequence[tuple[float, float] | None],
    comparison: Comparison,
    *,
    reference: ReferenceConfig | None = None,
    name: str = "",
) -> Figure:
    """Draw a row for each point: the mean as a dot on its 95 % interval, the replicates under it.

    Dots, because the axis does not begin at zero. A point with fewer replicates than planned is hollow and says
    so at the right; one without any is called missing there.

    Args:
        names: of the points, from the top down; long ones are shortened.
        scores: of the replicates of each point; accuracies as fractions. What is not finite counts as absent.
        intervals: the ends (low, high) of the 95 % interval of each mean, None where there is none.
    """
    metric, best, planned = comparison.metric, comparison.best, comparison.planned
    points = scores_of.check_points(scores, len(names), best)
    if len(intervals) != len(names):
        raise ValueError(f"{len(intervals)} intervals for {len(names)} points; there must be one, or None, for each.")
    row_height = 0.34 if len(names) <= _FEW else 0.25
    figure = new_figure(scores_of.title(name, metric_of(metric).label), 1.75 + row_height * len(names))
    axes = figure.subplots()
    axes.grid(True)
    axes.margins(x=0.06)
    handles = _draw_rows(axes, points, intervals, comparison)
    if best is not None:
        scores_of.ring(axes, float(points[best].mean()), best)
        text = scores_of.mean_text(metric, points[best])
        axes.set_title(f"Best: {shorten(names[best], 54)}, {text} ({scores_of.RING})")
    if reference is not None:
        mean_of_best = None if best is None else float(points[best].mean())
        handles.append(draw_reference(axes, reference, metric, mean_of_best, along="x"))
    scores_of.finish_score_axis(axes, metric, "x")
    _name_rows(axes, names, points, metric, planned)
    if not any(point.size for point in points):
        say(axes, "no score")
        if reference is None:
            axes.set_xticks([])
    if handles:
        scores_of.add_legend(figure, handles)
    return figure


def _draw_rows(
    axes: Axes,
    points: list[NDArray[np.float64]],
    intervals: Sequence[tuple[float, float] | None],
    comparison: Comparison,
) -> list[scores_of.Handle]:
    """Draw intervals, replicates and means; returns what the legend should explain."""
    rows, planned = np.arange(len(points)), comparison.planned
    means = np.array([point.mean() if point.size else np.nan for point in points])
    counts = np.array([point.size for point in points])
    handles: list[scores_of.Handle] = []
    for chosen, face, label in (
        (counts >= planned, BLUE, "mean" if planned > 1 else "score"),
        ((counts > 0) & (counts < planned), "white", f"mean of fewer than {planned} {comparison.unit}s"),
    ):
        if chosen.any():
            handles += axes.plot(
                means[chosen], rows[chosen], "o", color=BLUE, markersize=6.5, markerfacecolor=face,
                markeredgewidth=1.4, zorder=3, label=label,
            )  # fmt: skip
    label = "95 % interval of the mean"
    for row, interval in enumerate(intervals):
        if interval is not None and counts[row]:
            line = axes.plot(interval, [row, row], "|-", color=BLUE, linewidth=1.4, markersize=7, label=label)
            handles += line if label[0] != "_" else []
            label = "_interval"
    if planned > 1 and counts.any():
        # Below the mean, under which they could not be seen; the axis points down.
        aside = ScaledTranslation(0, -6 / 72, scores_of.inches(axes))
        replicates = np.concatenate(points), np.repeat(rows, counts)
        axes.update_datalim(np.column_stack(replicates))  # what is moved aside does not widen the axes by itself
        handles += axes.plot(
            *replicates, "o", color=GREY, alpha=0.45, markersize=3.6,
            markeredgewidth=0, zorder=2, transform=axes.transData + aside, label=comparison.unit,
        )  # fmt: skip
    return handles


def _name_rows(axes: Axes, names: Sequence[str], points: list[NDArray[np.float64]], metric: str, planned: int) -> None:
    """Names at the left; at the right the means, and how many replicates an incomplete one is of."""
    rows = range(len(names))
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(list(rows), scores_of.short_names(names, _NAME_LENGTH))
    axes.tick_params(axis="y", length=0)
    texts = scores_of.score_texts(metric, [float(point.mean()) if point.size else np.nan for point in points])
    for row, point in enumerate(points):
        if 0 < point.size < planned:
            texts[row] += f"  (n = {point.size} of {planned})"
    right_axis = axes.secondary_yaxis("right")
    right_axis.set_yticks(list(rows), texts)
    right_axis.tick_params(length=0)
    right_axis.spines["right"].set_visible(False)
    right_axis.set_ylabel("mean (%)" if metric_of(metric).is_share else "mean")
    for label, point in zip(right_axis.get_yticklabels(), points, strict=True):
        if not point.size:
            label.set_color(VERMILLION)
