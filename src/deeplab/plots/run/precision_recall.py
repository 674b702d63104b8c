"""How many rows that are called class 1 are of it, for how many of those that are."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.score_axes import rate_axes
from deeplab.plots.style import BLUE, GREY, new_figure, shorten, style


@style()
def draw(recall: NDArray[np.floating], precision: NDArray[np.floating], area: float, share: float, name: str) -> Figure:
    """Draw the precision-recall curve of two classes, in steps, and the precision that guessing gives.

    Args:
        recall: at each threshold, falling from 1 to 0, [n].
        precision: at each threshold, [n].
        area: under the steps, the average precision.
        share: of class 1 among the rows.
        name: of class 1.
    """
    figure = new_figure(f"Precision and recall of {shorten(name, 30)}: AUC {area:.4f}", 5.4)
    axes = figure.subplots()
    axes.step(recall, precision, where="post", color=BLUE, label=f"AUC {area:.4f} (average precision)")
    axes.axhline(share, color=GREY, linewidth=1, linestyle=":", label=f"guessing: {100 * share:.1f} %")
    rate_axes(axes, "recall", "precision")
    axes.legend(loc="lower left")
    return figure
