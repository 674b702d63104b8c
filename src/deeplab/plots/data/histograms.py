"""The values of each column of a table: what is trained on beside what is tested on."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.style import BLUE, ORANGE, new_figure, say, shorten, style

COLUMNS = 4
MOST = 24
BINS = 24
_ROW_HEIGHT = 1.35  # inches


@style()
def draw(train: NDArray[Any], test: NDArray[Any], names: Sequence[str], title: str) -> Figure:
    """Draw a histogram of each column, as shares of the rows.

    Args:
        train: rows to train on, [n, k], k at most MOST; NaN is left out.
        test: rows to test on, [m, k].
        names: of the columns, k of them.
        title: of the figure.
    """
    rows = -(-len(names) // COLUMNS)
    figure = new_figure(title, 0.6 + _ROW_HEIGHT * rows)
    grid = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axes, name, learned, tested in zip(grid, names, train.T, test.T, strict=False):
        _draw_column(axes, shorten(name, 26), learned[np.isfinite(learned)], tested[np.isfinite(tested)])
    for axes in grid[len(names) :]:
        axes.set_axis_off()
    handles, labels = grid[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="upper right", ncols=2)
    return figure


def _draw_column(axes: Axes, name: str, train: NDArray[Any], test: NDArray[Any]) -> None:
    axes.set_title(name, fontsize=9)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    both = np.concatenate([train, test]).astype(np.float64)
    if not len(both):
        say(axes, "no value")
        return
    low, high = both.min(), both.max()
    edges = np.linspace(low, high, BINS + 1) if low < high else np.array([low - 0.5, low + 0.5])
    for values, color, label, filled in ((train, BLUE, "train", True), (test, ORANGE, "test", False)):
        if len(values):
            shares = np.histogram(values, edges)[0] / len(values)
            axes.stairs(shares, edges, fill=filled, color=color, alpha=0.35 if filled else 1.0, label=label, lw=1.4)
    axes.set_ylim(bottom=0)
