"""What in an image an answer hangs on."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.images import show_picture
from deeplab.plots.style import new_figure, shorten, style


@style()
def draw(image: NDArray[np.floating], gradient: NDArray[np.floating], class_name: str) -> Figure:
    """Draw the image, how much each pixel moves the score of a class, and one on the other.

    Args:
        image: [height, width, channels], in [0, 1].
        gradient: of the score with respect to the image, [height, width, channels]; of the channels the one
            that counts most is shown.
    """
    strength = np.abs(gradient).max(axis=-1)
    strength = strength / (float(strength.max()) or 1.0)
    figure = new_figure(f"Which pixels move the score of {shorten(class_name, 30)}", 3.1)
    plain, alone, both = figure.subplots(1, 3)
    show_picture(plain, image)
    plain.set_title("the image")
    shown = alone.imshow(strength, cmap="magma", vmin=0, vmax=1)
    alone.set_axis_off()
    alone.set_title("saliency")
    show_picture(both, image.mean(axis=-1, keepdims=True))
    both.imshow(strength, cmap="magma", vmin=0, vmax=1, alpha=np.clip(0.25 + strength, 0, 0.9))
    both.set_title("both")
    figure.colorbar(shown, ax=[alone, both], label="|gradient|, largest = 1", aspect=14, shrink=0.9, pad=0.02)
    return figure
