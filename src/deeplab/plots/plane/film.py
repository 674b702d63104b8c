"""How the boundary came about: what a network says over the plane, epoch after epoch, as an animated GIF."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deeplab.plots.plane.maps import PALETTE, Parts, show_map, show_points
from deeplab.plots.style import GREY, style

_INCHES = 4.0
_DPI = 100
_MOST_POINTS = 500
_SIGNS = {"training": "●", "validation": "■", "test": "◆"}
_FRAME_MS, _LAST_FRAME_MS = 200, 2500


@style()
def draw(pictures: Sequence[tuple[str, NDArray[Any]]], reach: float, parts: Parts) -> list[Figure]:
    """Draw the pictures of the film; small ones, since there are many.

    Args:
        pictures: a caption that tells the epoch, and what the network says over the square from -reach to reach,
            [g, g], the lowest row first.
    """
    return [_draw(caption, outputs, reach, parts) for caption, outputs in pictures]


def _draw(caption: str, outputs: NDArray[Any], reach: float, parts: Parts) -> Figure:
    figure = Figure(figsize=(_INCHES, _INCHES), dpi=_DPI)
    axes = figure.add_axes((0.075, 0.065, 0.9, 0.865))  # by hand: laying out each picture would take longer than it
    show_map(axes, outputs, reach)
    show_points(axes, parts, 12, _MOST_POINTS)
    axes.set_title(caption)
    axes.set_title("  ".join(f"{_SIGNS[part]} {part}" for part in parts), loc="right", fontsize=8, color=GREY)
    return figure


def to_gif(figures: Sequence[Figure]) -> bytes:
    """Pictures of one size as an animated GIF that starts again from the front; equal pictures give equal bytes."""
    from PIL import Image

    if not figures:
        raise ValueError("No picture to show.")
    # One palette for all: with one for each the background would flicker.
    palette = Image.new("P", (1, 1))
    palette.putpalette([round(255 * part) for colour in PALETTE for part in colour[:3]])
    pictures = [Image.fromarray(_pixels(figure)).convert("RGB") for figure in figures]
    frames = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    durations = [_FRAME_MS] * (len(frames) - 1) + [_LAST_FRAME_MS]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=True)
    return buffer.getvalue()


def _pixels(figure: Figure) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    with style():
        figure.savefig(buffer, format="rgba", dpi=_DPI)
    return np.frombuffer(buffer.getvalue(), np.uint8).reshape(round(_INCHES * _DPI), round(_INCHES * _DPI), 4)
