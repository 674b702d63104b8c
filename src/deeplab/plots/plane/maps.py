"""What the figures of the plane share: the map of a number over it, and the points on it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from deeplab.plots.style import BLUE, GREY, INK, ORANGE

# Orange for -1 and blue for +1, as the Playground has them. The map is paler, so that points stand out on it.
_POINTS = LinearSegmentedColormap.from_list("points", [ORANGE, "#F7F7F7", BLUE], N=101)
_MAP = LinearSegmentedColormap.from_list("map", ["#F2CC7F", "#F7F7F7", "#82BADB"], N=41)

# What a picture of these maps and points needs, where a file can hold few colours.
PALETTE = (
    *(_MAP(index) for index in range(0, _MAP.N, 2)),
    *(_POINTS(index) for index in range(0, _POINTS.N, 5)),
    *((step / 8, step / 8, step / 8) for step in range(9)),
)


def show_map(axes: Axes, values: NDArray[Any], reach: float, limit: float = 1.0) -> AxesImage:
    """Colour the plane by a number, and draw the line where it is zero.

    Args:
        values: [g, g] over the square from -reach to reach along both axes; the first row is the lowest.
        reach: half the width of the square.
        limit: the number whose colour is the deepest, on either side of zero.
    """
    image = axes.imshow(
        values,
        origin="lower",
        extent=(-reach, reach, -reach, reach),
        cmap=_MAP,
        vmin=-limit,
        vmax=limit,
        interpolation="bilinear",
    )
    if values.min() < 0 < values.max():
        ticks = np.linspace(-reach, reach, 2 * len(values) + 1)[1::2]  # the centres of the cells
        axes.contour(ticks, ticks, values, levels=[0.0], colors=[INK], linewidths=1.1)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.grid(False)
    return image


# The parts of a data set, and the mark of each: its shape, its edge, the width of that, and a factor of its size
# (a diamond of one area looks the larger).
MARKS: Mapping[str, tuple[str, str, float, float]] = {
    "training": ("o", GREY, 0.4, 1.0),
    "validation": ("s", GREY, 0.4, 0.9),
    "test": ("D", INK, 0.7, 0.8),
}

# Coordinates [n, 2] and targets [n], in [-1, 1], of each part that there is.
Parts = Mapping[str, tuple[NDArray[Any], NDArray[Any]]]


def show_points(axes: Axes, parts: Parts, size: float, most: int) -> None:
    """Mark points in the colour of their target and the shape of their part.

    Args:
        size: of a mark, in points squared.
        most: points to draw of each part; more would hide what is below them.
    """
    for part, (points, targets) in parts.items():
        marker, edge, width, factor = MARKS[part]
        axes.scatter(
            points[:most, 0],
            points[:most, 1],
            c=targets[:most],
            marker=marker,
            edgecolors=edge,
            linewidths=width,
            label=f"{part} ({len(points):,})",
            s=factor * size,
            cmap=_POINTS,
            vmin=-1,
            vmax=1,
        )
