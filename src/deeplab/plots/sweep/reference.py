"""A published figure that results are held against."""

from typing import Literal

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from deeplab.config.schema import ReferenceConfig
from deeplab.metrics import against
from deeplab.plots.style import INK, shorten

_LABEL_LENGTH = 48


def draw_reference(
    axes: Axes, reference: ReferenceConfig, metric: str, best: float | None, along: Literal["x", "y"] = "y"
) -> Line2D:
    """Draw a dashed line at the published score, labelled with the gap of the best mean to it.

    Args:
        axes: where to draw; its limits grow to hold the line.
        best: mean of the best point, None where there is none.
        along: the axis that holds the scores: a horizontal line for `y`, a vertical one for `x`.

    Returns:
        The line, whose label is for the legend.
    """
    draw_line = axes.axhline if along == "y" else axes.axvline
    label = against(shorten(reference.label, _LABEL_LENGTH), reference.value, metric, best)
    return draw_line(reference.value, color=INK, linewidth=1.2, linestyle=(0, (5, 3)), zorder=1.5, label=label)
