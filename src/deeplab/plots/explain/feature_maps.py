"""What a layer of a network makes of one image."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.images import mosaic
from deeplab.plots.style import new_figure, shorten, style

MAX_SHOWN = 64
_FEW = 32


@style()
def draw(maps: NDArray[Any], layer: str) -> Figure:
    """Draw the maps [height, width, channels] of a layer on one scale: dark is zero, or blue below and red above it."""
    height, width, count = maps.shape
    tiles = np.moveaxis(maps[..., :MAX_SHOWN], 2, 0)[..., None].astype(np.float64)  # [shown, height, width, 1]
    shown = len(tiles)
    columns = min(8, max(4, shown)) if shown <= _FEW else 16
    rows = -(-shown // columns)
    some = "" if shown == count else f", the first {shown} of them"
    silent = int((maps.reshape(-1, count) == 0).all(axis=0).sum())
    quiet = f", {silent} without any activation" if silent else ""
    title = f"{shorten(layer, 40)}: {count} map{'s' * (count > 1)} of {height}x{width}{some}{quiet}"
    figure = new_figure(title, 0.6 + 7.2 / columns * rows * min(height / width, 2))
    axes = figure.subplots()
    axes.set_axis_off()
    low, high = float(maps.min()), float(maps.max())
    limit = max(abs(low), abs(high)) or 1.0
    colours: dict[str, Any] = {"cmap": "magma", "vmin": 0, "vmax": limit}
    if low < 0:
        colours = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
    image = axes.imshow(mosaic(tiles, columns)[..., 0], **colours)
    figure.colorbar(image, ax=axes, label="activation", aspect=max(8, 10 * rows), pad=0.01)
    return figure
