"""Scores over three or more factors of a sweep: parallel coordinates."""

import textwrap
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from deeplab.metrics import metric_of
from deeplab.plots import score_axes as scores_of
from deeplab.plots.style import FAINT, GREY, INK, VERMILLION, new_figure, say, style
from deeplab.plots.sweep.comparison import Comparison

_MAX_TICKS = 8
_TICK_GAP = 0.055  # of the height of an axis
_TITLE_WIDTH = 100
_LETTERS = 84  # of the names of all factors side by side

# Heights in [0, 1] of the points on an axis, and its ticks: (height, text).
_Coordinate = tuple[NDArray[np.float64], list[tuple[float, str]]]


@style()
def draw(
    factors: Sequence[str],
    points: Sequence[Sequence[float | str]],
    means: Sequence[float],
    comparison: Comparison,
    *,
    name: str = "",
) -> Figure:
    """Draw an axis for each factor and a last one for the score, and a line for each point (dark is better).

    The axis of a factor that is a number is linear, or logarithmic where that reads better; one with a word
    among its values has them in even steps, in the order in which they come.

    Args:
        points: the value of each factor at each point, [points, factors].
        means: score of each point, accuracies as fractions; one that is not finite ends its line, dashed,
            before the axis of the score.
        comparison: what was measured, and where it was best: that line is thick and on top.
    """
    metric, best = comparison.metric, comparison.best
    scores_of.check_points([[mean] for mean in means], len(points), best)
    if not factors or any(len(point) != len(factors) for point in points):
        raise ValueError(f"Every point needs a value for each of the {len(factors)} factors, at least one.")
    title = scores_of.title(name, f"{metric_of(metric).label} over {len(factors)} factors")
    figure = new_figure(title, 4.6)
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set(xlim=(-0.02, len(factors) + 0.02), ylim=(-0.03, 1.03))
    coordinates = [_coordinate([point[column] for point in points]) for column in range(len(factors))]
    heights, ticks = _score_coordinate(metric, means)
    coordinates.append((heights, ticks))
    labels = scores_of.short_names(factors, max(6, _LETTERS // len(factors)))
    labels.append(scores_of.axis_label(metric).replace(" ", "\n", 1))
    for place, (label, (_, marks)) in enumerate(zip(labels, coordinates, strict=True)):
        _draw_axis(axes, place, label, marks, is_score=place == len(factors))
    _draw_lines(axes, np.array([places for places, _ in coordinates]).T, metric, means, best)
    if best is None:
        if not np.isfinite(means).any():
            say(axes, "no score")
    else:
        at = ", ".join(f"{factor} = {_text(value)}" for factor, value in zip(factors, points[best], strict=True))
        score = scores_of.score_texts(metric, means)[best] + (" %" if metric_of(metric).is_share else "")
        lines = textwrap.wrap(f"Best (thick line): {score} at {at}", _TITLE_WIDTH, max_lines=3, placeholder=" …")
        # Above the names of the axes, which take up to two lines themselves.
        axes.set_title("\n".join(lines), pad=34)
    return figure


def _text(value: float | str) -> str:
    return str(value) if isinstance(value, str | bool) else scores_of.number_text(value)


def _coordinate(values: list[float | str]) -> _Coordinate:
    """Where the values of one factor lie on its axis."""
    if any(isinstance(value, str | bool) for value in values):
        words = list(dict.fromkeys(map(_text, values)))
        steps = {word: index / (len(words) - 1) if len(words) > 1 else 0.5 for index, word in enumerate(words)}
        shown = scores_of.short_names(words, 16)
        heights = np.array([steps[_text(value)] for value in values])
        return heights, _apart(list(zip(steps.values(), shown, strict=True)))
    numbers = np.array(values, dtype=np.float64)
    distinct = np.unique(numbers)
    log = scores_of.on_log_scale(distinct.tolist())
    low, high = (np.log10(distinct[[0, -1]]) if log else distinct[[0, -1]]).tolist()

    def place(at: NDArray[np.float64]) -> NDArray[np.float64]:
        scaled = np.log10(at) if log else at
        return (scaled - low) / (high - low) if high > low else np.full(at.shape, 0.5)

    if len(distinct) <= _MAX_TICKS or low == high:
        marks = distinct
    elif log:
        marks = 10.0 ** np.arange(np.ceil(low - 1e-9), np.floor(high + 1e-9) + 1)
    else:
        marks = _ticks_within(low, high)
    texts = [scores_of.number_text(mark) for mark in marks.tolist()]
    return place(numbers), _apart(list(zip(place(marks).tolist(), texts, strict=True)))


def _score_coordinate(metric: str, means: Sequence[float]) -> _Coordinate:
    scale = 100.0 if metric_of(metric).is_share else 1.0
    scores = scale * np.array(means, dtype=np.float64)
    known = scores[np.isfinite(scores)]
    if not known.size:
        return np.full(len(scores), np.nan), []
    low, high = float(known.min()), float(known.max())
    if low == high:
        return np.where(np.isfinite(scores), 0.5, np.nan), [(0.5, f"{low:.5g}")]
    marks = _ticks_within(low, high)
    places = ((marks - low) / (high - low)).tolist()
    heights = np.where(np.isfinite(scores), (scores - low) / (high - low), np.nan)
    return heights, [(height, scores_of.number_text(mark)) for height, mark in zip(places, marks, strict=True)]


def _ticks_within(low: float, high: float) -> NDArray[np.float64]:
    marks = np.asarray(MaxNLocator(6).tick_values(low, high))
    return marks[(marks >= low) & (marks <= high)]


def _apart(ticks: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """The ticks that do not collide, both ends among them."""
    if not ticks:
        return ticks
    last = ticks[-1]
    kept = [ticks[0]]
    for tick in ticks[1:-1]:
        if tick[0] - kept[-1][0] >= _TICK_GAP and last[0] - tick[0] >= _TICK_GAP:
            kept.append(tick)
    return kept if last == kept[-1] else [*kept, last]


def _draw_axis(axes: Axes, place: int, label: str, ticks: list[tuple[float, str]], *, is_score: bool) -> None:
    axes.plot([place, place], [0, 1], color=GREY, linewidth=1, zorder=4, label="_axis")
    axes.annotate(
        label, (place, 1), xytext=(0, 12), textcoords="offset points", ha="center", va="bottom", fontsize=9.5,
        color=INK, annotation_clip=False,
    )  # fmt: skip
    for height, text in ticks:
        axes.plot([place], [height], "_", color=GREY, markersize=6, zorder=4, label="_tick")
        axes.annotate(
            text, (place, height), xytext=(-6 if place == 0 else 6, 0), textcoords="offset points",
            ha="right" if place == 0 else "left", va="center", fontsize=8.5, color=INK, zorder=6,
            path_effects=[] if is_score else [withStroke(linewidth=3, foreground="white")],
        )  # fmt: skip


def _draw_lines(
    axes: Axes, heights: NDArray[np.float64], metric: str, means: Sequence[float], best: int | None
) -> None:
    """Draw the points, the worse ones first; heights are [points, axes], NaN on the last where there is no score."""
    scores = np.array(means, dtype=np.float64)
    known = scores[np.isfinite(scores)]
    colours = scores_of.dark_is_better(metric)
    norm = Normalize(known.min(), known.max()) if known.size else Normalize(0, 1)
    for index in np.flatnonzero(~np.isfinite(scores)):
        axes.plot(heights[index], "--", color=FAINT, linewidth=1.2, zorder=1, label="no score")
    order = np.argsort(scores if metric_of(metric).higher_is_better else -scores, kind="stable")
    places = np.arange(heights.shape[1])
    for index in order:
        if np.isfinite(scores[index]) and index != best:
            colour = colours(norm(scores[index]))
            axes.plot(places, heights[index], color=colour, linewidth=1.3, zorder=2, label="point")
    if best is not None:
        axes.plot(places, heights[best], "o-", color=VERMILLION, linewidth=3, markersize=6, zorder=5, label="best")
    if known.size:
        # The last axis is the scale of the colours too.
        x = places[-1]
        pieces = [[(x, low), (x, high)] for low, high in pairwise(np.linspace(0, 1, 65).tolist())]
        axes.add_collection(LineCollection(pieces, colors=colours(np.linspace(0, 1, 64)), linewidths=6, zorder=3))
