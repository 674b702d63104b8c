"""The same images in several states, one state a row: original, noisy, denoised."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.images import show_picture
from deeplab.plots.style import new_figure, shorten, style


@style()
def draw(rows: Mapping[str, NDArray[Any]], title: str) -> Figure:
    """Draw a row of pictures for each state, its name on the left.

    Args:
        rows: images [k, height, width, channels] by the name of their state, uint8 or floats in [0, 1]; the same k
            images in each.
        title: of the figure.
    """
    columns = max(len(images) for images in rows.values())
    figure = new_figure(title, 0.5 + len(rows) * 6.6 / columns)
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for axes_of_row, (name, images) in zip(grid, rows.items(), strict=True):
        for axes, image in zip(axes_of_row, images, strict=True):
            show_picture(axes, image)
        axes_of_row[0].annotate(
            shorten(name, 22), (0, 0.5), xycoords="axes fraction", xytext=(-6, 0), textcoords="offset points",
            ha="right", va="center", fontsize=8.5,
        )  # fmt: skip
    return figure
