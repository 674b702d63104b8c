"""An image, and what an autoencoder makes of it."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.images import show_picture
from deeplab.plots.style import new_figure, style


@style()
def draw(clean: NDArray[np.floating], given: NDArray[np.floating], reconstruction: NDArray[np.floating]) -> Figure:
    """Draw the image, what the network got, what it made of it and how far each pixel is off.

    Args:
        clean: [height, width, channels], in [0, 1].
        given: the same with noise, or the same.
    """
    error = np.abs(reconstruction - clean).mean(axis=-1)
    rms = float(np.sqrt(((reconstruction - clean) ** 2).mean()))
    figure = new_figure(f"Reconstruction: off by {rms:.3f} (root mean square; white is 1)", 2.5)
    states = {"the image": clean, "with noise": given, "reconstruction": reconstruction}
    if np.array_equal(clean, given):
        del states["with noise"]
    *before, difference = figure.subplots(1, len(states) + 1)
    for axes, (name, image) in zip(before, states.items(), strict=True):
        show_picture(axes, image)
        axes.set_title(name)
    shown = difference.imshow(error, cmap="magma", vmin=0, vmax=max(float(error.max()), 1e-6))
    difference.set_axis_off()
    difference.set_title("difference")
    figure.colorbar(shown, ax=difference, label="|difference|", aspect=14, shrink=0.8)
    return figure
