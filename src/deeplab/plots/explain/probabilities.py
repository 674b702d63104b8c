"""What a classifier says of one image."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.style import BLUE, GREEN, GREY, new_figure, shorten, style

MAX_SHOWN = 20


@style()
def draw(probabilities: NDArray[np.floating], class_names: Sequence[str], label: int | None) -> Figure:
    """Draw a bar for each class, the likeliest first where there are many.

    Args:
        probabilities: [num_classes].
        label: the right class, or None where it is not known.
    """
    count = len(class_names)
    winner = int(np.argmax(probabilities))
    title = f"{shorten(class_names[winner], 30)}: {100 * probabilities[winner]:.1f} %"
    if label is not None and label != winner:
        title += f", and it is {shorten(class_names[label], 30)}"
    classes = np.arange(count)
    if count > MAX_SHOWN:
        classes = np.argsort(-probabilities, kind="stable")[:MAX_SHOWN]
        title += f"; the {MAX_SHOWN} likeliest of {count} classes"
    figure = new_figure(title, 1.1 + 0.25 * len(classes))
    axes = figure.subplots()
    percent = 100 * probabilities[classes]
    colours = [GREEN if index == label else BLUE for index in classes]
    bars = axes.barh(np.arange(len(classes)), percent, color=colours, height=0.7)
    axes.bar_label(bars, [f"{value:.1f}" for value in percent], padding=4, fontsize=8.5)
    axes.set_yticks(np.arange(len(classes)), [shorten(class_names[int(index)], 24) for index in classes])
    axes.set(xlim=(0, 108), ylim=(len(classes) - 0.5, -0.5), xlabel="probability (%)")
    axes.set_xticks(range(0, 101, 20))
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    if label is not None:
        axes.text(1, 1.01, "green: the right class", transform=axes.transAxes, ha="right", fontsize=8.5, color=GREY)
    return figure
