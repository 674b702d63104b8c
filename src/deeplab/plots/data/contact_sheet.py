"""Some images of each class, as the data set has them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.images import show_picture
from deeplab.plots.style import new_figure, shorten, style

COLUMNS = 12
MOST_CLASSES = 20
ROW_INCHES = 0.575
NAME_WIDTH = 1.9  # in pictures


@style()
def draw(images: Sequence[NDArray[Any]], names: Sequence[str], title: str) -> Figure:
    """Draw a row of images for each class, its name in front.

    Args:
        images: of each class, [k, height, width, channels] with k from 0 to COLUMNS; uint8, or floats in [0, 1].
        names: of the classes; none where images have values instead, which then are one class.
        title: of the figure.
    """
    figure = new_figure(title, 0.4 + ROW_INCHES * len(images))
    axes = figure.subplots()  # one pair of axes, in pictures
    axes.set_axis_off()
    for row, some in enumerate(images):
        bottom = len(images) - row - 1
        if names:
            axes.text(NAME_WIDTH - 0.15, bottom + 0.5, shorten(names[row], 18), ha="right", va="center", fontsize=8.5)
        for column, image in enumerate(some):
            height, width = np.array(image.shape[:2]) * 0.94 / max(image.shape[:2])
            left, middle = NAME_WIDTH + column + 0.5 - width / 2, bottom + 0.5
            show_picture(axes, image, (left, left + width, middle - height / 2, middle + height / 2))
    axes.set(xlim=(0, NAME_WIDTH + COLUMNS), ylim=(0, len(images)), aspect="equal")
    return figure
