"""How many rows of class 1 are found for how many false alarms."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.score_axes import rate_axes
from deeplab.plots.style import BLUE, GREY, new_figure, shorten, style


@style()
def draw(false_positives: NDArray[np.floating], true_positives: NDArray[np.floating], area: float, name: str) -> Figure:
    """Draw the ROC curve of two classes, and the diagonal that guessing gives.

    Args:
        false_positives: rate at each threshold, from 0 to 1, [n].
        true_positives: rate at each threshold, [n].
        area: under the curve.
        name: of class 1.
    """
    figure = new_figure(f"ROC curve of {shorten(name, 30)}: AUC {area:.4f}", 5.4)
    axes = figure.subplots()
    axes.plot(false_positives, true_positives, color=BLUE, label=f"AUC {area:.4f}")
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":", label="guessing: AUC 0.5")
    rate_axes(axes, "false-positive rate", "true-positive rate")
    axes.legend(loc="lower right")
    return figure
