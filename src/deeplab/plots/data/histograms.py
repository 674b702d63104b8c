"""The values of each column of a table: what is trained on beside what is tested on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from deeplab.plots.style import BLUE, ORANGE, new_figure, say, shorten, style

COLUMNS = 4
MOST = 24
MOST_VALUES = 6
BINS = 24
_ROW_HEIGHT = 1.35  # inches


@dataclass(frozen=True)
class Panel:
    """A column."""

    name: str  # of it
    # values of the rows to train on, [n]; NaN is left out. Of a category the numbers of its values.
    train: NDArray[np.floating]
    test: NDArray[np.floating]  # values of the rows to test on, [m]
    categories: tuple[str, ...] = ()  # a name for each value of a category
    is_date: bool = False  # whether the values are days since the beginning of 1970


@style()
def draw(panels: Sequence[Panel], title: str) -> Figure:
    """Draw a histogram of each column, as shares of the rows.

    Args:
        panels: at most MOST.
        title: of the figure.
    """
    rows = -(-len(panels) // COLUMNS)
    figure = new_figure(title, 0.6 + _ROW_HEIGHT * rows)
    grid = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axes, panel in zip(grid, panels, strict=False):
        _draw_panel(axes, panel)
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    drawn = [axes.get_legend_handles_labels() for axes in grid]
    handles, labels = max(drawn, key=lambda pair: len(pair[0]))
    if handles:
        figure.legend(handles, labels, loc="upper right", ncols=2)
    return figure


def _draw_panel(axes: Axes, panel: Panel) -> None:
    axes.set_title(shorten(panel.name, 26), fontsize=9)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    parts = {"train": panel.train[np.isfinite(panel.train)], "test": panel.test[np.isfinite(panel.test)]}
    both = np.concatenate([*parts.values()]).astype(np.float64)
    if not len(both):
        say(axes, "no value")
        return
    edges = _edges(both, panel)
    for (label, values), color in zip(parts.items(), (BLUE, ORANGE), strict=True):
        if len(values):
            shares = np.histogram(values, edges)[0] / len(values)
            filled = label == "train"
            axes.stairs(shares, edges, fill=filled, color=color, alpha=0.35 if filled else 1.0, label=label, lw=1.4)
    axes.set_ylim(bottom=0)
    _name_ticks(axes, panel)


def _edges(values: NDArray[np.float64], panel: Panel) -> NDArray[np.floating]:
    if panel.categories:
        return np.arange(len(panel.categories) + 1) - 0.5
    low, high = values.min(), values.max()
    return np.linspace(low, high, BINS + 1) if low < high else np.array([low - 0.5, low + 0.5])


def _name_ticks(axes: Axes, panel: Panel) -> None:
    if panel.categories:
        shown = panel.categories[:MOST_VALUES]
        axes.set_xticks(range(len(shown)), [shorten(name, 26 // len(shown)) for name in shown])
        return
    is_whole = bool((np.rint(panel.train) == panel.train).all())
    axes.xaxis.set_major_locator(MaxNLocator(3, integer=is_whole))
    if panel.is_date:
        days = axes.get_xticks()
        low, high = axes.get_xlim()
        inside = [day for day in days if low <= day <= high]
        axes.set_xticks(inside, [str(np.datetime64(int(day), "D"))[:7] for day in inside])
