"""What each hidden unit of a small network answers over the plane."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.plane.maps import show_map
from deeplab.plots.style import GREY, WIDTH, new_figure, style

FEWEST_COLUMNS, MOST_COLUMNS = 3, 6
MAX_SHOWN = 24

# The name of a layer, its units' answers [units, g, g], and the weight of each on the output where it has one, [units].
Layer = tuple[str, NDArray[Any], NDArray[Any] | None]


@style()
def draw(layers: Sequence[Layer], reach: float, name: str) -> Figure:
    """Draw a map for each hidden unit, layer by layer, with its weight on the output above it.

    The units of a layer share a scale that is symmetric about zero; a bar beside them tells it.

    Args:
        layers: the hidden layers in order; the answers are over the square from -reach to reach, the lowest row first.
    """
    if not layers:
        raise ValueError("No hidden unit to draw.")
    total = sum(len(maps) for _, maps, _ in layers)
    widest = min(MAX_SHOWN, max(len(maps) for _, maps, _ in layers))
    columns = max(FEWEST_COLUMNS, -(-widest // -(-widest // MOST_COLUMNS)))  # eight are two rows of four
    rows = [-(-min(len(maps), MAX_SHOWN) // columns) for _, maps, _ in layers]
    # A map is as high as it is wide, with a line of text above; each layer has a line of its own.
    heights = [0.3 + row * (0.25 + (WIDTH - 1.2) / columns) for row in rows]
    title = f"{name}: {total:,} hidden unit{'s' if total > 1 else ''} over the plane"
    figure = new_figure(title, 0.4 + sum(heights))
    parts = figure.subfigures(len(layers), 1, squeeze=False, height_ratios=heights).ravel()
    for part, row, (layer, maps, weights) in zip(parts, rows, layers, strict=True):
        shown = maps[:MAX_SHOWN]
        some = "" if len(shown) == len(maps) else f", the first {len(shown)} of {len(maps):,}"
        on_output = "" if weights is None else ", above each its weight on the output"
        part.suptitle(f"{layer}{some}{on_output}", x=0.012, ha="left", fontsize=10, color=GREY)
        limit = float(np.abs(shown).max()) or 1.0
        grid = part.subplots(row, columns, squeeze=False)
        for axes in grid.ravel()[len(shown) :]:
            axes.set_axis_off()
        for index, (axes, values) in enumerate(zip(grid.ravel(), shown, strict=False)):
            image = show_map(axes, values, reach, limit)
            axes.set_xticks([])
            axes.set_yticks([])
            weight = "" if weights is None else f": {weights[index]:+.3g}".replace("-", "−")
            axes.set_title(f"unit {index + 1}{weight}", fontsize=9)
        part.colorbar(image, ax=grid, label="answer", shrink=0.8, pad=0.01, aspect=10 * row)
    return figure
