"""The layers of a network from input to output."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from deeplab.plots.run.boxes import Box, arcs, boxes_of
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
_LONG = 18  # letters of a name, beyond which smaller ones keep off the shape
_LANE = 0.045  # between arcs that run side by side


@style()
def draw(rows: Sequence[Box], input_shape: tuple[int, ...], name: str) -> Figure:
    """Draw a box for each layer with its output shape and number of parameters, and arcs where a layer skips others.

    Groups of layers are a box each where there would be too many of them.

    Args:
        rows: the layers in order.
        input_shape: of one row.
        name: of the network.
    """
    boxes = boxes_of(rows, input_shape)
    connected = arcs(boxes)
    is_chain = not connected and all(number - 1 in box.inputs for number, box in enumerate(boxes) if number)
    height = len(boxes) if len(boxes) <= _SHORT_COLUMN or not is_chain else -(-len(boxes) // 2)
    total = sum(row.parameters for row in rows)
    figure = new_figure(f"{name}: {len(rows)} layers, {total:,} parameters", 0.9 + 0.42 * height)
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set(xlim=(0, 2), ylim=(-height, 0.6))
    for index, box in enumerate(boxes):
        column, place = divmod(index, height)
        if place == 0:
            _draw_head(axes, column)
        _draw_box(axes, column, -place - 0.5, box)
        if index + 1 == len(boxes) or index not in boxes[index + 1].inputs:
            continue
        if place + 1 < height:
            axes.annotate("", (column + 0.3, -place - 1.19), (column + 0.3, -place - 0.81), arrowprops=_ARROW)
        else:
            axes.annotate("", (column + 1.06, -0.5), (column + 0.94, -place - 0.5), arrowprops=_ARROW)
    for first, last, lane in connected:
        x = 0.97 + _LANE * (lane + 1)
        axes.plot([0.94, x, x], [-first - 0.62, -first - 0.62, -last - 0.38], color=GREY, linewidth=1)
        axes.annotate("", (0.94, -last - 0.38), (x, -last - 0.38), arrowprops=_ARROW)
    return figure


_ARROW = {"arrowstyle": "-|>", "color": GREY, "linewidth": 1, "shrinkA": 0, "shrinkB": 0}


def _draw_head(axes: Axes, column: int) -> None:
    for x, text, side in (
        (0.115, "layer", "left"),
        (0.58, "output shape", "center"),
        (0.92, "parameters", "right"),
    ):
        axes.text(column + x, 0.25, text, va="center", ha=side, fontsize=8.5, color=GREY)


def _draw_box(axes: Axes, column: int, y: float, box: Box) -> None:
    name, kind, shape, parameters = box.name, box.type, box.output_shape, box.parameters
    colour = next((colour for word, colour in _COLOURS.items() if word in kind), FAINT)
    axes.add_patch(Rectangle((column + 0.06, y - 0.31), 0.88, 0.62, facecolor="white", edgecolor=GREY, linewidth=0.9))
    axes.add_patch(Rectangle((column + 0.06, y - 0.31), 0.025, 0.62, facecolor=colour))
    size = 9 if len(name) <= _LONG else 7.6
    axes.text(column + 0.115, y, shorten(name, 22), va="center", fontsize=size, fontweight="bold", color=INK)
    axes.text(column + 0.58, y, " × ".join(map(str, shape)), va="center", ha="center", fontsize=9)
    axes.text(column + 0.92, y, f"{parameters:,}" if parameters else "–", va="center", ha="right", fontsize=9)
