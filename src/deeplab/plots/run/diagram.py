"""The layers of a network from input to output."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from deeplab.plots.style import BLUE, FAINT, GREEN, GREY, INK, ORANGE, PURPLE, SKY, new_figure, shorten, style

# The kind of a layer by the first word of its type that is in here.
_COLOURS = {
    "Conv": BLUE,
    "Dense": ORANGE,
    "Pooling": GREEN,
    "Dropout": PURPLE,
    "Normalization": SKY,
}
_SHORT_COLUMN = 12

Row = tuple[str, str, tuple[int, ...], int]


@style()
def draw(rows: Sequence[Row], input_shape: tuple[int, ...], name: str) -> Figure:
    """Draw a box for each layer with its output shape and number of parameters.

    Args:
        rows: (name, type, output shape without the batch, parameters) of each layer, in order.
        input_shape: of one row.
        name: of the network.
    """
    boxes: list[Row] = [("input", "", input_shape, 0), *rows]
    height = len(boxes) if len(boxes) <= _SHORT_COLUMN else -(-len(boxes) // 2)
    total = sum(row[3] for row in rows)
    figure = new_figure(f"{name}: {len(rows)} layers, {total:,} parameters", 0.9 + 0.42 * height)
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set(xlim=(0, 2), ylim=(-height, 0.6))
    for index, row in enumerate(boxes):
        column, place = divmod(index, height)
        if place == 0:
            _draw_head(axes, column)
        _draw_box(axes, column, -place - 0.5, row)
        if place + 1 < height and index + 1 < len(boxes):
            axes.annotate("", (column + 0.3, -place - 1.19), (column + 0.3, -place - 0.81), arrowprops=_ARROW)
        elif index + 1 < len(boxes):
            axes.annotate("", (column + 1.06, -0.5), (column + 0.94, -place - 0.5), arrowprops=_ARROW)
    return figure


_ARROW = {"arrowstyle": "-|>", "color": GREY, "linewidth": 1, "shrinkA": 0, "shrinkB": 0}


def _draw_head(axes: Axes, column: int) -> None:
    for x, text, side in (
        (0.115, "layer", "left"),
        (0.58, "output shape", "center"),
        (0.92, "parameters", "right"),
    ):
        axes.text(column + x, 0.25, text, va="center", ha=side, fontsize=8.5, color=GREY)


def _draw_box(axes: Axes, column: int, y: float, row: Row) -> None:
    name, kind, shape, parameters = row
    colour = next((colour for word, colour in _COLOURS.items() if word in kind), FAINT)
    axes.add_patch(Rectangle((column + 0.06, y - 0.31), 0.88, 0.62, facecolor="white", edgecolor=GREY, linewidth=0.9))
    axes.add_patch(Rectangle((column + 0.06, y - 0.31), 0.025, 0.62, facecolor=colour))
    axes.text(column + 0.115, y, shorten(name, 22), va="center", fontsize=9, fontweight="bold", color=INK)
    axes.text(column + 0.58, y, " × ".join(map(str, shape)), va="center", ha="center", fontsize=9)
    axes.text(column + 0.92, y, f"{parameters:,}" if parameters else "–", va="center", ha="right", fontsize=9)
