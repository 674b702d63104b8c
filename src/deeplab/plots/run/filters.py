"""What the first layer of a network looks for."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.images import mosaic
from deeplab.plots.style import Margins, new_figure, place_axes, style

COLUMNS = 16
MAX_SHOWN = 64


@style()
def draw(weights: NDArray[Any], layer: str, input_shape: tuple[int, ...]) -> Figure:
    """Draw the weights that lead from the image to each unit, one picture a unit.

    Grey maps share a scale that is symmetric about zero: blue weighs against, red for. Colour maps are shifted
    and scaled one by one, grey being zero.

    Args:
        weights: a convolution's kernel [height, width, channels, filters], or a dense layer's [inputs, units].
        layer: its name, for the title.
        input_shape: (height, width, channels) of the images.
    """
    kernel = weights if weights.ndim == 4 else weights.reshape(*input_shape, weights.shape[1])
    height, width, channels, count = kernel.shape
    tiles = np.moveaxis(kernel[..., :MAX_SHOWN], 3, 0)  # [shown, height, width, channels]
    shown = len(tiles)
    limit = float(np.abs(tiles).max()) or 1.0
    if channels == 3:
        tiles = 0.5 + 0.5 * tiles / np.maximum(np.abs(tiles).max(axis=(1, 2, 3), keepdims=True), 1e-12)
    else:
        tiles = tiles.mean(axis=-1, keepdims=True)
    picture = mosaic(tiles, COLUMNS)
    some = "" if shown == count else f", the first {shown}"
    rows = -(-shown // COLUMNS)
    figure = new_figure(
        f"What {layer} looks for: {count} filters of {height}x{width}{some}",
        0.6 + 0.5 * rows * height / width,
    )
    axes = figure.subplots()
    axes.set_axis_off()
    if channels == 3:
        axes.imshow(picture)
    else:
        image = axes.imshow(picture[..., 0], cmap="RdBu_r", vmin=-limit, vmax=limit)
        figure.colorbar(image, cax=axes.inset_axes((1.01, 0, 0.014, 1)), label="weight")
    place_axes(figure, Margins(right=0.1 if channels == 3 else 0.95))
    return figure
