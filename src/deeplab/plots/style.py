"""One look for every figure, and its PNG: equal figures give equal bytes."""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter

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
        FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": "deeplab"})
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
