"""All published figures beside measured ones, each in units of its tolerance."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from deeplab.plots.reported import COLORS
from deeplab.plots.style import GREY, new_figure, style

MOST = 4.0  # tolerances from the published figure; what lies further stands at the edge


@style()
def draw(rows: Sequence[tuple[str, float, float | None, str]], title: str) -> Figure:
    """Draw where each measured mean lies, seen from the published figure.

    Args:
        rows: (name, measured less reported, half of the 95 % interval, outcome), in tolerances; None where there is no
            interval.
        title: of the figure.
    """
    figure = new_figure(title, 1.2 + 0.2 * len(rows))
    axes = figure.subplots()
    axes.axvspan(-1, 1, color=GREY, alpha=0.15, linewidth=0)
    axes.axvline(0, color=GREY, linewidth=1)
    for number, (_, distance, half, outcome) in enumerate(rows):
        place, color = len(rows) - number, COLORS[outcome]
        if abs(distance) > MOST:
            axes.plot(
                MOST * (1 if distance > 0 else -1), place, ">" if distance > 0 else "<", color=color, markersize=6
            )
            axes.annotate(
                f"{distance:+.1f}", (MOST * 0.96 * (1 if distance > 0 else -1), place), va="center", fontsize=7,
                ha="right" if distance > 0 else "left",
            )  # fmt: skip
        else:
            axes.errorbar(distance, place, xerr=half or 0, fmt="o", markersize=4, capsize=2, color=color)
    for outcome, color in COLORS.items():
        axes.plot([], [], "o", color=color, label=f"measured, {outcome}")
    axes.set_yticks(range(len(rows), 0, -1), [row[0] for row in rows], fontsize=7)
    axes.set_ylim(0.4, len(rows) + 0.6)
    axes.set_xlim(-MOST * 1.05, MOST * 1.05)
    axes.set_xlabel("measured − reported, in tolerances")
    axes.grid(axis="x")
    figure.legend(loc="outside lower center", ncols=3)
    return figure
