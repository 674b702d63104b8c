"""Accuracy and loss of training and validation against the epoch."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deeplab.metrics import in_order, is_share, label_of, metric_of
from deeplab.plots.epoch_axes import DASHES, LABELS, Line, Row, draw_panel, history_lines, panel_grid, smoothed
from deeplab.plots.style import BLUE, GREY, INK, VERMILLION, Margins, new_figure, place_axes, style

_COLOURS = {"train": BLUE, "val": VERMILLION}
_LABEL_GAP = 0.075
_ONE_LINE = Margins(left=0.87, right=0.76, bottom=0.54, top=0.6, across=1.56)
_TWO_LINES = replace(_ONE_LINE, top=0.76, down=0.96)
MOST_SHORT_TITLES = 2  # more metrics are told apart by what they are called in words


@style()
def draw(rows: Iterable[Row], monitor: str = "accuracy", *, name: str = "", smoothing: float = 0.0) -> Figure:
    """Draw a panel for each metric, and mark the best epoch of validation.

    Args:
        rows: (epoch, value, metric, data) in any order; epochs from 1, metric `loss` or `accuracy` (a
            fraction) or another, data `train` or `val`. What `history.csv` holds.
        monitor: the metric whose best value on validation is marked; the first of equals. Without
            validation nothing is marked.
        name: what was trained, for the title.
        smoothing: in [0, 1), of `smoothed`; above 0 what was measured is drawn faintly behind it.

    Raises:
        ValueError: there are no rows.
    """
    lines = history_lines(rows)
    metrics = in_order({metric for metric, _ in lines})
    if not metrics:
        raise ValueError("No epoch to draw: the history is empty.")
    best = _best_epoch(lines.get((monitor, "val")), monitor)
    figure = new_figure(f"{name}: training and validation" if name else "Training and validation", 3.8)
    for panel, metric in zip(panel_grid(figure, len(metrics)), metrics, strict=True):
        _draw_panel(panel, metric, {data: line for (m, data), line in lines.items() if m == metric}, best, smoothing)
        if len(metrics) > MOST_SHORT_TITLES:
            _, _, rest = panel.get_title(loc="left").partition(": ")
            label = label_of(metric)
            panel.set_title(f"{label[:1].upper()}{label[1:]}\n{rest}".rstrip(), y=1)
    place_axes(figure, _ONE_LINE if len(metrics) <= MOST_SHORT_TITLES else _TWO_LINES)
    return figure


def _best_epoch(line: Line | None, monitor: str) -> int | None:
    if line is None or np.isnan(line[1]).all():
        return None
    epochs, y = line
    best = metric_of(monitor).best(y)
    return None if best is None else int(epochs[best])


def _draw_panel(axes: Axes, metric: str, lines: dict[str, Line], best: int | None, smoothing: float) -> None:
    shown = {data: smoothed(line, smoothing) if smoothing else line for data, line in lines.items()}
    drawn: list[tuple[Line, dict[str, Any]]] = [
        (line, {"linestyle": DASHES[data], "color": _COLOURS[data], "markersize": 3.5, "label": LABELS[data]})
        for data, line in shown.items()
    ]
    if smoothing:
        drawn += [
            (line, {"color": _COLOURS[data], "alpha": 0.3, "linewidth": 1, "marker": ""})
            for data, line in lines.items()
        ]
    if draw_panel(axes, metric, drawn):
        _label_ends(axes, shown)
    axes.set_title(_panel_title(metric, lines, best), y=1)
    axes.yaxis.get_offset_text().set(x=-0.02, ha="right")  # a power of ten stands beside the title, not in it
    if best is not None and "val" in lines:
        x, y = lines["val"]
        axes.axvline(best, color=GREY, linewidth=1, linestyle=":", zorder=1)
        axes.plot(
            [best], y[x == best], "o", markersize=9, markerfacecolor="none", markeredgecolor=INK,
            markeredgewidth=1.4, label="best epoch",
        )  # fmt: skip


def _panel_title(metric: str, lines: dict[str, Line], best: int | None) -> str:
    total = len({epoch for x, _ in lines.values() for epoch in x.tolist()})
    lost = {epoch for x, y in lines.values() for epoch in x[np.isnan(y)].tolist()}
    parts = []
    if best is not None and "val" in lines:
        x, y = lines["val"]
        value = float(y[x == best][0])
        shown = f"{100 * value:.2f} %" if is_share(metric) else f"{value:.4g}"
        parts.append(f"validation {shown} in epoch {best} (○)")
    if lost:
        parts.append(f"not finite in {len(lost)} of {total} epochs")
    return f"{metric.capitalize()}: {'; '.join(parts)}" if parts else metric.capitalize()


def _label_ends(axes: Axes, lines: dict[str, Line]) -> None:
    """Name each line at its right end, pushed apart where two ends meet."""
    to_axes = axes.transData + axes.transAxes.inverted()
    ends = []
    for data, (x, y) in lines.items():
        if not np.isnan(y).all():
            last = np.flatnonzero(~np.isnan(y))[-1]
            ends.append((float(to_axes.transform((x[last], y[last]))[1]), data))
    ends.sort()
    if len(ends) == 2 and ends[1][0] - ends[0][0] < _LABEL_GAP:
        middle = (ends[0][0] + ends[1][0]) / 2
        ends = [(middle - _LABEL_GAP / 2, ends[0][1]), (middle + _LABEL_GAP / 2, ends[1][1])]
    for height, data in ends:
        axes.annotate(
            LABELS[data], (1.0, height), xycoords="axes fraction", xytext=(4, 0), textcoords="offset points",
            color=_COLOURS[data], va="center", fontsize=9,
        )  # fmt: skip
