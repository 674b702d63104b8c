"""Which classes are taken for which."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from deeplab.plots.style import INK, new_figure, shorten, style

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
        right_axis = axes.secondary_yaxis("right")
        right_axis.set_yticks(list(shown), recalls)
        right_axis.tick_params(length=0)
        right_axis.spines["right"].set_visible(False)
        right_axis.set_ylabel("recall")


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
