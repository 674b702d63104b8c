"""What a regression says against what is true."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.style import BLUE, GREY, say, shorten, style
from deeplab.plots.value_panels import value_panels


@style()
def draw(targets: NDArray[np.floating], outputs: NDArray[np.floating], names: Sequence[str]) -> Figure:
    """Draw a panel for each value, at most six: a dot for each row, and the diagonal on which it should lie.

    Args:
        targets: the true values, [n, k].
        outputs: the predicted ones, [n, k].
        names: of the values, [k].
    """
    figure, panels = value_panels(f"Predicted and true values of {len(targets):,} test rows", targets, outputs, names)
    for axes, true, given, name in panels:
        if not true.size:
            say(axes, "no finite value")
            continue
        low, high = min(true.min(), given.min()), max(true.max(), given.max())
        axes.plot([low, high], [low, high], color=GREY, linewidth=1, linestyle=":")
        axes.plot(true, given, "o", color=BLUE, markersize=3, alpha=0.4, markeredgewidth=0)
        error = float(np.sqrt(np.mean((given - true) ** 2)))
        axes.set_title(f"{shorten(name, 18)}: rmse {error:.4g}")
        axes.set(xlabel="true", ylabel="predicted")
        axes.grid()
    return figure
