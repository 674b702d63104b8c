"""A score against a factor of a sweep that is a number."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from deeplab.config.schema import ReferenceConfig
from deeplab.metrics import metric_of
from deeplab.plots import score_axes as scores_of
from deeplab.plots.style import BLUE, GREY, INK, VERMILLION, new_figure, say, shorten, style
from deeplab.plots.sweep.comparison import Comparison
from deeplab.plots.sweep.reference import draw_reference

_AXES_WIDTH = 490.0  # points, about: the width of the figure without its labels
_MAX_TICKS = 8
_NOTE_WIDTH = 48.0  # points, of "n = 2 of 3"
_HALO = [withStroke(linewidth=2.5, foreground="white")]


@style()
def draw(
    factor: str,
    values: Sequence[float],
    scores: Sequence[Sequence[float]],
    comparison: Comparison,
    *,
    reference: ReferenceConfig | None = None,
    name: str = "",
) -> Figure:
    """Draw means with bars of one standard deviation over replicates, and the replicates beside them.

    A point with fewer replicates than planned is hollow and says so; one without any is named at the bottom.

    Args:
        values: of the factor, one for each point, in any order. The axis is logarithmic where that reads better.
        scores: of the replicates of each point; accuracies as fractions. What is not finite counts as absent.
    """
    metric, best, planned = comparison.metric, comparison.best, comparison.planned
    points = scores_of.check_points(scores, len(values), best)
    x = np.array(values, dtype=np.float64)
    if not np.isfinite(x).all():
        raise ValueError(f"A value of {factor} is not finite: {list(values)}.")
    shown = shorten(factor, 40)
    figure = new_figure(scores_of.title(name, f"{metric_of(metric).label} against {shown}"), 4.4)
    axes = figure.subplots()
    axes.grid(axis="y")
    axes.margins(x=0.06, y=0.1)
    handles = _draw_means(axes, x, points, comparison)
    if best is not None:
        scores_of.ring(axes, float(x[best]), float(points[best].mean()))
        at = f"{shown} = {scores_of.number_text(float(x[best]))}"
        axes.set_title(f"Best: {scores_of.mean_text(metric, points[best])} at {at} ({scores_of.RING})")
    if reference is not None:
        mean_of_best = None if best is None else float(points[best].mean())
        handles.append(draw_reference(axes, reference, metric, mean_of_best))
    missing = x[[not point.size for point in points]]
    if missing.size:
        axes.margins(y=0.16)  # room for what is said at the bottom
        axes.plot(
            missing, np.zeros_like(missing), "x", color=VERMILLION, markersize=7, markeredgewidth=1.6,
            transform=axes.get_xaxis_transform(), clip_on=False, zorder=5, label="missing",
        )  # fmt: skip
    at_values = _scale_factor_axis(axes, x, factor)
    scores_of.finish_score_axis(axes, metric, "y")
    _name_missing(axes, np.unique(missing), at_values)
    _name_incomplete(axes, x, points, planned)
    if not any(point.size for point in points):
        say(axes, "no score")
        if reference is None:
            axes.set_yticks([])
    if handles:
        scores_of.add_legend(figure, handles)
    return figure


def _draw_means(
    axes: Axes, x: NDArray[np.float64], points: list[NDArray[np.float64]], comparison: Comparison
) -> list[scores_of.Handle]:
    """Draw the replicates, the means and their bars; returns what the legend should explain."""
    planned = comparison.planned
    means = np.array([point.mean() if point.size else np.nan for point in points])
    of_sample = int(comparison.deviation == "n-1")
    spreads = np.array([point.std(ddof=of_sample) if point.size > 1 else np.nan for point in points])
    counts = np.array([point.size for point in points])
    divisor = comparison.deviation.replace("-", " − ")
    order = np.argsort(x, kind="stable")
    axes.plot(x[order], means[order], color=BLUE, linewidth=1, alpha=0.35, zorder=1.8, label="means, joined")
    handles: list[scores_of.Handle] = []
    for chosen, face, label in (
        (counts >= planned, BLUE, f"mean ± 1 standard deviation ({divisor})" if counts.max() > 1 else "score"),
        ((counts > 0) & (counts < planned), "white", f"fewer than {planned} {comparison.unit}s"),
    ):
        if chosen.any():
            bars = axes.errorbar(
                x[chosen], means[chosen], yerr=spreads[chosen], fmt="o", color=BLUE, markersize=6,
                markerfacecolor=face, markeredgewidth=1.4, elinewidth=1.4, capsize=3.5, zorder=3, label=label,
            )  # fmt: skip
            handles.append(bars)
    if planned > 1 and counts.any():
        # Beside the bar, under which they could not be seen.
        aside = ScaledTranslation(7 / 72, 0, scores_of.inches(axes))
        replicates = np.repeat(x, counts), np.concatenate(points)
        axes.update_datalim(np.column_stack(replicates))  # what is moved aside does not widen the axes by itself
        handles += axes.plot(
            *replicates, "o", color=GREY, alpha=0.45, markersize=3.6,
            markeredgewidth=0, zorder=2, transform=axes.transData + aside, label=comparison.unit,
        )  # fmt: skip
    return handles


def _scale_factor_axis(axes: Axes, x: NDArray[np.float64], factor: str) -> bool:
    """Choose scale and ticks; returns whether each value has its own tick."""
    log = scores_of.on_log_scale(x.tolist())
    axes.set_xlabel(shorten(factor, 60) + (" (log scale)" if log else ""))
    if log:
        axes.set_xscale("log")
    distinct = np.unique(x)
    texts = [scores_of.number_text(value) for value in distinct.tolist()]
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: scores_of.number_text(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    if len(distinct) > _MAX_TICKS or not _fit(axes, distinct, texts):
        return False
    axes.xaxis.set_major_locator(FixedLocator(distinct.tolist()))
    axes.xaxis.set_minor_locator(NullLocator())
    return True


def _places(axes: Axes, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where values lie along the axis, in points, about."""
    left, right = (axes.transData.transform((limit, 0))[0] for limit in axes.get_xlim())
    pixels = axes.transData.transform(np.column_stack([x, np.zeros_like(x)]))[:, 0]
    places: NDArray[np.float64] = (pixels - left) / (right - left) * _AXES_WIDTH
    return places


def _fit(axes: Axes, x: NDArray[np.float64], texts: list[str]) -> bool:
    widths = np.array([5.4 * len(text) for text in texts])
    needed = (widths[1:] + widths[:-1]) / 2 + 8
    return len(set(texts)) == len(texts) and bool((np.diff(_places(axes, x)) >= needed).all())


def _name_missing(axes: Axes, missing: NDArray[np.float64], at_values: bool) -> None:
    texts = ["missing" if at_values else f"{scores_of.number_text(value)} missing" for value in missing.tolist()]
    flat = _fit(axes, missing, texts)
    for value, text in zip(missing.tolist(), texts, strict=True):
        axes.annotate(
            text, (value, 0), xycoords=axes.get_xaxis_transform(), xytext=(0, 8), textcoords="offset points",
            ha="center", va="bottom", rotation=0 if flat else 90, color=VERMILLION, fontsize=8, zorder=5,
            path_effects=_HALO,
        )  # fmt: skip


def _name_incomplete(axes: Axes, x: NDArray[np.float64], points: list[NDArray[np.float64]], planned: int) -> None:
    """Write `n = 2 of 3` at the side of a point where the axes have more room."""
    incomplete = [index for index, point in enumerate(points) if 0 < point.size < planned]
    gaps = np.diff(np.sort(_places(axes, x)))
    flat = not gaps.size or gaps.min() >= _NOTE_WIDTH
    middle = sum(axes.get_ylim()) / 2
    for index in incomplete:
        mean, point = float(points[index].mean()), points[index]
        spread = float(point.std(ddof=1)) if point.size > 1 else 0.0
        above = mean < middle
        end = max(mean + spread, float(point.max())) if above else min(mean - spread, float(point.min()))
        axes.annotate(
            f"n = {point.size} of {planned}", (float(x[index]), end), xytext=(0, 9 if above else -9),
            textcoords="offset points", ha="center", va="bottom" if above else "top", rotation=0 if flat else 90,
            color=INK, fontsize=8, zorder=5, path_effects=_HALO,
        )  # fmt: skip
