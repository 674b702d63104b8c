"""By how much a regression is wrong, over what it says."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.style import BLUE, GREY, say, shorten, style
from deeplab.plots.value_panels import value_panels


@style()
def draw(targets: NDArray[np.floating], outputs: NDArray[np.floating], names: Sequence[str]) -> Figure:
    """Draw a panel for each value, at most six: a dot for each row, true minus predicted over predicted.

    Args:
        targets: the true values, [n, k].
        outputs: the predicted ones, [n, k].
        names: of the values, [k].
    """
    figure, panels = value_panels(f"Residuals of {len(targets):,} test rows", targets, outputs, names)
    for axes, true, given, name in panels:
        if not true.size:
            say(axes, "no finite value")
            continue
        rest = true - given
        axes.axhline(0, color=GREY, linewidth=1, linestyle=":")
        axes.plot(given, rest, "o", color=BLUE, markersize=3, alpha=0.4, markeredgewidth=0)
        axes.set_title(f"{shorten(name, 28)}\nmean {rest.mean():.3g}, std {rest.std():.3g}")
        axes.set(xlabel="predicted", ylabel="true - predicted")
        axes.grid()
    return figure
