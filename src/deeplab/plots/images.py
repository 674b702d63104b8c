"""Small pictures in a grid, as the galleries show them."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray


def show_picture(axes: Axes, image: NDArray[Any], extent: tuple[float, float, float, float] | None = None) -> None:
    """Draw an image of shape (height, width, channels), grey or colour, without axes.

    Args:
        axes: where to draw.
        image: uint8, or floats in [0, 1]; 1, 3 or 4 channels.
        extent: left, right, bottom and top of the image in the axes' own units; None for units of a pixel.
    """
    scaled = image.astype(np.float32) / 255 if image.dtype == np.uint8 else image.astype(np.float32)
    picture = scaled[..., 0] if scaled.shape[-1] == 1 else scaled
    axes.imshow(np.clip(picture, 0, 1), cmap="gray", vmin=0, vmax=1, extent=extent)
    axes.set_axis_off()


def mosaic(tiles: NDArray[Any], columns: int) -> NDArray[Any]:
    """Small pictures side by side in rows, with gaps that stay empty: NaN, or white where there are three channels.

    Args:
        tiles: [n, height, width, channels], floats.
        columns: pictures in a row.

    Returns:
        [height, width, channels]; tiles of a few values are enlarged, so that a gap can be narrower than a value.
    """
    count, height, width, channels = tiles.shape
    gap = max(1, width // 8) if width > 3 else 1
    scale = 1 if width > 7 else 8  # so that a gap can be narrower than a weight of a small filter
    tiles = tiles.repeat(scale, axis=1).repeat(scale, axis=2)
    height, width, gap = height * scale, width * scale, gap * (scale // 2 or 1)
    rows = -(-count // columns)
    picture = np.full((rows * (height + gap) - gap, min(count, columns) * (width + gap) - gap, channels), np.nan)
    if channels == 3:
        picture[:] = 1.0
    for index, tile in enumerate(tiles):
        top, left = (index // columns) * (height + gap), (index % columns) * (width + gap)
        picture[top : top + height, left : left + width] = tile
    return picture
