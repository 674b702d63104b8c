"""What a network says over the whole plane, and the points it was trained and tested on."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.plane.maps import Parts, show_map, show_points
from deeplab.plots.style import new_figure, style

_MOST_POINTS = 1000


@style()
def draw(
    outputs: NDArray[Any], reach: float, parts: Parts, predicted: NDArray[Any], *, has_classes: bool, name: str
) -> Figure:
    """Draw the output as a map, the line where it changes its sign, and the points in the colour of their target.

    Args:
        outputs: what the network says over the square from -reach to reach, [g, g], the lowest row first.
        reach: half the width of the square.
        parts: the points: `training`, `test` and perhaps `validation`.
        predicted: what the network says of the test points, [n].
        has_classes: whether targets are the classes -1 and +1, not values.
    """
    figure = new_figure(f"{name}: {_score(predicted, parts['test'][1], has_classes)}", 6.2)
    axes = figure.subplots()
    image = show_map(axes, outputs, reach)
    show_points(axes, parts, 22, _MOST_POINTS)
    axes.set(xlabel="x1", ylabel="x2")
    beyond = "neither" if np.abs(outputs).max() <= 1 else "both"
    figure.colorbar(image, ax=axes, label="output of the network", extend=beyond, shrink=0.8, pad=0.02)
    handles, labels = axes.get_legend_handles_labels()
    legend = figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    for handle in filter(None, legend.legend_handles):
        handle.set(array=None, facecolor="white")  # it stands for points of every colour
    return figure


def _score(predicted: NDArray[Any], targets: NDArray[Any], has_classes: bool) -> str:
    if has_classes:
        correct = int(np.sum((predicted > 0) == (targets > 0)))
        return f"{correct:,} of {len(targets):,} test points on the right side ({100 * correct / len(targets):.2f} %)"
    error = float(np.sqrt(np.mean((predicted - targets) ** 2)))
    return f"root mean squared error {error:.4f} on {len(targets):,} test points"
