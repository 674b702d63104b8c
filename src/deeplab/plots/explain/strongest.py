"""Which maps of which layers an image excites most, and where."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.images import show_picture
from deeplab.plots.style import GREY, SKY, new_figure, shorten, style

SHOWN = 6


@dataclass(frozen=True)
class Peak:
    """The largest value of a map."""

    map: int  # number of the map in its layer, from 0
    value: float  # the activation
    row: int  # where, from 0 at the top
    column: int  # where, from 0 at the left


def strongest(maps: NDArray[Any]) -> tuple[Peak, ...]:
    """The peaks of the SHOWN of some maps [height, width, channels] that fire most, the first of equal ones first."""
    _, width, count = maps.shape
    flat = maps.reshape(-1, count)
    places = flat.argmax(axis=0)
    values = flat[places, np.arange(count)]
    return tuple(
        Peak(int(index), float(values[index]), *divmod(int(places[index]), width))
        for index in np.argsort(-values, kind="stable")[:SHOWN]
    )


@style()
def draw(image: NDArray[Any], layers: Sequence[tuple[str, NDArray[Any]]]) -> Figure:
    """Draw the strongest maps of each layer beside the image, a ring around the largest value of each.

    Args:
        image: [height, width, channels], uint8 or in [0, 1].
        layers: names and maps [height, width, channels], in order.
    """
    figure = new_figure("The strongest activations of each layer, and where they are", 0.6 + 1.42 * len(layers))
    grid = figure.subplots(len(layers), SHOWN + 1, squeeze=False)
    for axes in grid.ravel():
        axes.set_axis_off()
    for line, (name, maps) in zip(grid, layers, strict=True):
        show_picture(line[0], image)
        line[0].set_title(shorten(name, 17), fontsize=8, fontweight="bold")
        limit = float(np.abs(maps).max()) or 1.0
        for axes, peak in zip(line[1:], strongest(maps), strict=False):
            axes.imshow(maps[..., peak.map], cmap="magma", vmin=min(0.0, float(maps.min())), vmax=limit)
            if peak.value > 0:
                ring = {"markersize": 11, "fillstyle": "none", "color": SKY, "markeredgewidth": 1.5}
                axes.plot(peak.column, peak.row, "o", clip_on=False, **ring)
            axes.set_title(f"map {peak.map}: {peak.value:.3g}", fontsize=8, loc="center")
    figure.supxlabel("maps are counted from 0; each layer has a scale of its own", fontsize=8, color=GREY)
    return figure
