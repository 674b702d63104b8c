"""Accuracy and loss of training and validation against the epoch."""

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from deeplab.metrics import in_order, is_share, metric_of
from deeplab.plots.epoch_axes import set_epoch_axes
from deeplab.plots.style import BLUE, GREY, INK, VERMILLION, new_figure, say, style

_LINES = {"train": ("training", BLUE, "--"), "val": ("validation", VERMILLION, "-")}
_MARKED_EPOCHS = 15
_LABEL_GAP = 0.075

# The epochs and values of one line, equally long.
_Line = tuple[NDArray[np.int64], NDArray[np.float64]]


@style()
def draw(
    rows: Iterable[tuple[int, float, str, str]],
    monitor: str = "accuracy",
    *,
    name: str = "",
) -> Figure:
    """Draw a panel for each metric, and mark the best epoch of validation.

    Args:
        rows: (epoch, value, metric, data) in any order; epochs from 1, metric `loss` or `accuracy` (a
            fraction) or another, data `train` or `val`. What `history.csv` holds.
        monitor: the metric whose best value on validation is marked; the first of equals. Without
            validation nothing is marked.
        name: what was trained, for the title.

    Raises:
        ValueError: there are no rows.
    """
    lines = _lines(rows)
    metrics = in_order({metric for metric, _ in lines})
    if not metrics:
        raise ValueError("No epoch to draw: the history is empty.")
    best = _best_epoch(lines.get((monitor, "val")), monitor)
    figure = new_figure(f"{name}: training and validation" if name else "Training and validation", 3.8)
    panels = np.atleast_1d(figure.subplots(1, len(metrics)))
    for panel, metric in zip(panels, metrics, strict=True):
        _draw_panel(panel, metric, {data: line for (m, data), line in lines.items() if m == metric}, best)
    return figure


def _lines(rows: Iterable[tuple[int, float, str, str]]) -> dict[tuple[str, str], _Line]:
    """Rows to lines by (metric, data), in order of the epochs; what is not finite becomes NaN."""
    found: dict[tuple[str, str], dict[int, float]] = {}
    for epoch, value, metric, data in rows:
        found.setdefault((metric, data), {})[epoch] = value
    lines = {}
    for key, values in found.items():
        epochs = np.array(sorted(values), dtype=np.int64)
        y = np.array([values[epoch] for epoch in epochs], dtype=np.float64)
        lines[key] = (epochs, np.where(np.isfinite(y), y, np.nan))
    return lines


def _best_epoch(line: _Line | None, monitor: str) -> int | None:
    if line is None or np.isnan(line[1]).all():
        return None
    epochs, y = line
    best = metric_of(monitor).best(y)
    return None if best is None else int(epochs[best])


def _draw_panel(axes: Axes, metric: str, lines: dict[str, _Line], best: int | None) -> None:
    values = np.concatenate([y for _, y in lines.values()])
    epochs = np.concatenate([x for x, _ in lines.values()])
    finite = values[np.isfinite(values)]
    set_epoch_axes(axes, metric, epochs, finite)
    for data, (x, y) in lines.items():
        _, colour, dashes = _LINES[data]
        marker = "o" if len(x) <= _MARKED_EPOCHS else ""
        axes.plot(x, y, dashes, color=colour, marker=marker, markersize=3.5, label=_LINES[data][0])
    low, high = axes.get_ylim()  # settles the scale, which the labels at the ends need
    if is_share(metric):
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=""))
        axes.set_ylim(max(low, -0.02), min(high, 1.02))
    if finite.size:
        _label_ends(axes, lines)
    else:
        axes.set_yticks([])
        say(axes, "no finite value")
    axes.set_title(_panel_title(metric, lines, best))
    if best is not None and "val" in lines:
        x, y = lines["val"]
        axes.axvline(best, color=GREY, linewidth=1, linestyle=":", zorder=1)
        axes.plot(
            [best], y[x == best], "o", markersize=9, markerfacecolor="none", markeredgecolor=INK,
            markeredgewidth=1.4, label="best epoch",
        )  # fmt: skip


def _panel_title(metric: str, lines: dict[str, _Line], best: int | None) -> str:
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


def _label_ends(axes: Axes, lines: dict[str, _Line]) -> None:
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
        label, colour, _ = _LINES[data]
        axes.annotate(
            label, (1.0, height), xycoords="axes fraction", xytext=(4, 0), textcoords="offset points",
            color=colour, va="center", fontsize=9,
        )  # fmt: skip
