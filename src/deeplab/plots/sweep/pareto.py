"""Several objectives of a search: the trials that no other one is better than, among all."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from deeplab.metrics import COSTS, metric_of
from deeplab.plots import score_axes
from deeplab.plots.style import BLUE, GREY, new_figure, say, style

_HEIGHT = 3.9  # inches of a panel
_SPAN = 10.0  # the largest by the smallest cost, from which a logarithmic axis shows more
_FEW_DECADES = 200.0  # within which powers of ten alone are too few ticks
_NAMED = 12  # trials on the front whose numbers find room


@style()
def draw(
    trials: Sequence[int],
    objectives: Mapping[str, Sequence[float]],
    on_front: Sequence[bool],
    *,
    metric: str,
    name: str = "",
) -> Figure:
    """Draw one objective against each of the others, a panel each.

    Trials on the front are dots with their number, the others grey. Of two objectives a line bounds what the front is
    better than.

    Args:
        trials: their numbers.
        objectives: by name, as in `val/accuracy` or `parameters`, of each trial.
        on_front: of each trial.
        metric: that which is drawn upwards.
        name: of the search.
    """
    for values in (on_front, *objectives.values()):
        if len(values) != len(trials):
            raise ValueError(f"{len(values)} values for {len(trials)} trials; there must be one for each.")
    front, y = np.array(on_front, dtype=np.bool_), np.array(objectives[metric], dtype=np.float64)
    others = [each for each in objectives if each != metric]
    title = score_axes.title(name, f"{int(front.sum())} of {len(trials)} finished trials are on the front")
    figure = new_figure(title, 0.9 + _HEIGHT * -(-len(others) // 2))
    panels = figure.subplots(-(-len(others) // 2), min(2, len(others)), squeeze=False).ravel()
    for axes, other in zip(panels, others, strict=False):
        axes.grid()
        axes.margins(x=0.08, y=0.1)
        x = np.array(objectives[other], dtype=np.float64)
        if not x.size:
            say(axes, "no score")
            continue
        axes.plot(x[~front], y[~front], "o", color=GREY, alpha=0.45, markersize=4, markeredgewidth=0, label="others")
        if len(others) == 1:
            _bound(axes, x[front], y[front], metric)
        axes.plot(x[front], y[front], "o", color=BLUE, markersize=6, markeredgewidth=0, label="on the front")
        for place in np.flatnonzero(front)[:_NAMED]:
            axes.annotate(
                str(trials[place]), (x[place], y[place]), xytext=(4, 5), textcoords="offset points", fontsize=8
            )
        _finish_x(axes, other, x)
        score_axes.finish_score_axis(axes, metric, "y")
    for axes in panels[len(others) :]:
        axes.remove()
    handles = {
        handle.get_label(): handle for axes in figure.axes for handle in axes.get_lines() if np.size(handle.get_xdata())
    }
    if handles:
        score_axes.add_legend(figure, list(handles.values()))
    return figure


def _bound(axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], metric: str) -> None:
    """From the cheapest on: what can be had for so much, until the next one is better."""
    order = np.lexsort((y if metric_of(metric).higher_is_better else -y, x))
    axes.step(x[order], y[order], where="post", color=BLUE, linewidth=1.2, alpha=0.6, label="best for as much or less")


def _finish_x(axes: Axes, objective: str, x: NDArray[np.float64]) -> None:
    if objective not in COSTS:
        score_axes.finish_score_axis(axes, objective, "x")
        return
    is_log = bool(x.min() > 0 and x.max() > _SPAN * x.min())
    axes.set_xlabel(COSTS[objective] + (" (log scale)" if is_log else ""))
    if is_log:
        axes.set_xscale("log")
        if x.max() < _FEW_DECADES * x.min():
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: score_axes.number_text(value)))
