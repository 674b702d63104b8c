"""Pictures as a network saw them, and what it said of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.images import show_picture
from deeplab.plots.style import BLUE, FAINT, INK, new_figure, on_one_line, shorten, style

COLUMNS = 6
TOP = 3
_ROW_HEIGHT = 2.1  # inches


@style()
def draw(
    images: NDArray[Any],
    probabilities: NDArray[np.floating],
    names: Sequence[str],
    inverted: Sequence[bool],
    class_names: Sequence[str],
    total: int,
) -> Figure:
    """Draw each picture under its name, over bars for its most likely classes.

    Args:
        images: what the network was given, [k, height, width, channels] in [0, 1].
        probabilities: what it said, [k, num_classes].
        names: of the pictures' files, k of them.
        inverted: whether black and white were exchanged, k of them.
        class_names: a name for each class.
        total: number of pictures that were asked about.
    """
    shown = len(images)
    columns = COLUMNS if shown >= COLUMNS else max(shown, 3)
    rows = -(-shown // columns)
    some = f"The first {shown} of {total:,} images" if shown < total else f"{shown} image{'s' * (shown > 1)}"
    figure = new_figure(f"{some} as the network saw {'them' if shown > 1 else 'it'}", 0.5 + _ROW_HEIGHT * rows)
    grid = figure.subplots(2 * rows, columns, squeeze=False, height_ratios=[2.4, 1] * rows)
    for axes in grid.ravel():
        axes.set_axis_off()
    for index, (image, predicted) in enumerate(zip(images, probabilities, strict=True)):
        above, below = grid[2 * (index // columns) : 2 * (index // columns) + 2, index % columns]
        show_picture(above, image)
        mark = "\ninverted" if inverted[index] else ""
        above.set_title(_middle(on_one_line(names[index]), 24) + mark, fontsize=7, loc="center", pad=3)
        _draw_bars(below, predicted, class_names)
    return figure


def _draw_bars(axes: Axes, predicted: NDArray[np.floating], class_names: Sequence[str]) -> None:
    """The likeliest classes, the likeliest on top, each a bar from 0 to 1 with its name on it."""
    top = np.argsort(-predicted, kind="stable")[:TOP]
    lines = list(range(len(top)))
    axes.barh(lines, [1.0] * len(top), height=0.86, color=FAINT, alpha=0.45)
    axes.barh(lines, predicted[top], height=0.86, color=BLUE, alpha=0.45)
    for line, index in zip(lines, top, strict=True):
        weight = "bold" if line == 0 else "normal"
        place: dict[str, Any] = {"va": "center_baseline", "fontsize": 7.5, "fontweight": weight, "color": INK}
        axes.text(0.03, line, shorten(class_names[index], 12), ha="left", **place)
        axes.text(0.97, line, f"{100 * predicted[index]:.1f} %", ha="right", **place)
    axes.set(xlim=(0, 1), ylim=(TOP - 0.5, -0.5))


def _middle(name: str, length: int) -> str:
    """A file's name, what is in its middle left out where it is too long: its end tells it from the others."""
    if len(name) <= length:
        return name
    return f"{name[: length // 2 - 1]}…{name[len(name) - (length - length // 2) :]}"
