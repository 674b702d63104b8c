"""Whether a classifier is right as often as it is sure."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.score_axes import percent
from deeplab.plots.style import BLUE, GREY, INK, VERMILLION, new_figure, style


@style()
def draw(counts: NDArray[np.integer], confidence: NDArray[np.floating], accuracy: NDArray[np.floating]) -> Figure:
    """Draw the accuracy over bins of the highest probability, where sureness would have it, and the rows of each bin.

    Args:
        counts: rows of bins of equal width from 0 to 1, [bins].
        confidence: mean highest probability of the rows of each, [bins].
        accuracy: share of them that is right, [bins].
    """
    bins, total = len(counts), int(counts.sum())
    error = float(counts @ np.abs(accuracy - confidence)) / total
    figure = new_figure(f"Reliability: expected calibration error {error:.4f} on {total:,} rows", 6.4)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    edges, some = np.linspace(0, 1, bins + 1), counts > 0
    width = 1 / bins
    upper.bar(edges[:-1][some], accuracy[some], width, align="edge", color=BLUE, edgecolor="white", label="accuracy")
    upper.plot(
        confidence[some], confidence[some], "_", color=VERMILLION, markersize=16, markeredgewidth=2.2,
        label="mean confidence",
    )  # fmt: skip
    upper.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":", label="right as often as sure")
    upper.set(ylabel="accuracy (%)", xlim=(0, 1), ylim=(0, 1.04))
    upper.yaxis.set_major_formatter(percent())
    upper.legend(loc="upper left")
    lower.bar(edges[:-1], counts, width, align="edge", color=GREY, edgecolor="white")
    most = int(counts.max())
    for left, count in zip(edges, counts.tolist(), strict=False):
        if count:
            lower.text(left + width / 2, count, f"{count:,}", ha="center", va="bottom", fontsize=7.5, color=INK)
    lower.set(xlabel="highest probability (%)", ylabel="rows", ylim=(0, 1.22 * most))
    lower.xaxis.set_major_formatter(percent())
    for axes in (upper, lower):
        axes.grid(axis="y")
    return figure
