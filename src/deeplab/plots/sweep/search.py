"""What a search found: the score against each factor, and how the best score grew."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from deeplab.metrics import metric_of
from deeplab.plots import score_axes as scores_of
from deeplab.plots.style import BLUE, GREY, new_figure, say, shorten, style

_COLUMNS = 2
_ROW_HEIGHT = 2.9  # inches
_FEW_DECADES = 200.0  # within which powers of ten alone are too few ticks
_SPREAD = 0.5  # width in which the trials of one option lie side by side; options are 1 apart
_LEVEL_LETTERS = 44  # that fit below one panel; names of options that are longer together are tilted


class Factor(NamedTuple):
    """What the trials got for one key."""

    values: Sequence[float]  # at each trial: numbers, or positions in `options`
    log: bool = False  # whether numbers go on a logarithmic axis
    options: Sequence[str] = ()  # the names of what was chosen from, or none for numbers


class _Trials(NamedTuple):
    """What is drawn of all trials in every panel: scores, which ended early, and the position of the best."""

    score: NDArray[np.float64]
    ended: NDArray[np.bool_]
    best: int | None
    metric: str


@style()
def draw(
    trials: Sequence[int],
    scores: Sequence[float],
    pruned: Sequence[bool],
    factors: Mapping[str, Factor],
    *,
    metric: str,
    name: str = "",
    replicates: Sequence[Sequence[float]] = (),
) -> Figure:
    """Draw a panel for each factor, and the best score so far against the number of the trial.

    Finished trials are dots, pruned ones small grey crosses at their last score, or at the edge where that is far off;
    a ring marks the best finished one. Of means a line goes from the smallest to the largest score.

    Args:
        trials: their numbers, from 0.
        scores: of each trial, the mean where it has several replicates; accuracies as fractions.
        factors: by name, what each trial got.
        metric: `val/accuracy` or `val/loss`.
        replicates: the scores of each trial's replicates where there are several, none for a pruned one.
    """
    several = [replicates] if replicates else []
    for values in (scores, pruned, *several, *(factor.values for factor in factors.values())):
        if len(values) != len(trials):
            raise ValueError(f"{len(values)} values for {len(trials)} trials; there must be one for each.")
    score, ended = np.array(scores, dtype=np.float64), np.array(pruned, dtype=np.bool_)
    finished = np.flatnonzero(~ended)
    position = metric_of(metric).best(score[finished])
    best = None if position is None else int(finished[position])
    drawn = _Trials(score, ended, best, metric)
    # Runs may have been deleted.
    kept = [each or (np.nan,) for each, early in zip(replicates, pruned, strict=False) if not early]
    ranges = [(min(each), max(each)) for each in kept]
    means = f", mean of {max(map(len, replicates))} trainings," if ranges else ""
    rows = -(-(len(factors) + 1) // _COLUMNS)
    title = scores_of.title(name, f"{metric_of(metric).label}{means} in a search")
    figure = new_figure(title, 0.9 + rows * _ROW_HEIGHT)
    panels = figure.subplots(rows, _COLUMNS if factors else 1, squeeze=False).ravel()
    for axes, (key, factor) in zip(panels, factors.items(), strict=False):
        axes.set_xlabel(shorten(key, 36) + (" (log scale)" if factor.log else ""))
        x = _lay_out_options(axes, factor) if factor.options else _lay_out_numbers(axes, factor)
        if best is not None:
            value = factor.values[best]
            words = shorten(factor.options[int(value)], 24) if factor.options else scores_of.number_text(value)
            axes.set_title(f"Best at {words} ({scores_of.RING})")
        _draw_ranges(axes, x[~ended], ranges)
        _draw_trials(axes, x, drawn)
    numbers = np.array(trials, dtype=np.int64)
    _draw_ranges(panels[len(factors)], numbers[~ended].astype(np.float64), ranges)
    _draw_progress(panels[len(factors)], numbers, drawn)
    for axes in panels[len(factors) + 1 :]:
        axes.remove()
    handles = {handle.get_label(): handle for axes in figure.axes for handle in axes.get_lines()}
    if handles:
        scores_of.add_legend(figure, list(handles.values()))
    return figure


def _lay_out_numbers(axes: Axes, factor: Factor) -> NDArray[np.float64]:
    """Scale the axis, and tell where on it each trial lies."""
    values = np.array(factor.values, dtype=np.float64)
    if factor.log:
        axes.set_xscale("log")
        if values.size and values.max() < _FEW_DECADES * values.min():
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: scores_of.number_text(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    return values


def _lay_out_options(axes: Axes, factor: Factor) -> NDArray[np.float64]:
    """Name the options, and tell where each trial lies: those of one option side by side, in their order."""
    names = [shorten(option, 20) for option in factor.options]
    tilted = sum(map(len, names)) > _LEVEL_LETTERS
    axes.set_xticks(range(len(names)), names, rotation=25 if tilted else 0, ha="right" if tilted else "center")
    axes.set_xlim(-0.5, len(names) - 0.5)
    places = np.array(factor.values, dtype=np.float64)
    for option in range(len(names)):
        (alike,) = np.nonzero(places == option)
        if alike.size > 1:
            places[alike] += np.linspace(-_SPREAD / 2, _SPREAD / 2, alike.size)
    return places


def _draw_progress(axes: Axes, trials: NDArray[np.int64], drawn: _Trials) -> None:
    score, ended, best, metric = drawn
    axes.set_xlabel("trial")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if best is not None:
        better = np.maximum if metric_of(metric).higher_is_better else np.minimum
        axes.step(trials[~ended], better.accumulate(score[~ended]), where="post", color=BLUE, label="best so far")
        unit = " %" if metric_of(metric).is_share else ""
        text = scores_of.score_texts(metric, [float(score[best])])[0]
        axes.set_title(f"Best: {text}{unit} in trial {trials[best]} ({scores_of.RING})")
    _draw_trials(axes, trials.astype(np.float64), drawn)


def _draw_trials(axes: Axes, x: NDArray[np.float64], drawn: _Trials) -> None:
    score, ended, best, metric = drawn
    axes.grid(axis="y")
    axes.margins(x=0.06, y=0.1)
    if not score.size:
        say(axes, "no score")
        return
    if ended.any():
        # First epochs are far below last ones, and finished trials would all lie on one line.
        low, high = _about(score[~ended])
        far = np.clip(score[ended], low, high)
        label = "pruned" if np.array_equal(far, score[ended]) else "pruned; far ones at the edge"
        axes.plot(x[ended], far, "x", color=GREY, alpha=0.7, markersize=4, label=label)
    if best is not None:
        axes.plot(
            x[~ended], score[~ended], "o", color=BLUE, alpha=0.75, markersize=5, markeredgewidth=0, label="finished"
        )
        scores_of.ring(axes, float(x[best]), float(score[best]))
    scores_of.finish_score_axis(axes, metric, "y")


def _draw_ranges(axes: Axes, x: NDArray[np.float64], ranges: Sequence[tuple[float, float]]) -> None:
    """From the smallest to the largest score of each finished trial, behind its mean."""
    if ranges:
        low, high = np.array(ranges).T
        axes.vlines(x, low, high, color=BLUE, alpha=0.45, linewidth=1.2, zorder=1.5)


def _about(finished: NDArray[np.float64]) -> tuple[float, float]:
    """Between which scores those lie that can be shown beside these: as far from them as they are from each other."""
    if not finished.size:
        return -np.inf, np.inf
    low, high = float(finished.min()), float(finished.max())
    room = high - low or abs(low) or 1.0
    return low - room, high + room
