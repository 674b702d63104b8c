"""From one configuration to another, step by step: what each difference between them brings."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from deeplab.metrics import is_share
from deeplab.plots import score_axes
from deeplab.plots.style import BLUE, GREEN, GREY, INK, VERMILLION, new_figure, shorten, style

_COLOURS = {"better": BLUE, "worse": VERMILLION, "equal": GREEN, "undecided": GREY}
_NAME_LENGTH = 34


@dataclass(frozen=True)
class Step:
    """One difference and what it changes."""

    name: str
    change: float  # of the score
    ends: Sequence[float]  # low and high, of the interval of that; empty where there is none
    verdict: str  # of what it does: better, worse, equal or undecided


@style()
def draw(first: float, steps: Sequence[Step], metric: str, *, name: str) -> Figure:
    """Draw the score of A, a bar for what each difference adds to it or takes away, and the score of B.

    Args:
        first: mean score of A.
        steps: in the order in which they are drawn; all of them lead to B.
        metric: what was compared, as in `val/accuracy`.
        name: of the sweep.
    """
    figure = new_figure(score_axes.title(name, "what each difference brings"), 1.3 + 0.42 * (len(steps) + 2))
    axes = figure.subplots()
    axes.grid(axis="x")
    names = ["A", *(shorten(step.name, _NAME_LENGTH) for step in steps), "B"]
    score, reached = first, [first]
    for place, step in enumerate(steps, start=1):
        colour = _COLOURS[step.verdict]
        axes.barh(place, step.change, left=score, height=0.55, color=colour, alpha=0.55, zorder=2)
        ends = [score + end for end in step.ends]
        axes.plot(ends, [place] * len(ends), "|-", color=colour, linewidth=1.4, markersize=7, zorder=3)
        axes.plot([score, score], [place - 1, place], color=INK, linewidth=0.7, linestyle=":", zorder=1)
        score += step.change
        reached.append(score)
        axes.annotate(
            _text(step.change, metric), (1, place), xycoords=("axes fraction", "data"),
            xytext=(6, 0), textcoords="offset points", va="center", fontsize=8, color=INK,
        )  # fmt: skip
    axes.plot([score, score], [len(steps), len(steps) + 1], color=INK, linewidth=0.7, linestyle=":", zorder=1)
    axes.plot([first, score], [0, len(steps) + 1], "o", color=INK, markersize=6, zorder=4)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.margins(x=0.08)
    score_axes.finish_score_axis(axes, metric, "x")
    words = {step.verdict: _COLOURS[step.verdict] for step in steps}
    labels = {"better": "better", "worse": "worse", "equal": "no change", "undecided": "undecided"}
    handles: list[score_axes.Handle] = [
        Line2D([], [], color=colour, linewidth=6, alpha=0.55, label=labels[word]) for word, colour in words.items()
    ]
    score_axes.add_legend(figure, handles)
    return figure


def _text(change: float, metric: str) -> str:
    """A change of a score; of shares in percentage points."""
    return f"{100 * change:+.2f}" if is_share(metric) else f"{change:+.3g}"
