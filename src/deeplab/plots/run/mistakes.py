"""The mistakes a classifier is surest of."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.images import show_picture
from deeplab.plots.style import VERMILLION, Margins, new_figure, place_axes, say, shorten, style

COLUMNS = 8
MAX_SHOWN = 24
ROW_INCHES, PICTURE_INCHES = 1.4, 0.95


def most_confident(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Positions of the wrong predictions, the surest first, at most as many as a figure shows.

    Args:
        probabilities: [n, num_classes].
        labels: the right classes, [n].
    """
    wrong = np.flatnonzero(np.argmax(probabilities, axis=1) != labels)
    surest = np.argsort(-probabilities[wrong].max(axis=1), kind="stable")
    return wrong[surest][:MAX_SHOWN]


@style()
def draw(
    images: NDArray[Any],
    labels: NDArray[np.integer],
    probabilities: NDArray[np.floating],
    class_names: Sequence[str],
    total: int,
) -> Figure:
    """Draw a gallery of mistakes, each under what it was taken for, what it is, and how sure that was.

    Args:
        images: [k, height, width, channels], those of `most_confident`.
        labels: their right classes, [k].
        probabilities: what was said of them, [k, num_classes].
        class_names: a name for each class.
        total: number of rows that were tested.
    """
    shown = len(images)
    if not shown:
        figure = new_figure("No mistakes", 1.2)
        axes = figure.subplots()
        axes.set_axis_off()
        say(axes, f"Not one of {total:,} test images was taken for another class.")
        return figure
    rows = -(-shown // COLUMNS)
    figure = new_figure(f"The {shown} most confident mistakes of {total:,} test images", 0.45 + ROW_INCHES * rows)
    # One pair of axes, in inches: to lay out a pair for each picture takes longer than to draw them.
    axes = figure.subplots()
    axes.set_axis_off()
    for place, (image, label, predicted) in enumerate(zip(images, labels, probabilities, strict=True)):
        row, column = divmod(place, COLUMNS)
        height, width = np.array(image.shape[:2]) * PICTURE_INCHES / max(image.shape[:2])
        middle, bottom = column + 0.5, (rows - row - 1) * ROW_INCHES
        extent = (middle - width / 2, middle + width / 2, bottom, bottom + height)
        show_picture(axes, image, extent)
        guess = int(np.argmax(predicted))
        axes.text(
            middle,
            bottom + height + 0.05,
            f"{shorten(class_names[guess], 11)} {100 * predicted[guess]:.0f} %\nis {shorten(class_names[label], 13)}",
            fontsize=7.5,
            color=VERMILLION,
            ha="center",
            va="bottom",
        )
    axes.set(xlim=(0, COLUMNS), ylim=(0, rows * ROW_INCHES), aspect="equal")
    place_axes(figure, Margins())
    return figure
