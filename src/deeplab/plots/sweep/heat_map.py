"""Mean scores over two factors of a sweep."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from deeplab.metrics import metric_of
from deeplab.plots import score_axes as scores_of
from deeplab.plots.style import FAINT, GREY, INK, new_figure, shorten, style
from deeplab.plots.sweep.comparison import Comparison

_AXES_WIDTH = 440.0  # points, about: the width of the figure without its labels and the scale of colours
_LETTER = 0.62  # width of a digit, in sizes of the font
_SMALLEST = 4.5  # size in points below which no digit can be read
_FRAME = 0.06  # of a cell, between its edge and the frame of the best


@style()
def draw(
    factors: tuple[str, str],
    values: tuple[Sequence[str], Sequence[str]],
    means: NDArray[np.float64],
    counts: NDArray[np.int64],
    comparison: Comparison,
    *,
    name: str = "",
) -> Figure:
    """Draw a cell for each pair of values, coloured by its mean (dark is better) and with the number in it.

    The best point is framed. Cells without a mean say `missing`, those of fewer replicates
    than planned `n = 2 of 3`.

    Args:
        factors: of the rows and of the columns.
        values: of the rows from the top down, and of the columns.
        means: [rows, columns], accuracies as fractions; NaN where there is no score.
        counts: replicates that have a score, [rows, columns].
        comparison: what was measured, and where it was best, counted row by row.
    """
    metric, best = comparison.metric, comparison.best
    shape = (len(values[0]), len(values[1]))
    if means.shape != shape or counts.shape != shape or not means.size:
        raise ValueError(
            f"Means {means.shape} and counts {counts.shape} for {shape[0]} x {shape[1]} values; the three must agree."
        )
    if best is not None and not (0 <= best < means.size and np.isfinite(means.flat[best])):
        raise ValueError(f"Point {best} cannot be the best of {means.size}: it does not exist or has no score.")
    rows_of, columns_of = (shorten(factor, 40) for factor in factors)
    figure = new_figure(
        scores_of.title(name, f"{metric_of(metric).label} over two factors"), 1.7 + 0.42 * max(2, shape[0])
    )
    axes = figure.subplots()
    axes.grid(False)
    axes.set(xlabel=columns_of, ylabel=rows_of)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    known = means[np.isfinite(means)]
    colours = scores_of.dark_is_better(metric)
    norm = _norm(known)
    image = axes.imshow(np.ma.masked_invalid(means), cmap=colours, norm=norm, aspect="auto")
    _name_values(axes, values)
    _write_cells(axes, means, counts, comparison, lambda mean: colours(norm(mean)))
    if best is None:
        axes.set_title("No score")
        return figure
    row, column = divmod(best, shape[1])
    _frame(axes, row, column)
    text = scores_of.score_texts(metric, means.ravel().tolist())[best] + (" %" if metric_of(metric).is_share else "")
    where = f"{shorten(factors[0], 24)} = {shorten(values[0][row], 14)}, {shorten(factors[1], 24)} = "
    axes.set_title(f"Best: {text} at {where}{shorten(values[1][column], 14)} (framed)")
    scale = figure.colorbar(image, ax=axes, label=scores_of.axis_label(metric), pad=0.015, aspect=30)
    scale.outline.set_visible(False)
    if metric_of(metric).is_share:
        scale.ax.yaxis.set_major_formatter(scores_of.percent())
    else:
        scale.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: scores_of.number_text(value)))
    return figure


def _norm(known: NDArray[np.float64]) -> Normalize:
    """From the least to the greatest mean; where all are equal, about them."""
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    margin = 0.0 if high > low else 0.01 * (abs(low) or 1.0)
    return Normalize(low - margin, high + margin)


def _name_values(axes: Axes, values: tuple[Sequence[str], Sequence[str]]) -> None:
    rows, columns = (scores_of.short_names(names, 18) for names in values)
    axes.set_yticks(range(len(rows)), rows)
    upright = max(map(len, columns)) * 8.5 * _LETTER < _AXES_WIDTH / len(columns)
    axes.set_xticks(
        range(len(columns)), columns, rotation=0 if upright else 45, ha="center" if upright else "right",
        rotation_mode="anchor" if not upright else "default",
    )  # fmt: skip


def _write_cells(
    axes: Axes,
    means: NDArray[np.float64],
    counts: NDArray[np.int64],
    comparison: Comparison,
    colour: Callable[[float], tuple[float, float, float, float]],
) -> None:
    texts = np.array(scores_of.score_texts(comparison.metric, means.ravel().tolist())).reshape(means.shape)
    notes = np.array([f"n = {count} of {comparison.planned}" for count in counts.ravel()]).reshape(means.shape)
    incomplete = np.isfinite(means) & (counts < comparison.planned)
    width = 0.92 * _AXES_WIDTH / means.shape[1]
    size = min(9.0, width / _LETTER / max(len(text) for text in texts.ravel()))
    note_size = min(7.5, width / _LETTER / max(len(note) for note in notes.ravel()))
    for (row, column), mean in np.ndenumerate(means):
        if not np.isfinite(mean):
            corner = (column - 0.5, row - 0.5)
            axes.add_patch(Rectangle(corner, 1, 1, facecolor="white", edgecolor=FAINT, hatch="////", linewidth=0))
        ink = _contrast(colour(mean)) if np.isfinite(mean) else GREY
        halo = [] if np.isfinite(mean) else [withStroke(linewidth=3, foreground="white")]
        if size >= _SMALLEST:
            lift = 5 if incomplete[row, column] else 0
            axes.annotate(
                str(texts[row, column]), (column, row), xytext=(0, lift), textcoords="offset points", ha="center",
                va="center", color=ink, fontsize=size, path_effects=halo,
            )  # fmt: skip
        if incomplete[row, column] and note_size >= _SMALLEST:
            axes.annotate(
                str(notes[row, column]), (column, row), xytext=(0, -6), textcoords="offset points", ha="center",
                va="center", color=ink, fontsize=note_size,
            )  # fmt: skip


def _contrast(colour: tuple[float, float, float, float]) -> str:
    """White or ink, whichever is told better from a colour (WCAG 2, relative luminance)."""
    channels = np.array(colour[:3])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ np.array([0.2126, 0.7152, 0.0722]))
    return "white" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.06 else INK


def _frame(axes: Axes, row: int, column: int) -> None:
    side = 1 - 2 * _FRAME
    frame = Rectangle(
        (column - 0.5 + _FRAME, row - 0.5 + _FRAME), side, side, facecolor="none", edgecolor=INK, linewidth=1.8,
        label="best", path_effects=[withStroke(linewidth=4, foreground="white")],
    )  # fmt: skip
    axes.add_patch(frame)
