"""One look for every figure, and its PNG: equal figures give equal bytes."""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import ScaledTranslation, Transform
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from deeplab.visible import visible

# Okabe and Ito (2008), "Color universal design": told apart with every common kind of colour vision.
BLUE = "#0072B2"
ORANGE = "#E69F00"
GREEN = "#009E73"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"
SKY = "#56B4E9"

INK = "#1A1A1A"
GREY = "#666666"
FAINT = "#D9D9D9"

WIDTH = 8.0  # inches; 1,000 pixels at the resolution below
DPI = 125
TITLE_ROOM = 0.06  # inches above the title of a figure

_SETTINGS: dict[Any, Any] = {
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so that every machine draws the same letters
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.labelsize": 9.5,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.labelcolor": INK,
    "text.color": INK,
    "text.parse_math": False,  # a class may be called "$5$"
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "image.interpolation": "nearest",
    "figure.constrained_layout.h_pad": 0.06,
    "figure.constrained_layout.w_pad": 0.06,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw with these settings alone, whatever a user's own matplotlibrc says; also a decorator."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


def new_figure(title: str, height: float) -> Figure:
    """An empty figure of the common width under a bold title.

    Args:
        title: what the figure shows, with its most important number.
        height: in inches.
    """
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.suptitle(title, x=0.012, ha="left", fontsize=12, fontweight="bold")
    return figure


@dataclass(frozen=True)
class Margins:
    """Room for texts, in inches."""

    left: float = 0.1
    right: float = 0.1
    bottom: float = 0.1
    top: float = 0.42  # below the upper edge of the figure, its title included
    across: float = 0.0  # between axes side by side
    down: float = 0.0  # between those one above the other
    x_ticks: float = 0.29  # what the names of ticks take of the room below axes
    y_ticks: float = 0.6  # and of that on their left


def place_axes(figure: Figure, margins: Margins) -> None:
    """Put axes, equally large ones in a grid, where they are told; to measure all texts takes longer than to draw."""
    figure.set_layout_engine(None)
    height = figure.get_figheight()
    spec = figure.axes[0].get_subplotspec()
    assert spec is not None
    rows, columns = spec.get_gridspec().get_geometry()
    wide = (WIDTH - margins.left - margins.right - (columns - 1) * margins.across) / columns
    high = (height - margins.bottom - margins.top - (rows - 1) * margins.down) / rows
    figure.subplots_adjust(
        left=margins.left / WIDTH,
        right=1 - margins.right / WIDTH,
        bottom=margins.bottom / height,
        top=1 - margins.top / height,
        wspace=margins.across / wide,
        hspace=margins.down / high,
    )
    for title in figure.texts:
        title.set_y(1 - TITLE_ROOM / height)
    for axes in figure.axes:
        axes.xaxis.set_label_coords(0.5, 0, beside(axes, down=margins.x_ticks))
        axes.yaxis.set_label_coords(0, 0.5, beside(axes, left=margins.y_ticks))


def beside(axes: Axes, left: float = 0.0, down: float = 0.0, along_y: bool = False) -> Transform:
    """Places so many inches from those in axes, where the lower left corner is (0, 0) and the upper right one (1, 1).

    Args:
        axes: beside which something is drawn.
        left, down: the distance.
        along_y: the second number of a place is a value on the y axis.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    within = axes.get_yaxis_transform() if along_y else axes.transAxes
    return within + ScaledTranslation(-left, -down, figure.dpi_scale_trans)


def say(axes: Axes, text: str) -> None:
    """Put a sentence where there is nothing to draw."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=GREY, fontsize=11)


def on_one_line(name: str) -> str:
    r"""A name from anywhere as a font can draw it; bytes of file names that are not UTF-8 are written as `\xe9`."""
    return " ".join(name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").split())


def shorten(name: str, length: int) -> str:
    """The name on one line, cut with an ellipsis where it has more than `length` characters."""
    line = on_one_line(name)
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def to_png(figure: Figure) -> bytes:
    """The figure as PNG, without date or versions, so that equal figures are equal bytes."""
    _write_out(figure)
    buffer = io.BytesIO()
    with style(), warnings.catch_warnings():
        # A class name in a script that the font lacks is drawn as boxes; the run is none the worse for it.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        # Laid out once and drawn once; `savefig` does both twice.
        layout = figure.get_layout_engine()
        if layout is not None:
            layout.execute(figure)
            figure.set_layout_engine("none")
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    written = PngInfo()
    written.add_text("Software", "deeplab")
    # Nothing shines through a figure; level 3 takes half the time of Pillow's 6 for about as many bytes.
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    picture.save(buffer, "PNG", dpi=(figure.dpi, figure.dpi), pnginfo=written, compress_level=3)
    return buffer.getvalue()


def _write_out(figure: Figure) -> None:
    """Write out control characters, which no font has, and halves of characters, which cannot be drawn at all."""
    for text in _texts(figure):
        text.set_text(visible(text.get_text()))
    for axes in figure.axes:
        for formatter in (axes.xaxis.get_major_formatter(), axes.yaxis.get_major_formatter()):
            if isinstance(formatter, FuncFormatter):  # which names are made of when ticks are given some
                formatter.func = partial(_name_of_tick, formatter.func)


def _texts(artist: Artist) -> Iterator[Text]:
    """Every text of a figure but those of ticks, which are made while it is drawn; to ask for them makes them."""
    if isinstance(artist, Text):
        yield artist
    parts = [artist.label] if isinstance(artist, Axis) else artist.get_children()
    for part in parts:
        yield from _texts(part)


def _name_of_tick(name: Callable[[float, int | None], str], place: float, number: int | None) -> str:
    return visible(name(place, number))
