"""The learning curves of several runs in one picture."""

from collections.abc import Iterable, Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from deeplab.metrics import in_order
from deeplab.plots import score_axes as scores_of
from deeplab.plots.epoch_axes import DASHES, LABELS, Line, Row, draw_panel, history_lines, panel_grid
from deeplab.plots.style import BLUE, GREEN, INK, ORANGE, PURPLE, SKY, VERMILLION, new_figure, style

_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
_NAME_LENGTH = 38  # letters of a run's name in the legend
_LEGEND_ROW = 0.17  # inches that a row of the legend takes


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
    runs = {name: lines for name, rows in histories.items() if (lines := history_lines(rows))}
    metrics = in_order({metric for lines in runs.values() for metric, _ in lines})
    if not metrics:
        raise ValueError("No epoch to draw: the histories are empty.")
    names = scores_of.short_names(list(runs), _NAME_LENGTH)
    colours = dict(zip(runs, _colours(len(runs)), strict=True))
    listed = " and ".join(filter(None, (", ".join(metrics[:-1]), metrics[-1])))
    title = f"{len(runs)} runs: {listed} by epoch" if len(runs) > 1 else names[0]
    figure = new_figure(scores_of.title("", title), 4.0 + _LEGEND_ROW * len(runs) / 2)
    for panel, metric in zip(panel_grid(figure, len(metrics)), metrics, strict=True):
        _draw_panel(panel, metric, runs, colours)
    present = {data for lines in runs.values() for _, data in lines}
    _explain(figure, dict(zip(names, colours.values(), strict=True)), present)
    return figure


def _colours(count: int) -> Sequence[str]:
    """As many colours as there are runs: told apart by everybody as long as there are six, then along a map."""
    if count <= len(_COLOURS):
        return _COLOURS[:count]
    steps = matplotlib.colormaps["turbo"](np.linspace(0.05, 0.95, count))
    return [matplotlib.colors.to_hex(step) for step in steps]


def _draw_panel(
    axes: Axes, metric: str, runs: Mapping[str, Mapping[tuple[str, str], Line]], colours: Mapping[str, str]
) -> None:
    drawn = [
        (
            lines[metric, data],
            {"linestyle": dashes, "color": colours[name], "markersize": 3, "label": f"{name}, {data}"},
        )
        for name, lines in runs.items()
        for data, dashes in DASHES.items()
        if (metric, data) in lines
    ]
    draw_panel(axes, metric, drawn)
    axes.set_title(metric.capitalize())


def _explain(figure: Figure, colours: Mapping[str, str], present: set[str]) -> None:
    handles: list[scores_of.Handle] = [
        Line2D([], [], color=colour, linewidth=2.4, label=name) for name, colour in colours.items()
    ]
    handles += [
        Line2D([], [], color=INK, linestyle=DASHES[data], label=label)
        for data, label in LABELS.items()
        if data in present
    ]
    scores_of.add_legend(figure, handles)
