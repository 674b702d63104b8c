"""The learning curves of several runs in one picture."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from deeplab.metrics import in_order, is_share
from deeplab.plots import score_axes as scores_of
from deeplab.plots.epoch_axes import set_epoch_axes
from deeplab.plots.style import BLUE, GREEN, INK, ORANGE, PURPLE, SKY, VERMILLION, new_figure, say, style

_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
_DASHES: dict[str, Literal["--", "-"]] = {"train": "--", "val": "-"}
_DATA = {"train": "training", "val": "validation"}
_MARKED_EPOCHS = 15
_NAME_LENGTH = 38  # letters of a run's name in the legend
_LEGEND_ROW = 0.17  # inches that a row of the legend takes

Row = tuple[int, float, str, str]
# The epochs and values of one line, equally long.
_Line = tuple[NDArray[np.int64], NDArray[np.float64]]


@style()
def draw(histories: Mapping[str, Iterable[Row]]) -> Figure:
    """Draw a panel for each metric, each run in a colour of its own: training dashed, validation solid.

    Args:
        histories: for each run, under the name that the legend gives it, its rows (epoch, value, metric, data) in any
            order; epochs from 1, metric `loss` or `accuracy` (a fraction) or another, data `train` or `val`. What
            `history.csv` holds. A run without a row is not drawn.

    Raises:
        ValueError: no run has a row.
    """
    lines = {name: _lines(rows) for name, rows in histories.items()}
    lines = {name: found for name, found in lines.items() if found}
    metrics = in_order({metric for found in lines.values() for metric, _ in found})
    if not metrics:
        raise ValueError("No epoch to draw: the histories are empty.")
    names = scores_of.short_names(list(lines), _NAME_LENGTH)
    colours = dict(zip(lines, _colours(len(lines)), strict=True))
    listed = " and ".join(filter(None, (", ".join(metrics[:-1]), metrics[-1])))
    title = f"{len(lines)} runs: {listed} by epoch" if len(lines) > 1 else names[0]
    figure = new_figure(scores_of.title("", title), 4.0 + _LEGEND_ROW * len(lines) / 2)
    panels = np.atleast_1d(figure.subplots(1, len(metrics)))
    for panel, metric in zip(panels, metrics, strict=True):
        _draw_panel(panel, metric, lines, colours)
    present = {data for found in lines.values() for _, data in found}
    _explain(figure, dict(zip(names, colours.values(), strict=True)), present)
    return figure


def _lines(rows: Iterable[Row]) -> dict[tuple[str, str], _Line]:
    """Rows to lines by (metric, data), in order of the epochs; what is not finite becomes NaN."""
    found: dict[tuple[str, str], dict[int, float]] = {}
    for epoch, value, metric, data in rows:
        found.setdefault((metric, data), {})[epoch] = value if np.isfinite(value) else np.nan
    return {
        key: (np.array(sorted(values), dtype=np.int64), np.array([values[epoch] for epoch in sorted(values)]))
        for key, values in found.items()
    }


def _colours(count: int) -> Sequence[str]:
    """As many colours as there are runs: told apart by everybody as long as there are six, then along a map."""
    if count <= len(_COLOURS):
        return _COLOURS[:count]
    steps = matplotlib.colormaps["turbo"](np.linspace(0.05, 0.95, count))
    return [matplotlib.colors.to_hex(step) for step in steps]


def _draw_panel(
    axes: Axes, metric: str, lines: Mapping[str, Mapping[tuple[str, str], _Line]], colours: Mapping[str, str]
) -> None:
    drawn = [line for found in lines.values() for (name, _), line in found.items() if name == metric]
    epochs = np.concatenate([x for x, _ in drawn])
    values = np.concatenate([y for _, y in drawn])
    finite = values[np.isfinite(values)]
    set_epoch_axes(axes, metric, epochs, finite)
    for name, found in lines.items():
        for data, dashes in _DASHES.items():
            if (metric, data) in found:
                x, y = found[metric, data]
                marker = "o" if len(x) <= _MARKED_EPOCHS else ""
                axes.plot(x, y, dashes, color=colours[name], marker=marker, markersize=3, label=f"{name}, {data}")
    if is_share(metric):
        axes.yaxis.set_major_formatter(scores_of.percent())
        low, high = axes.get_ylim()
        axes.set_ylim(max(low, -0.02), min(high, 1.02))
    if not finite.size:
        axes.set_yticks([])
        say(axes, "no finite value")
    axes.set_title(metric.capitalize())


def _explain(figure: Figure, colours: Mapping[str, str], present: set[str]) -> None:
    handles: list[scores_of.Handle] = [
        Line2D([], [], color=colour, linewidth=2.4, label=name) for name, colour in colours.items()
    ]
    handles += [
        Line2D([], [], color=INK, linestyle=_DASHES[data], label=label)
        for data, label in _DATA.items()
        if data in present
    ]
    scores_of.add_legend(figure, handles)
