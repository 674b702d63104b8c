"""Panels of a metric against the epoch, as every figure of learning curves has them."""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from deeplab.metrics import is_share
from deeplab.plots.score_axes import percent
from deeplab.plots.style import say

LABELS = {"train": "training", "val": "validation"}
DASHES: dict[str, Literal["--", "-"]] = {"train": "--", "val": "-"}
MARKED_EPOCHS = 15  # up to so many each has a dot
PANELS_ACROSS = 2
ROW_INCHES = 2.6
_LOG_RATIO = 100.0

# What `history.csv` holds: epoch from 1, value, metric, and `train` or `val`.
Row = tuple[int, float, str, str]
# The epochs and values of one line, equally long.
Line = tuple[NDArray[np.int64], NDArray[np.float64]]


def history_lines(rows: Iterable[Row]) -> dict[tuple[str, str], Line]:
    """Make lines of rows in any order.

    Returns:
        By metric and data, in order of the epochs; what is not finite is NaN.

    Examples:
        >>> history_lines([(2, 0.5, "loss", "val"), (1, 0.7, "loss", "val")])
        {('loss', 'val'): (array([1, 2]), array([0.7, 0.5]))}
    """
    values: dict[tuple[str, str], dict[int, float]] = {}
    for epoch, value, metric, data in rows:
        values.setdefault((metric, data), {})[epoch] = value if np.isfinite(value) else np.nan
    return {
        key: (np.array(sorted(line), dtype=np.int64), np.array([line[epoch] for epoch in sorted(line)]))
        for key, line in values.items()
    }


def smoothed(line: Line, weight: float) -> Line:
    """The moving average of a line, each value weighing (1 - weight) and what came before the rest.

    The start is corrected as Kingma and Ba (2015) do it, so that a constant line stays what it is. What is NaN stays
    NaN and counts for nothing.

    Examples:
        >>> smoothed((np.array([1, 2, 3]), np.array([1.0, 1.0, 4.0])), 0.5)[1].round(3).tolist()
        [1.0, 1.0, 2.714]
    """
    x, y = line
    average, total, values = 0.0, 0.0, []
    for value in y.tolist():
        if np.isfinite(value):
            average, total = weight * average + (1 - weight) * value, weight * total + (1 - weight)
        values.append(average / total if np.isfinite(value) else np.nan)
    return x, np.array(values)


def shared_epochs(lines: Sequence[Line]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the epochs that all lines have, and the values there, [lines, epochs]; a mean beyond them would jump.

    Examples:
        >>> shared_epochs([(np.array([1, 2]), np.array([0.5, 0.25])), (np.array([2, 3]), np.array([0.75, 1.0]))])
        (array([2]), array([[0.25],
               [0.75]]))
    """
    shared = reduce(np.intersect1d, (x for x, _ in lines))
    return shared, np.stack([y[np.isin(x, shared)] for x, y in lines])


def panel_grid(figure: Figure, count: int) -> list[Axes]:
    """Lay out so many panels, two in a row; a figure for one row grows with each that is added."""
    rows = -(-count // PANELS_ACROSS)
    figure.set_figheight(figure.get_figheight() + ROW_INCHES * (rows - 1))
    panels: list[Axes] = figure.subplots(rows, min(count, PANELS_ACROSS), squeeze=False).ravel().tolist()
    for unused in panels[count:]:
        unused.set_axis_off()
    return panels[:count]


def draw_panel(axes: Axes, metric: str, lines: Sequence[tuple[Line, dict[str, Any]]]) -> bool:
    """Draw the lines of one metric; a share is in per cent, and a loss that falls a hundredfold on a logarithmic axis.

    Args:
        axes: to draw on, empty.
        metric: what the values are.
        lines: each with what Matplotlib is to draw it with. Few epochs are marked where that says nothing of marks.

    Returns:
        Whether any value is finite; where none is, the panel says so.
    """
    epochs = np.concatenate([x for (x, _), _ in lines])
    values = np.concatenate([y for (_, y), _ in lines])
    finite = values[np.isfinite(values)]
    _set_axes(axes, metric, epochs, finite)
    for (x, y), drawn_with in lines:
        axes.plot(x, y, **{"marker": "o" if len(x) <= MARKED_EPOCHS else "", **drawn_with})
    low, high = axes.get_ylim()  # settles the scale, which labels at the ends need
    if is_share(metric):
        axes.yaxis.set_major_formatter(percent())
        axes.set_ylim(max(low, -0.02), min(high, 1.02))
    if not finite.size:
        axes.set_yticks([])
        say(axes, "no finite value")
    return bool(finite.size)


def _set_axes(axes: Axes, metric: str, epochs: NDArray[np.int64], finite: NDArray[np.float64]) -> None:
    share = is_share(metric)
    axes.set(xlabel="epoch", ylabel=f"{metric} (%)" if share else metric)
    axes.grid(axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    first, last = int(epochs.min()), int(epochs.max())
    margin = max(0.02 * (last - first), 0.5 if first == last else 0.15)
    axes.set_xlim(first - margin, last + margin)
    if not share and finite.size and finite.min() > 0 and finite.max() > _LOG_RATIO * finite.min():
        axes.set_yscale("log")
        axes.set_ylabel(f"{metric} (log scale)")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
