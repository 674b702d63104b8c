"""Small pictures in a grid, as the galleries show them."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray


def show_picture(axes: Axes, image: NDArray[Any]) -> None:
    """Draw an image of shape (height, width, channels), grey or colour, without axes.

    Args:
        axes: where to draw.
        image: uint8, or floats in [0, 1]; 1, 3 or 4 channels.
    """
    scaled = image.astype(np.float32) / 255 if image.dtype == np.uint8 else image.astype(np.float32)
    picture = scaled[..., 0] if scaled.shape[-1] == 1 else scaled
    axes.imshow(np.clip(picture, 0, 1), cmap="gray", vmin=0, vmax=1)
    axes.set_axis_off()
