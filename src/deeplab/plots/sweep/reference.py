"""A published figure that results are held against."""

import math
from dataclasses import dataclass
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from deeplab.metrics import metric_of
from deeplab.plots.style import INK, shorten

_LABEL_LENGTH = 48


@dataclass(frozen=True, slots=True)
class Reference:
    """A published score.

    Attributes:
        value: in the unit of the metric: accuracies as fractions.
        label: whose it is, `Hinton`.

    Raises:
        ValueError: the value is not finite.
    """

    value: float
    label: str

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"The reference {self.label!r} has the value {self.value}; it must be finite.")


def gap_text(reference: Reference, metric: str, best: float | None) -> str:
    """`Hinton 98.47 %; best is 0.19 points (0.19 %) below`.

    Args:
        reference: the published score.
        metric: what is measured; differences of accuracies are percentage points.
        best: mean of the best point, None where there is none. The per cent are those of the reference.
    """
    unit, scale = (" %", 100.0) if metric_of(metric).is_share else ("", 1.0)
    head = f"{shorten(reference.label, _LABEL_LENGTH)} {scale * reference.value:.6g}{unit}"
    if best is None:
        return head
    difference = scale * (best - reference.value)
    if math.isclose(best, reference.value, rel_tol=1e-9, abs_tol=1e-12):
        return f"{head}; best equals it"
    size = abs(difference)
    amount = f"{size:.2f} points" if scale == 100.0 and size >= 0.01 else f"{size:.2g}{' points' if unit else ''}"
    share = f" ({_percent(size / abs(scale * reference.value))})" if reference.value else ""
    return f"{head}; best is {amount}{share} {'below' if difference < 0 else 'above'}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %" if share >= 1e-4 else f"{100 * share:.2g} %"


def draw_reference(
    axes: Axes, reference: Reference, metric: str, best: float | None, along: Literal["x", "y"] = "y"
) -> Line2D:
    """Draw a dashed line at the published score, labelled with the gap of the best mean to it.

    Args:
        axes: where to draw; its limits grow to hold the line.
        reference: the published score.
        metric: what is measured.
        best: mean of the best point, None where there is none.
        along: the axis that holds the scores: a horizontal line for `y`, a vertical one for `x`.

    Returns:
        The line, whose label is for the legend.
    """
    draw_line = axes.axhline if along == "y" else axes.axvline
    label = gap_text(reference, metric, best)
    return draw_line(reference.value, color=INK, linewidth=1.2, linestyle=(0, (5, 3)), zorder=1.5, label=label)
