import math
from functools import partial

import numpy as np
import pytest
from matplotlib.figure import Figure

from deeplab.config.schema import ReferenceConfig
from deeplab.plots.score_axes import on_log_scale
from deeplab.plots.style import to_png
from deeplab.plots.sweep import categories as sweep_categories
from deeplab.plots.sweep import curves as sweep_curves
from deeplab.plots.sweep import factor as sweep_factor
from deeplab.plots.sweep import heat_map as sweep_heat_map
from deeplab.plots.sweep import parallel as sweep_parallel
from deeplab.plots.sweep.comparison import Comparison

L2 = [1e-6, 2.5075e-4, 5.005e-4, 7.5025e-4, 1e-3]
SCORES = [[0.980, 0.981, 0.982], [0.978, 0.979, 0.980], [0.976, 0.977], [], [0.970, 0.971, 0.972]]
HINTON = ReferenceConfig(0.9847, "Hinton")


def texts(figure: Figure) -> str:
    """All that is written on a figure, of which a PNG is made on the way."""
    assert to_png(figure).startswith(b"\x89PNG")
    return "\n".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))


def factor(best: int = 0) -> Figure:
    comparison = Comparison("val/accuracy", best, planned=3)
    return sweep_factor.draw("l2", L2, SCORES, comparison, reference=HINTON, name="decay")


def test_error_bars_are_means_and_one_standard_deviation() -> None:
    axes = factor().axes[0]
    bars = [container for container in axes.containers if hasattr(container, "has_yerr")]
    complete = bars[0].lines[0]
    assert complete.get_xdata().tolist() == pytest.approx([L2[0], L2[1], L2[4]])
    assert complete.get_ydata().tolist() == pytest.approx([0.981, 0.979, 0.971])
    low, high = bars[0].lines[2][0].get_segments()[0][:, 1]
    assert (high - low) / 2 == pytest.approx(0.001)
    assert bars[0].get_label() == "mean ± 1 standard deviation (n − 1)"
    incomplete = bars[1].lines[0]
    assert incomplete.get_markerfacecolor() == "white"
    assert incomplete.get_ydata().tolist() == pytest.approx([0.9765])


def test_error_bars_of_n_are_numpys_own_and_say_so() -> None:
    comparison = Comparison("val/accuracy", 0, planned=3, deviation="n")
    axes = sweep_factor.draw("l2", L2, SCORES, comparison).axes[0]
    bars = next(container for container in axes.containers if hasattr(container, "has_yerr"))
    low, high = bars.lines[2][0].get_segments()[0][:, 1]
    assert (high - low) / 2 == pytest.approx(np.std(SCORES[0]))
    assert bars.get_label() == "mean ± 1 standard deviation (n)"


def test_every_replicate_lies_at_its_own_value_whatever_the_scale() -> None:
    for values in (L2, [1e-4, 1e-3, 1e-2, 0.1, 1.0]):
        figure = sweep_factor.draw("l2", values, SCORES, Comparison("val/accuracy", best=0, planned=3))
        to_png(figure)
        axes = figure.axes[0]
        (dots,) = [line for line in axes.lines if line.get_label() == "replicate"]
        assert len(dots.get_xdata()) == 11
        places = dots.get_transform().transform(dots.get_xydata())[:, 0]
        assert ((places >= axes.bbox.x0) & (places <= axes.bbox.x1 + 2)).all()
        assert places.max() - places.min() > 0.8 * axes.bbox.width


def test_what_is_best_missing_and_incomplete_is_written() -> None:
    written = texts(factor())
    assert "Best: 98.10 % (s = 0.10, n = 3) at l2 = 1e-6" in written
    assert "n = 2 of 3" in written
    assert "missing" in written
    assert "Hinton: 98.47 %; the best is 0.37 points (0.38 %) below it" in written


@pytest.mark.parametrize(
    ("values", "log"),
    [(L2, False), ([1e-4, 1e-3, 1e-2], True), ([1, 2, 3], False), ([-1.0, 1.0, 1000.0], False), ([0.5], False)],
)
def test_a_factor_over_decades_has_a_log_axis(values: list[float], log: bool) -> None:
    assert on_log_scale(values) is log
    scores = [[0.5 + 0.01 * index] for index in range(len(values))]
    figure = sweep_factor.draw("x", values, scores, Comparison("test/loss", best=0))
    assert figure.axes[0].get_xscale() == ("log" if log else "linear")


def test_categories_have_a_row_each_with_interval_and_mean() -> None:
    names = ["cnn", "cnn_dropout", "$5$ é" + "x" * 80]
    scores = [[0.98, 0.982], [0.99], []]
    intervals = [(0.975, 0.987), None, None]
    figure = sweep_categories.draw(
        names, scores, intervals, Comparison("test/accuracy", best=0, planned=2), reference=HINTON
    )
    written = texts(figure)
    axes = figure.axes[0]
    lines = [line for line in axes.lines if "interval" in str(line.get_label())]
    assert [tuple(line.get_xdata()) for line in lines] == [(0.975, 0.987)]
    assert "98.1" in written
    assert "(n = 1 of 2)" in written
    assert "missing" in written
    assert "cnn_dropout" in written


def test_forty_categories_have_room() -> None:
    names = [f"a very long name of a point, number {index}" for index in range(40)]
    figure = sweep_categories.draw(names, [[0.9]] * 40, [None] * 40, Comparison("val/loss", best=3))
    assert figure.get_figheight() > 8
    assert len(figure.axes[0].get_yticks()) == 40
    to_png(figure)


def test_a_heat_map_writes_every_mean_and_frames_the_best() -> None:
    means = np.array([[0.95, 0.961], [np.nan, 0.97]])
    counts = np.array([[3, 2], [0, 3]])
    draw = partial(sweep_heat_map.draw, ("l2", "dropout"), (["1e-6", "1e-3"], ["0.2", "0.4"]), means, counts)
    written = texts(draw(Comparison("val/accuracy", best=3, planned=3)))
    for text in ("95.0", "96.1", "97.0", "missing", "n = 2 of 3", "Best: 97.0 % at l2 = 1e-3, dropout = 0.4 (framed)"):
        assert text in written, text
    assert "l2 = 1e-6, dropout = 0.2 (framed)" in texts(draw(Comparison("val/loss", best=0, planned=3)))
    with pytest.raises(ValueError, match="Point 2 cannot be the best of 4"):
        sweep_heat_map.draw(("a", "b"), ("xy", "zw"), means, counts, Comparison("val/loss", best=2, planned=3))


def test_parallel_coordinates_have_an_axis_for_each_factor_and_the_score() -> None:
    points = [[0.1, 64, "relu"], [0.01, 128, "tanh"], [0.001, 64, "relu"]]
    means = [0.9, 0.95, math.nan]
    figure = sweep_parallel.draw(["rate", "units", "activation"], points, means, Comparison("val/accuracy", best=1))
    written = texts(figure)
    for text in (
        "rate",
        "units",
        "activation",
        "relu",
        "tanh",
        "95.0 % at rate = 0.01, units = 128, activation = tanh",
    ):
        assert text in written.replace("\n", " "), text


def test_curves_of_replicates_and_their_mean() -> None:
    histories = [
        [(epoch, 0.5 + 0.1 * epoch + shift, "accuracy", "val") for epoch in range(1, last + 1)]
        for shift, last in ((0.0, 4), (0.02, 3))
    ]
    figure = sweep_curves.draw(histories, name="l2=0.1")
    assert "l2=0.1: 2 replicates" in texts(figure)
    lines = figure.axes[0].lines
    assert sorted(len(line.get_xdata()) for line in lines) == [3, 3, 4]
    mean = max(lines, key=lambda line: line.get_linewidth())
    assert np.asarray(mean.get_ydata()).tolist() == pytest.approx([0.61, 0.71, 0.81])


def test_equal_sweeps_give_equal_bytes() -> None:
    assert to_png(factor()) == to_png(factor())
    assert to_png(factor()) != to_png(factor(best=1))


FAR_OUT = [[0.981] * 9 + [0.91], [0.979] * 9 + [0.998]]


@pytest.mark.parametrize(
    "figure",
    [
        sweep_factor.draw("l2", [0.1, 0.2], FAR_OUT, Comparison("val/accuracy", best=0, planned=10)),
        sweep_categories.draw(["a", "b"], FAR_OUT, [(0.97, 0.98)] * 2, Comparison("val/accuracy", best=0, planned=10)),
    ],
)
def test_a_replicate_far_from_the_others_is_not_cut_off(figure: Figure) -> None:
    to_png(figure)
    axes = figure.axes[0]
    (replicates,) = [line for line in axes.lines if line.get_label() == "replicate"]
    drawn = replicates.get_transform().transform(replicates.get_xydata())
    assert len(drawn) == 20
    assert all(axes.bbox.contains(x, y) for x, y in drawn)
