"""The learning curves of several runs, or of groups of replicates, in one picture."""

from collections.abc import Iterable, Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from deeplab.metrics import in_order
from deeplab.plots import score_axes as scores_of
from deeplab.plots.epoch_axes import DASHES, LABELS, Line, Row, draw_panel, history_lines, panel_grid, shared_epochs
from deeplab.plots.style import BLUE, GREEN, INK, ORANGE, PURPLE, SKY, VERMILLION, new_figure, style

_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
_NAME_LENGTH = 38  # letters of a run's name in the legend
_BAND = 0.22  # how much of its colour a band has
_LEGEND_ROW = 0.17  # inches that a row of the legend takes


@style()
def draw(histories: Mapping[str, Sequence[Iterable[Row]]]) -> Figure:
    """Draw a panel for each metric, each group in a colour of its own: training dashed, validation solid.

    Of several replicates their mean is drawn, for the epochs that every one of them has, in a band from the lowest to
    the highest.

    Args:
        histories: for each group, under the name that the legend gives it, of each of its replicates the rows (epoch,
            value, metric, data) in any order; epochs from 1, metric `loss` or `accuracy` (a fraction) or another, data
            `train` or `val`. What `history.csv` holds. A replicate and a group without a row are not drawn.

    Raises:
        ValueError: no group has a row.
    """
    groups = {name: lines for name, replicates in histories.items() if (lines := _lines(replicates))}
    metrics = in_order({metric for lines in groups.values() for metric, _ in lines})
    if not metrics:
        raise ValueError("No epoch to draw: the histories are empty.")
    names = scores_of.short_names(list(groups), _NAME_LENGTH)
    colours = dict(zip(groups, _colours(len(groups)), strict=True))
    listed = " and ".join(filter(None, (", ".join(metrics[:-1]), metrics[-1])))
    has_bands = any(len(replicates) > 1 for lines in groups.values() for replicates in lines.values())
    what = "groups" if has_bands else "runs"
    title = f"{len(groups)} {what}: {listed} by epoch" if len(groups) > 1 else names[0]
    figure = new_figure(scores_of.title("", title), 4.0 + _LEGEND_ROW * len(groups) / 2)
    for panel, metric in zip(panel_grid(figure, len(metrics)), metrics, strict=True):
        _draw_panel(panel, metric, groups, colours)
    present = {data for lines in groups.values() for _, data in lines}
    _explain(figure, dict(zip(names, colours.values(), strict=True)), present, has_bands)
    return figure


def _lines(replicates: Sequence[Iterable[Row]]) -> dict[tuple[str, str], list[Line]]:
    """Sort the lines of a group by metric and data, one of each replicate that has it."""
    lines: dict[tuple[str, str], list[Line]] = {}
    for rows in replicates:
        for key, line in history_lines(rows).items():
            lines.setdefault(key, []).append(line)
    return lines


def _colours(count: int) -> Sequence[str]:
    """As many colours as there are runs: told apart by everybody as long as there are six, then along a map."""
    if count <= len(_COLOURS):
        return _COLOURS[:count]
    steps = matplotlib.colormaps["turbo"](np.linspace(0.05, 0.95, count))
    return [matplotlib.colors.to_hex(step) for step in steps]


def _draw_panel(
    axes: Axes, metric: str, groups: Mapping[str, Mapping[tuple[str, str], Sequence[Line]]], colours: Mapping[str, str]
) -> None:
    drawn = []
    for name, lines in groups.items():
        for data, dashes in DASHES.items():
            replicates = lines.get((metric, data), ())
            if not replicates:
                continue
            epochs, values = shared_epochs(replicates)
            look = {"linestyle": dashes, "color": colours[name], "markersize": 3, "label": f"{name}, {data}"}
            drawn.append(((epochs, values.mean(axis=0)), look))
            if len(replicates) > 1:
                ends, alpha = (values.min(axis=0), values.max(axis=0)), _BAND if data == "val" else _BAND / 2
                axes.fill_between(epochs, *ends, color=colours[name], alpha=alpha, linewidth=0)
    draw_panel(axes, metric, drawn)
    axes.set_title(metric.capitalize())


def _explain(figure: Figure, colours: Mapping[str, str], present: set[str], has_bands: bool) -> None:
    handles: list[scores_of.Handle] = [
        Line2D([], [], color=colour, linewidth=2.4, label=name) for name, colour in colours.items()
    ]
    handles += [
        Line2D([], [], color=INK, linestyle=DASHES[data], label=f"{label}, mean" if has_bands else label)
        for data, label in LABELS.items()
        if data in present
    ]
    if has_bands:
        handles.append(Patch(color=INK, alpha=_BAND, linewidth=0, label="lowest to highest replicate"))
    scores_of.add_legend(figure, handles)
