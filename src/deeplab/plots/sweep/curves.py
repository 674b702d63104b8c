"""The learning curves of all replicates of one point of a sweep."""

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from deeplab.metrics import in_order, is_share
from deeplab.plots import score_axes as scores_of
from deeplab.plots.style import BLUE, VERMILLION, new_figure, say, style

_LINES: dict[str, tuple[str, str, Literal["--", "-"]]] = {
    "train": ("training", BLUE, "--"),
    "val": ("validation", VERMILLION, "-"),
}
_LOG_RATIO = 100.0
_MARKED_EPOCHS = 15

Row = tuple[int, float, str, str]
# By metric and data, then by replicate: {epoch: value}.
_Lines = dict[tuple[str, str], list[dict[int, float]]]


@style()
def draw(histories: Sequence[Iterable[Row]], *, name: str = "") -> Figure:
    """Draw a panel for each metric: the replicates as thin lines, their mean as a thick one.

    The mean is drawn for the epochs that every replicate has, since beyond them it would jump where one ends.

    Args:
        histories: for each replicate its rows (epoch, value, metric, data) in any order; epochs from 1, metric
            `loss` or `accuracy` (a fraction) or another, data `train` or `val`. What `history.csv` holds.
            A replicate without a row is not counted.
        name: of the point, for the title.

    Raises:
        ValueError: no replicate has a row.
    """
    started = [rows for rows in map(list, histories) if rows]
    lines = _lines(started)
    metrics = in_order({metric for metric, _ in lines})
    if not metrics:
        raise ValueError("No epoch to draw: the histories are empty.")
    count = len(started)
    figure = new_figure(scores_of.title(name, f"{count} replicate{'' if count == 1 else 's'}"), 4.0)
    panels = np.atleast_1d(figure.subplots(1, len(metrics)))
    for panel, metric in zip(panels, metrics, strict=True):
        _draw_panel(panel, metric, {data: found for (m, data), found in lines.items() if m == metric})
    _explain(figure, {data for _, data in lines}, count)
    return figure


def _lines(histories: Sequence[Sequence[Row]]) -> _Lines:
    found: _Lines = {}
    for history in histories:
        own: dict[tuple[str, str], dict[int, float]] = {}
        for epoch, value, metric, data in history:
            own.setdefault((metric, data), {})[epoch] = value if np.isfinite(value) else np.nan
        for key, values in own.items():
            found.setdefault(key, []).append(values)
    return found


def _draw_panel(axes: Axes, metric: str, lines: dict[str, list[dict[int, float]]]) -> None:
    replicates = [line for found in lines.values() for line in found]
    epochs = sorted({epoch for line in replicates for epoch in line})
    values = scores_of.finite([value for line in replicates for value in line.values()])
    share = is_share(metric)
    axes.set(xlabel="epoch", ylabel=f"{metric} (%)" if share else metric)
    axes.grid(axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    margin = max(0.02 * (epochs[-1] - epochs[0]), 0.5 if len(epochs) == 1 else 0.15)
    axes.set_xlim(epochs[0] - margin, epochs[-1] + margin)
    if not share and values.size and values.min() > 0 and values.max() > _LOG_RATIO * values.min():
        axes.set_yscale("log")
        axes.set_ylabel(f"{metric} (log scale)")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    for data, found in lines.items():
        _draw_data(axes, data, found)
    if share:
        axes.yaxis.set_major_formatter(scores_of.percent())
        low, high = axes.get_ylim()
        axes.set_ylim(max(low, -0.02), min(high, 1.02))
    if not values.size:
        axes.set_yticks([])
        say(axes, "no finite value")
    axes.set_title(_panel_title(metric, replicates))


def _draw_data(axes: Axes, data: str, found: list[dict[int, float]]) -> None:
    label, colour, dashes = _LINES[data]
    for line in found:
        epochs = sorted(line)
        axes.plot(
            epochs, [line[epoch] for epoch in epochs], dashes, color=colour, linewidth=0.8, alpha=0.55,
            marker="o" if len(epochs) == 1 else "", markersize=3, label=f"{label}, a replicate",
        )  # fmt: skip
    if len(found) > 1:
        shared: NDArray[np.int64] = np.array(sorted(set.intersection(*(set(line) for line in found))), dtype=np.int64)
        means = [float(np.mean([line[epoch] for line in found])) for epoch in shared.tolist()]
        marker = "o" if len(shared) <= _MARKED_EPOCHS else ""
        axes.plot(
            shared, means, dashes, color=colour, linewidth=2.4, marker=marker, markersize=4, zorder=3,
            label=f"{label}, mean",
        )  # fmt: skip


def _panel_title(metric: str, replicates: list[dict[int, float]]) -> str:
    lengths = sorted({max(line) for line in replicates})
    parts = [f"{lengths[0]} to {lengths[-1]} epochs"] if len(lengths) > 1 else []
    lost = sum(any(np.isnan(value) for value in line.values()) for line in replicates)
    if lost:
        parts.append(f"not finite in {lost} of {len(replicates)} lines")
    return f"{metric.capitalize()}: {'; '.join(parts)}" if parts else metric.capitalize()


def _explain(figure: Figure, present: set[str], count: int) -> None:
    handles: list[scores_of.Handle] = []
    for data in (data for data in _LINES if data in present):
        label, colour, dashes = _LINES[data]
        if count > 1:
            handles.append(Line2D([], [], color=colour, linestyle=dashes, linewidth=2.4, label=f"{label}, mean"))
        handles.append(
            Line2D([], [], color=colour, linestyle=dashes, linewidth=0.8, alpha=0.7, label=f"{label}, a replicate")
        )
    scores_of.add_legend(figure, handles)
