"""Share of images that are still classified rightly against the level of their noise."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from deeplab.plots.style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, SKY, VERMILLION, new_figure, style

_COLOURS = (VERMILLION, BLUE, GREEN, ORANGE, PURPLE, SKY)
_MARKERS = ("o", "s", "^", "D", "v", "P")


@style()
def draw(
    levels: Sequence[float],
    rates: Mapping[str, Sequence[tuple[float, float | None]]],
    *,
    noise: str,
    chance: float,
    trained_at: Mapping[str, float],
    title: str,
) -> Figure:
    """Draw a line for each state of the images, with its interval.

    Args:
        levels: of the noise, rising.
        rates: (mean, half the width of the 95 % interval or None) at each level, by state.
        chance: the rate of guessing.
        trained_at: the level that a denoiser was trained at, by state.
    """
    figure = new_figure(title, 4.6)
    axes = figure.subplots()
    x = np.array(levels)
    for number, (state, points) in enumerate(rates.items()):
        colour, marker = _COLOURS[number % len(_COLOURS)], _MARKERS[number % len(_MARKERS)]
        mean = np.array([value for value, _ in points])
        half = np.array([interval or 0.0 for _, interval in points])
        label = f"{state} (trained at {trained_at[state]:g})" if state in trained_at else state
        axes.plot(x, mean, color=colour, marker=marker, markersize=4.5, label=label)
        axes.fill_between(x, mean - half, mean + half, color=colour, alpha=0.2, linewidth=0)
    axes.axhline(chance, color=GREY, linewidth=1, linestyle=":")
    axes.annotate("chance", (1, chance), xycoords=("axes fraction", "data"), xytext=(4, 0),
                  textcoords="offset points", color=GREY, va="center", fontsize=9)  # fmt: skip
    for level in sorted(set(trained_at.values())):
        axes.axvline(level, color=INK, linewidth=0.8, linestyle=":", zorder=1)
    axes.set(xlabel=f"noise level ({noise})", ylabel="true-positive rate (%)", ylim=(-0.02, 1.02))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=""))
    axes.grid(axis="y")
    figure.legend(loc="outside lower center", ncols=min(3, len(rates)))
    return figure
