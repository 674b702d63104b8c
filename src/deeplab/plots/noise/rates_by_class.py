"""The same for each class: a map of level against class for each state of the images."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.style import new_figure, shorten, style

_WRITTEN_CLASSES = 20


@style()
def draw(
    levels: Sequence[float], rates: Mapping[str, NDArray[np.float64]], class_names: Sequence[str], title: str
) -> Figure:
    """Draw a panel for each state from its rates, [level, class], NaN where a class has no image."""
    figure = new_figure(title, 0.9 + len(rates) * (0.6 + 0.24 * min(len(class_names), 40)))
    panels = figure.subplots(len(rates), 1, squeeze=False)[:, 0]
    for panel, (state, values) in zip(panels, rates.items(), strict=True):
        image = panel.imshow(100 * values.T, cmap="viridis", vmin=0, vmax=100, aspect="auto")
        panel.set_title(state)
        panel.set_xticks(range(len(levels)), [f"{level:g}" for level in levels])
        panel.set_yticks(range(len(class_names)), [shorten(name, 14) for name in class_names])
        panel.set_ylabel("class")
        if len(class_names) <= _WRITTEN_CLASSES:
            for (level, number), rate in np.ndenumerate(values):
                if np.isfinite(rate):
                    colour = "white" if rate < 0.6 else "black"
                    panel.text(level, number, f"{100 * rate:.0f}", ha="center", va="center", fontsize=7, color=colour)
    panels[-1].set_xlabel("noise level")
    figure.colorbar(image, ax=list(panels), label="true-positive rate (%)", fraction=0.025, pad=0.01)
    return figure
