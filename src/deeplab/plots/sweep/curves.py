"""The learning curves of all replicates of one point of a sweep."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from deeplab.metrics import in_order
from deeplab.plots import score_axes as scores_of
from deeplab.plots.epoch_axes import DASHES, LABELS, Line, Row, draw_panel, history_lines, panel_grid, shared_epochs
from deeplab.plots.style import BLUE, VERMILLION, new_figure, style

_COLOURS = {"train": BLUE, "val": VERMILLION}


@style()
def draw(histories: Sequence[Iterable[Row]], *, name: str = "", unit: str = "replicate") -> Figure:
    """Draw a panel for each metric: the replicates as thin lines, their mean as a thick one.

    The mean is drawn for the epochs that every replicate has, since beyond them it would jump where one ends.

    Args:
        histories: for each replicate its rows (epoch, value, metric, data) in any order; epochs from 1, metric
            `loss` or `accuracy` (a fraction) or another, data `train` or `val`. What `history.csv` holds.
            A replicate without a row is not counted.
        name: of the point.
        unit: what they are, if not replicates: `fold`.
    """
    started = [rows for rows in map(list, histories) if rows]
    lines: dict[tuple[str, str], list[Line]] = {}
    for rows in started:
        for key, line in history_lines(rows).items():
            lines.setdefault(key, []).append(line)
    metrics = in_order({metric for metric, _ in lines})
    if not metrics:
        raise ValueError("No epoch to draw: the histories are empty.")
    count = len(started)
    figure = new_figure(scores_of.title(name, f"{count} {unit}{'' if count == 1 else 's'}"), 4.0)
    for panel, metric in zip(panel_grid(figure, len(metrics)), metrics, strict=True):
        _draw_panel(panel, metric, {data: of_data for (m, data), of_data in lines.items() if m == metric})
    _explain(figure, {data for _, data in lines}, count, unit)
    return figure


def _draw_panel(axes: Axes, metric: str, lines: Mapping[str, Sequence[Line]]) -> None:
    drawn = []
    for data, replicates in lines.items():
        look: dict[str, Any] = {"linestyle": DASHES[data], "color": _COLOURS[data]}
        for line in replicates:
            marker = "o" if len(line[0]) == 1 else ""
            thin = {"linewidth": 0.8, "alpha": 0.55, "marker": marker, "markersize": 3}
            drawn.append((line, {**look, **thin}))
        if len(replicates) > 1:
            thick = {"linewidth": 2.4, "markersize": 4, "zorder": 3, "label": f"{LABELS[data]}, mean"}
            epochs, values = shared_epochs(replicates)
            drawn.append(((epochs, values.mean(axis=0)), {**look, **thick}))
    draw_panel(axes, metric, drawn)
    axes.set_title(_panel_title(metric, [line for replicates in lines.values() for line in replicates]))


def _panel_title(metric: str, lines: Sequence[Line]) -> str:
    lengths = sorted({int(x[-1]) for x, _ in lines})
    parts = [f"{lengths[0]} to {lengths[-1]} epochs"] if len(lengths) > 1 else []
    lost = sum(bool(np.isnan(y).any()) for _, y in lines)
    if lost:
        parts.append(f"not finite in {lost} of {len(lines)} lines")
    return f"{metric.capitalize()}: {'; '.join(parts)}" if parts else metric.capitalize()


def _explain(figure: Figure, present: set[str], count: int, unit: str) -> None:
    handles: list[scores_of.Handle] = []
    for data in (data for data in LABELS if data in present):
        label, colour, dashes = LABELS[data], _COLOURS[data], DASHES[data]
        if count > 1:
            handles.append(Line2D([], [], color=colour, linestyle=dashes, linewidth=2.4, label=f"{label}, mean"))
        handles.append(
            Line2D([], [], color=colour, linestyle=dashes, linewidth=0.8, alpha=0.7, label=f"{label}, a {unit}")
        )
    scores_of.add_legend(figure, handles)
