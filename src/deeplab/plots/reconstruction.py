"""An image, and what an autoencoder makes of it."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.pictures import show_picture
from deeplab.plots.style import new_figure, style


@style()
def draw(image: NDArray[Any], reconstruction: NDArray[np.floating]) -> Figure:
    """Draw the image, the reconstruction and how far each pixel is off.

    Args:
        image: [height, width, channels], uint8 or in [0, 1].
        reconstruction: the same shape, in [0, 1].
    """
    target = image / 255 if image.dtype == np.uint8 else image
    error = np.abs(reconstruction - target).mean(axis=-1)
    rms = float(np.sqrt(((reconstruction - target) ** 2).mean()))
    figure = new_figure(f"Reconstruction: off by {rms:.3f} (root mean square; white is 1)", 3.1)
    before, after, difference = figure.subplots(1, 3)
    show_picture(before, image)
    before.set_title("the image")
    show_picture(after, reconstruction)
    after.set_title("reconstruction")
    shown = difference.imshow(error, cmap="magma", vmin=0, vmax=max(float(error.max()), 1e-6))
    difference.set_axis_off()
    difference.set_title("difference")
    figure.colorbar(shown, ax=difference, label="|difference|", aspect=14, shrink=0.9)
    return figure
