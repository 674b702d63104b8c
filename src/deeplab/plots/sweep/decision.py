"""How the intervals of a decision shrank from seed to seed."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from deeplab.metrics import label_of
from deeplab.plots import score_axes
from deeplab.plots.style import BLUE, FAINT, GREEN, GREY, INK, VERMILLION, new_figure, say, shorten, style

MOST_PANELS = 8
_COLOURS = {"better": BLUE, "worse": VERMILLION, "equal": GREEN, "undecided": GREY}
_NAME_LENGTH = 34


@dataclass(frozen=True)
class Shrinking:
    """Two points, and what was known of them after each seed."""

    first: str
    second: str
    verdict: str  # in the end: better, worse, equal (within some margin) or undecided
    seeds: Sequence[int]  # [n]; numbers of seeds after which there was an interval
    means: Sequence[float]  # [n]; of the differences in favour of the first
    lows: Sequence[float]  # [n]; ends of the intervals
    highs: Sequence[float]  # [n]


@style()
def draw(pairs: Sequence[Shrinking], margin: float, metric: str, *, name: str) -> Figure:
    """Draw a panel for each pair: the mean difference by the number of seeds, its interval, 0 and the margin.

    Args:
        pairs: at most MOST_PANELS of them are drawn, the first ones.
        margin: the largest difference that does not matter; a band where it is above 0.
        metric: that was compared, as in `val/accuracy`.
        name: of the decision.
    """
    shown = pairs[:MOST_PANELS]
    more = f", {len(shown)} of {len(pairs)} pairs" if len(pairs) > len(shown) else ""
    columns = 1 if len(shown) == 1 else 2
    rows = -(-len(shown) // columns)
    figure = new_figure(score_axes.title(name, f"what is known after each seed{more}"), 0.9 + 2.5 * rows)
    grid = figure.subplots(rows, columns, squeeze=False).flatten()
    for axes, pair in zip(grid, shown, strict=False):
        _draw_panel(axes, pair, margin, metric)
    for axes in grid[len(shown) :]:
        axes.set_visible(False)
    return figure


def _draw_panel(axes: Axes, pair: Shrinking, margin: float, metric: str) -> None:
    colour = _COLOURS[pair.verdict.partition(" ")[0]]
    first, second = shorten(pair.first, _NAME_LENGTH), shorten(pair.second, _NAME_LENGTH)
    axes.set_title(f"{first} against\n{second}")
    axes.text(0.99, 0.97, pair.verdict, transform=axes.transAxes, ha="right", va="top", color=colour, fontweight="bold")
    axes.set_xlabel("seeds of both")
    axes.set_ylabel(f"difference in {label_of(metric)}\nin favour of the first")
    if margin:
        axes.axhspan(-margin, margin, color=FAINT, alpha=0.6, linewidth=0, zorder=0)
    axes.axhline(0, color=INK, linewidth=0.8, zorder=1)
    if not pair.seeds:
        say(axes, "too few seeds for an interval")
        return
    axes.fill_between(pair.seeds, pair.lows, pair.highs, color=colour, alpha=0.22, linewidth=0)
    errors = [
        [mean - low for mean, low in zip(pair.means, pair.lows, strict=True)],
        [high - mean for mean, high in zip(pair.means, pair.highs, strict=True)],
    ]
    axes.errorbar(pair.seeds, pair.means, yerr=errors, color=colour, fmt="o-", markersize=3.5, elinewidth=1.0)
    axes.set_xlim(pair.seeds[0] - 0.5, pair.seeds[-1] + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    # The first intervals may be wide; what matters is how the last ones lie to 0.
    last = 6 * max(abs(pair.lows[-1]), abs(pair.highs[-1]), margin)
    if last:
        low, high = min(*pair.lows, -margin, 0.0), max(*pair.highs, margin, 0.0)
        room = 0.12 * (min(high, last) - max(low, -last))
        axes.set_ylim(max(low, -last) - room, min(high, last) + 1.6 * room)
