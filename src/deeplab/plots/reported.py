"""Published figures beside measured ones, a line for each."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from deeplab.plots.style import BLUE, GREY, ORANGE, VERMILLION, new_figure, style

COLORS = {"reproduced": BLUE, "undecided": ORANGE, "differs": VERMILLION}


@style()
def draw(rows: Sequence[tuple[str, float, float, float | None, float | None, str]], title: str, label: str) -> Figure:
    """Draw each published figure as a diamond with its tolerance, and the measured mean beside it.

    Args:
        rows: (name, reported, tolerance, measured mean, half of its 95 % interval, outcome); None for what there is
            not.
        title: of the figure.
        label: what is measured.
    """
    figure = new_figure(title, 1.0 + 0.34 * len(rows))
    axes = figure.subplots()
    for number, (_, reported, tolerance, mean, half, outcome) in enumerate(rows):
        place = len(rows) - number
        axes.plot([reported - tolerance, reported + tolerance], [place] * 2, color=GREY, linewidth=5, alpha=0.25)
        axes.plot(
            reported, place, "D", color=GREY, markersize=6, label="reported, with tolerance" if not number else ""
        )
        if mean is not None:
            axes.errorbar(mean, place, xerr=half or 0, fmt="o", markersize=6, capsize=3, color=COLORS[outcome])
    for outcome, color in COLORS.items():
        axes.plot([], [], "o", color=color, label=f"measured, {outcome}")
    axes.set_yticks(range(len(rows), 0, -1), [row[0] for row in rows])
    axes.set_ylim(0.4, len(rows) + 0.6)
    axes.set_xlabel(label)
    axes.grid(axis="x")
    figure.legend(loc="outside lower center", ncols=4)
    return figure
