"""How figures name, write and scale scores and factors."""

from collections.abc import Sequence
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from deeplab.metrics import metric_of
from deeplab.plots.style import INK, shorten

# What a legend explains: a line, or the parts of an error bar.
Handle = Artist | tuple[Any, ...]
RING = "○"  # how a title points at the best, as the learning curves do
_TITLE_LENGTH = 66  # characters of the bold title that fit on the common width
_LEGEND_WIDTH = 100  # letters on the common width
_LEGEND_HANDLE = 9  # letters that a mark and the space beside it take
_LOG_SPAN = 100.0
_EVEN = 0.05  # steps that differ by less than this share are even: 1e-6, 2.5e-4, 5e-4 is


def axis_label(metric: str) -> str:
    """`validation accuracy (%)` or `test loss`."""
    measured = metric_of(metric)
    return f"{measured.label} (%)" if measured.is_share else measured.label


def title(name: str, text: str) -> str:
    """`name: text`, the name cut so that the line fits on a figure; `Text` where there is no name."""
    text = shorten(text, _TITLE_LENGTH)
    room = _TITLE_LENGTH - len(text) - 2
    return f"{shorten(name, room)}: {text}" if name and room > 3 else text[:1].upper() + text[1:]


def finite(scores: Sequence[float]) -> NDArray[np.float64]:
    """The scores that are numbers; a replicate that diverged to NaN or infinity has none."""
    array = np.asarray(scores, dtype=np.float64)
    return array[np.isfinite(array)]


def check_points(scores: Sequence[Sequence[float]], named: int, best: int | None) -> list[NDArray[np.float64]]:
    """The finite scores of each point.

    Args:
        scores: of the replicates of each point.
        named: number of points that have a name or a value.
        best: position of the best point.

    Raises:
        ValueError: there is no point, the numbers of points differ, or the best one has no score.
    """
    if not scores or len(scores) != named:
        raise ValueError(f"{len(scores)} lists of scores for {named} points; there must be one for each, and a point.")
    points = [finite(point) for point in scores]
    if best is not None and not (0 <= best < named and points[best].size):
        raise ValueError(f"Point {best} cannot be the best of {named}: it does not exist or has no finite score.")
    return points


def mean_text(metric: str, scores: NDArray[np.float64]) -> str:
    """`98.06 % (s = 0.05, n = 3)`: mean, standard deviation over replicates (ddof=1) and their number.

    Without a ±, which would be taken for the intervals that are drawn.
    """
    mean = float(scores.mean())
    spread = float(scores.std(ddof=1)) if scores.size > 1 else None
    if metric_of(metric).is_share:
        shown, deviation = f"{100 * mean:.2f} %", "" if spread is None else f"s = {100 * spread:.2f}, "
    else:
        shown, deviation = f"{mean:.4g}", "" if spread is None else f"s = {spread:.2g}, "
    return f"{shown} ({deviation}n = {scores.size})"


def score_texts(metric: str, means: Sequence[float]) -> list[str]:
    """The means without a unit, with as many digits as tell them apart (three decimals of a per cent at most).

    Returns:
        `98.06` or `0.0731` for each, `missing` for what is not finite.
    """
    known = set(finite(means).tolist())
    digits, most = (1, 3) if metric_of(metric).is_share else (3, 6)

    def written(mean: float, digits: int) -> str:
        return f"{100 * mean:.{digits}f}" if metric_of(metric).is_share else f"{mean:#.{digits}g}".rstrip(".")

    while digits < most and len({written(mean, digits) for mean in known}) < len(known):
        digits += 1
    return [written(mean, digits) if np.isfinite(mean) else "missing" for mean in means]


def number_text(value: float) -> str:
    """A factor's value as one would type it: `0.1`, `128`, `2.5075e-4`.

    Examples:
        >>> [number_text(value) for value in (0.1, 128, 1e-3, 2.5075e-4)]
        ['0.1', '128', '1e-3', '2.5075e-4']
    """
    plain = f"{value:.5g}"
    if 0.01 <= abs(value) < 1e5 or value == 0:
        return plain if "e" not in plain else f"{value:.0f}"
    mantissa, _, exponent = f"{value:.4e}".partition("e")
    short = f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return min(plain, short, key=len) if "e" not in plain else short


def on_log_scale(values: Sequence[float]) -> bool:
    """Whether an axis with these values is read better on a log scale.

    So it is where all are positive, span two decades or more, and were not laid out in even steps.

    Examples:
        >>> on_log_scale([1e-6, 1e-4, 1e-2]), on_log_scale([1, 2, 3]), on_log_scale([1e-6, 2.5e-4, 5e-4])
        (True, False, False)
    """
    distinct = np.unique(np.asarray(values, dtype=np.float64))
    if distinct[0] <= 0 or distinct[-1] < _LOG_SPAN * distinct[0] * (1 - 1e-9):
        return False
    steps = np.diff(distinct)
    return bool(np.abs(steps - steps.mean()).max() > _EVEN * steps.mean())


def short_names(names: Sequence[str], length: int) -> list[str]:
    """Names of at most `length` characters, cut in the middle where their beginnings do not tell them apart.

    Examples:
        >>> short_names(["cnn_with_dropout_and_l2=0.1", "cnn_with_dropout_and_l2=0.2"], 16)
        ['cnn_w…and_l2=0.1', 'cnn_w…and_l2=0.2']
    """
    cut = [shorten(name, length) for name in names]
    if len(set(cut)) == len(set(names)):
        return cut
    lines = [" ".join(name.split()) for name in names]
    head, tail = length // 3, length - length // 3 - 1
    return [line if len(line) <= length else f"{line[:head]}…{line[-tail:]}" for line in lines]


def dark_is_better(metric: str) -> Colormap:
    """Colours that stay in order in grey and with every common kind of colour vision: cividis, dark for good."""
    higher_is_better = metric_of(metric).higher_is_better
    name = "cividis_r" if higher_is_better else "cividis"
    colours = matplotlib.colormaps[name](np.linspace(0, 1, 256))
    # The brightest yellows would be lost as lines on white.
    return ListedColormap(colours[24:] if higher_is_better else colours[:-24], name=f"{name}_on_white")


def percent() -> PercentFormatter:
    """Writes fractions as per cent, without the sign, which the axis' label has."""
    return PercentFormatter(1.0, symbol="")


def rate_axes(axes: Axes, xlabel: str, ylabel: str) -> None:
    """Make a square of two rates from 0 to 100 %."""
    axes.set(xlabel=f"{xlabel} (%)", ylabel=f"{ylabel} (%)", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.set(aspect="equal", box_aspect=1)
    axes.xaxis.set_major_formatter(percent())
    axes.yaxis.set_major_formatter(percent())
    axes.grid()


def finish_score_axis(axes: Axes, metric: str, which: Literal["x", "y"]) -> None:
    """Label the axis of the scores, and let no accuracy axis go far beyond what an accuracy can be."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_label_text(axis_label(metric))
    if metric_of(metric).is_share:
        axis.set_major_formatter(percent())
        low, high = axis.get_view_interval()
        drawn_low, drawn_high = axis.get_data_interval()
        limits = (max(low, min(-0.02, drawn_low)), min(high, max(1.02, drawn_high)))
        (axes.set_xlim if which == "x" else axes.set_ylim)(limits)


def ring(axes: Axes, x: float, y: float) -> None:
    """Mark the best point, as `RING` in the title says."""
    axes.plot(
        [x], [y], "o", markersize=11, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=1.4, zorder=4,
        label="best",
    )  # fmt: skip


def inches(axes: Axes) -> Any:
    """Turns inches to pixels: for what is drawn at a fixed distance from its place."""
    figure = axes.get_figure(root=True)
    if figure is None:
        raise ValueError("The axes belong to no figure.")
    return figure.dpi_scale_trans


def add_legend(figure: Figure, handles: Sequence[Handle]) -> None:
    """What the marks mean, in rows below the axes, where nothing can lie under it; as many columns as fit."""
    labels = [str(getattr(handle, "get_label", lambda: "")()) for handle in handles]
    columns = next((count for count in range(4, 1, -1) if _legend_width(labels, count) < _LEGEND_WIDTH), 1)
    figure.legend(handles=list(handles), loc="outside lower left", ncols=columns, columnspacing=1.6)


def _legend_width(labels: Sequence[str], columns: int) -> float:
    """About how wide a legend of so many columns would be, in letters."""
    rows, longer = divmod(len(labels), columns)
    width, start = 0, 0
    for column in range(min(columns, len(labels))):
        stop = start + rows + (column < longer)
        width += max(map(len, labels[start:stop])) + _LEGEND_HANDLE
        start = stop
    return width
