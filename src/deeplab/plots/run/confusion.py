"""Which classes are taken for which."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from deeplab.plots.style import INK, Margins, beside, new_figure, place_axes, shorten, style

_MAX_CELLS_WITH_TEXT = 20
_MAX_NAMED = 40
DARK = 0.65  # of the scale of blues: white letters are read better from here on


@style()
def draw(labels: NDArray[np.integer], predicted: NDArray[np.integer], class_names: Sequence[str]) -> Figure:
    """Draw the confusion matrix, counts in the cells, the recall of each class at its right end.

    Args:
        labels: the right classes, [n].
        predicted: the classes that were predicted, [n].
        class_names: a name for each class.
    """
    count = len(class_names)
    matrix = np.zeros((count, count), dtype=np.int64)
    np.add.at(matrix, (labels, predicted), 1)
    correct = int(np.trace(matrix))
    title = f"Confusion matrix: {correct:,} of {len(labels):,} right ({100 * correct / len(labels):.2f} %)"
    figure = new_figure(title, 2.2 + 0.36 * min(count, 12))
    axes = figure.subplots()
    # Few errors stand beside many hits: on a linear scale they could not be told from none.
    most = max(2, int(matrix.max()))
    image = axes.imshow(np.ma.masked_equal(matrix, 0), cmap="Blues", norm=LogNorm(1, most))
    _name_axes(axes, matrix, class_names)
    if count <= _MAX_CELLS_WITH_TEXT:
        _write_counts(axes, matrix, most)
        place_axes(figure, _margins(class_names))
    else:
        plain = FuncFormatter(lambda value, _: f"{value:g}")
        bar = figure.colorbar(image, ax=axes, label="test rows (log scale)", format=plain)
        bar.ax.yaxis.set_minor_formatter(plain)
    return figure


def _name_axes(axes: Axes, matrix: NDArray[np.int64], class_names: Sequence[str]) -> None:
    count = len(class_names)
    axes.set(xlabel="predicted class", ylabel="true class")
    axes.grid(False)
    shown = range(count) if count <= _MAX_NAMED else range(0, count, -(-count // 20))
    names = [shorten(class_names[index], 14) for index in shown]
    upright = max(map(len, names)) <= 3
    axes.set_xticks(list(shown), names, rotation=0 if upright else 45, ha="center" if upright else "right")
    axes.set_yticks(list(shown), names)
    if count <= _MAX_NAMED:
        totals = matrix.sum(axis=1)
        recalls = [f"{100 * matrix[i, i] / totals[i]:.1f} %" if totals[i] else "none" for i in shown]
        for index, recall in zip(shown, recalls, strict=True):
            place = beside(axes, left=-0.06, along_y=True)
            axes.text(1, index, recall, transform=place, va="center_baseline", fontsize=8.5)
        place = beside(axes, left=-0.72)
        axes.text(1, 0.5, "recall", transform=place, va="center", ha="center", rotation="vertical")


def _margins(class_names: Sequence[str]) -> Margins:
    """Room for the names of classes, and beside them for what they are names of."""
    letters = FontProperties(family="DejaVu Sans", size=8.5)
    names = [shorten(name, 14) for name in class_names]
    # They are a little wider where they are drawn, on whole pixels.
    longest = 1.06 * max(text_to_path.get_text_width_height_descent(name, letters, False)[0] for name in names) / 72
    x_ticks = 0.29 if max(map(len, names)) <= 3 else 0.3 + 0.72 * longest
    return Margins(left=longest + 0.42, right=0.85, bottom=x_ticks + 0.27, x_ticks=x_ticks, y_ticks=longest + 0.14)


def _write_counts(axes: Axes, matrix: NDArray[np.int64], most: int) -> None:
    size = 9 if len(matrix) <= 12 else 7
    for (row, column), value in np.ndenumerate(matrix):
        if value:
            colour = "white" if np.log(value) / np.log(most) > DARK else INK
            weight = "normal" if row == column else "bold"
            axes.text(
                column,
                row,
                f"{value:,}",
                ha="center",
                va="center",
                color=colour,
                fontsize=size,
                fontweight=weight,
            )
