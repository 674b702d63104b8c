"""Rows of images: the same ones in several states, or what a decoder made with what a classifier says of each."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.images import show_picture
from deeplab.plots.style import GREY, new_figure, shorten, style


@style()
def draw(rows: Mapping[str, NDArray[Any]], title: str, captions: Mapping[str, Sequence[str]] | None = None) -> Figure:
    """Draw a row of pictures for each name, which is written on the left unless it begins with a blank.

    Args:
        rows: images [k, height, width, channels] by name, uint8 or floats in [0, 1].
        title: of the figure.
        captions: what is written under each image, by the same names, or None.
    """
    columns = max(len(images) for images in rows.values())
    figure = new_figure(title, 0.5 + len(rows) * (6.6 / columns + (0.28 if captions else 0)))
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for axes in grid.ravel():
        axes.set_axis_off()
    for axes_of_row, (name, images) in zip(grid, rows.items(), strict=True):
        for number, image in enumerate(images):
            show_picture(axes_of_row[number], image)
            if captions:
                axes_of_row[number].text(
                    0.5, -0.06, captions[name][number], transform=axes_of_row[number].transAxes,
                    ha="center", va="top", fontsize=7.5, color=GREY,
                )  # fmt: skip
        if not name.startswith(" "):
            axes_of_row[0].annotate(
                shorten(name, 24), (0, 0.5), xycoords="axes fraction", xytext=(-6, 0), textcoords="offset points",
                ha="right", va="center", fontsize=8.5,
            )  # fmt: skip
    return figure
