import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.figure import Figure

from deeplab.plots.run.compared_curves import draw
from deeplab.plots.style import BLUE, VERMILLION, to_png

ONE = [(epoch, 1 - 0.5 / epoch, "accuracy", data) for epoch in (3, 1, 2) for data in ("train", "val")]
OTHER = [*ONE, *((epoch, 10.0**-epoch, "loss", "train") for epoch in (1, 2, 3, 4))]


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_each_run_has_a_colour_and_training_is_dashed() -> None:
    figure = draw({"one": [ONE], "other": [OTHER]})
    accuracy, loss = figure.axes
    lines = {line.get_label(): line for line in accuracy.get_lines()}
    assert set(lines) == {"one, train", "one, val", "other, train", "other, val"}
    assert same_color(lines["one, val"].get_color(), BLUE)
    assert same_color(lines["other, train"].get_color(), VERMILLION)
    assert (lines["one, val"].get_linestyle(), lines["one, train"].get_linestyle()) == ("-", "--")
    assert lines["one, val"].get_xdata().tolist() == [1, 2, 3]
    assert lines["one, val"].get_ydata().tolist() == pytest.approx([0.5, 0.75, 1 - 0.5 / 3])
    assert [line.get_label() for line in loss.get_lines()] == ["other, train"]
    assert (loss.get_yscale(), loss.get_ylabel()) == ("log", "loss (log scale)")
    assert legend(figure) == ["one", "other", "training", "validation"]
    title = draw({"one": [[*ONE, (1, 0.1, "mse", "val")]], "other": [OTHER]}).get_suptitle()
    assert title == "2 runs: accuracy, loss and mse by epoch"


def test_many_runs_are_told_apart_and_long_names_are_cut() -> None:
    figure = draw({f"a network with a name that goes on and on, number {number}": [ONE] for number in range(12)})
    colours = {line.get_color() for line in figure.axes[0].get_lines()}
    assert len(colours) == 12
    assert len(set(legend(figure))) == 14
    assert max(map(len, legend(figure))) <= 38
    assert to_png(figure).startswith(b"\x89PNG")


def test_what_is_not_finite_is_left_out() -> None:
    figure = draw({"a": [[(1, float("nan"), "loss", "val"), (2, float("inf"), "loss", "val")]], "b": []})
    assert np.isnan(figure.axes[0].get_lines()[0].get_ydata()).all()
    assert "no finite value" in [text.get_text() for text in figure.axes[0].texts]
    assert legend(figure) == ["a", "validation"]
    with pytest.raises(ValueError, match="No epoch to draw"):
        draw({"a": [[]], "b": []})


def test_replicates_are_a_mean_in_a_band_of_the_epochs_that_all_have() -> None:
    lines = [
        [(epoch, value * epoch, "loss", "val") for epoch in range(1, last)] for value, last in ((0.1, 5), (0.3, 4))
    ]
    figure = draw({"two": lines, "one": [ONE], "none": [[]]})
    loss = figure.axes[1]
    (mean,) = loss.get_lines()
    assert mean.get_xdata().tolist() == [1, 2, 3]
    assert mean.get_ydata().tolist() == pytest.approx([0.2, 0.4, 0.6])
    (band,) = loss.collections
    corners = band.get_paths()[0].vertices
    assert {(1.0, 0.1), (3.0, 0.3), (1.0, 0.3)} <= {(x, round(y, 9)) for x, y in corners.tolist()}
    assert corners[:, 1].max() == pytest.approx(0.9)
    assert legend(figure) == ["two", "one", "training, mean", "validation, mean", "lowest to highest replicate"]
    assert figure.get_suptitle() == "2 groups: accuracy and loss by epoch"
