"""A panel for each value of a regression, as the figures of its predictions have them."""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.style import new_figure, on_one_line

MOST_PANELS = 6
MOST_POINTS = 5000
_COLUMNS = 3
# What a panel shows: the true and the predicted value of its rows, [n], and its name.
Panel = tuple[Axes, NDArray[np.float64], NDArray[np.float64], str]


def value_panels(
    title: str, targets: NDArray[np.floating], outputs: NDArray[np.floating], names: Sequence[str]
) -> tuple[Figure, Iterator[Panel]]:
    """Lay out a panel for each of the first values, at most six, with at most 5,000 rows, evenly chosen, in each.

    Args:
        title: of the figure; how many values and rows are shown is added where it is not all.
        targets: the true values, [n, k].
        outputs: the predicted ones, [n, k].
        names: of the values, [k].

    Returns:
        The figure and its panels; a row that is not finite is left out.
    """
    rows, count = len(targets), min(len(names), MOST_PANELS)
    step = -(-rows // MOST_POINTS)
    parts = [f"the first {count} of {len(names)} values"] if count < len(names) else []
    parts += [f"one of {step} rows"] if step > 1 else []
    columns = min(count, _COLUMNS)
    lines = -(-count // columns)
    figure = new_figure(f"{title} ({', '.join(parts)})" if parts else title, 5.4 if count == 1 else 0.6 + 3.0 * lines)
    axes = figure.subplots(lines, columns, squeeze=False).ravel()
    for unused in axes[count:]:
        unused.set_axis_off()

    def panels() -> Iterator[Panel]:
        for number, panel in enumerate(axes[:count]):
            true, given = (values[::step, number].astype(np.float64) for values in (targets, outputs))
            finite = np.isfinite(true) & np.isfinite(given)
            yield panel, true[finite], given[finite], on_one_line(names[number])

    return figure, panels()
