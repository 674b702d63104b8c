"""Every figure: what is written on it, and that equal input gives equal bytes."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.text import Text
from tests.plots.cases import CASES, HISTORY, NAMES, drawn, texts

from deeplab import plots
from deeplab.plots.plane import film
from deeplab.plots.run import confusion, curves, diagram, filters, mistakes, residuals
from deeplab.plots.run.boxes import Box, arcs, boxes_of
from deeplab.plots.style import to_png

FOLDER = Path(plots.__file__).parent


def test_every_figure_has_a_case() -> None:
    files = [path for path in FOLDER.rglob("*.py") if "\ndef draw(" in path.read_text()]
    names = {".".join(path.relative_to(FOLDER).with_suffix("").parts) for path in files}
    assert names == CASES.keys()
    with pytest.raises(KeyError, match="no_such_figure"):
        drawn("no_such_figure")


@pytest.mark.parametrize("name", [name for name in CASES if name != "plane.film"])
def test_equal_input_gives_equal_bytes_a_thousand_pixels_wide_under_its_title(name: str) -> None:
    figure = drawn(name)
    assert CASES[name][1] in texts(figure)
    png = to_png(figure)
    assert png == to_png(drawn(name))
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") == 1000


def test_an_equal_film_gives_equal_bytes() -> None:
    draw, title = CASES["plane.film"]
    assert title in texts(drawn("plane.film"))
    gif = film.to_gif(draw())
    assert gif == film.to_gif(draw())
    assert gif.startswith(b"GIF89a")


def test_predictions_name_the_likeliest_classes_and_what_was_inverted() -> None:
    written = texts(drawn("run.predictions"))
    assert "The first 2 of 5 images as the network saw them" in written
    assert {"seven.png", "a_name_of_f…etters_1.png\ninverted"} <= set(written)
    first = written.index("dog")
    assert written[first : first + 6] == ["dog", "70.0 %", "eel", "20.0 %", "cat", "10.0 %"]


def test_smoothed_curves_lie_over_what_was_measured() -> None:
    plain, over = (curves.draw(HISTORY, "loss", smoothing=smoothing).axes[1] for smoothing in (0.0, 0.5))
    measured = [list(line.get_ydata()) for line in plain.lines[:2]]
    assert [list(line.get_ydata()) for line in over.lines[2:4]] == measured
    first, second = measured[0][:2]
    assert list(over.lines[0].get_ydata()[:2]) == pytest.approx([first, (first + 2 * second) / 3])
    assert over.get_title(loc="left") == plain.get_title(loc="left")  # the best epoch is one that was measured


def test_curves_have_axes_with_units_and_mark_the_best_epoch() -> None:
    figure = curves.draw(HISTORY, "loss")
    accuracy, loss = figure.axes
    assert [axes.get_xlabel() for axes in figure.axes] == ["epoch", "epoch"]
    assert (accuracy.get_ylabel(), loss.get_ylabel()) == ("accuracy (%)", "loss")
    assert loss.get_title(loc="left") == "Loss: validation 0.5 in epoch 3 (○)"
    assert curves.draw(HISTORY).axes[0].get_title(loc="left") == "Accuracy: validation 90.00 % in epoch 2 (○)"
    lines = {line.get_label(): list(line.get_ydata()) for line in loss.get_lines()}
    assert lines["training"] == [1 / epoch for epoch in range(1, 6)]
    assert {"training", "validation"} <= set(texts(figure))


def test_curves_without_validation_mark_nothing_and_one_epoch_is_enough() -> None:
    figure = curves.draw([row for row in HISTORY if row[3] == "train" and row[0] == 1])
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Accuracy", "Loss"]
    assert to_png(figure)


def test_curves_survive_what_is_not_finite() -> None:
    figure = curves.draw(
        [(1, 0.5, "loss", "train"), (2, float("nan"), "loss", "train"), (3, float("inf"), "loss", "train")]
    )
    assert "not finite in 2 of 3 epochs" in figure.axes[0].get_title(loc="left")
    assert to_png(figure)


def test_an_empty_history_is_an_error() -> None:
    with pytest.raises(ValueError, match="the history is empty"):
        curves.draw([])


def test_confusion_counts_and_recalls() -> None:
    written = texts(drawn("run.confusion"))
    assert "Confusion matrix: 5 of 6 right (83.33 %)" in written
    assert sorted(text for text in written if text.isdigit()) == ["1", "1", "1", "3"]
    assert [text for text in written if text.endswith(" %")] == ["50.0 %", "100.0 %", "100.0 %"]
    assert {"predicted class", "true class", *NAMES} <= set(written)


def test_confusion_of_many_classes_writes_no_counts() -> None:
    labels = np.repeat(np.arange(60), 2)
    figure = confusion.draw(labels, labels, [f"class {index}" for index in range(60)])
    assert not [text for text in figure.axes[0].texts if text.get_text()]
    assert "test rows (log scale)" in texts(figure)


def test_the_most_confident_mistakes_come_first() -> None:
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.7, 0.3]])
    assert mistakes.most_confident(probabilities, np.array([0, 0, 0, 1])).tolist() == [2, 3, 1]


def test_mistakes_say_what_was_said_how_surely_and_what_it_is() -> None:
    written = texts(drawn("run.mistakes"))
    assert "The 5 most confident mistakes of 1,234 test images" in written
    assert written.count("dog 70 %\nis cat") == 5


def test_no_mistake_is_told() -> None:
    empty = np.zeros((0, 4, 4, 1), np.uint8)
    written = texts(mistakes.draw(empty, np.zeros(0, int), np.zeros((0, 3)), NAMES, 1234))
    assert "Not one of 1,234 test images was taken for another class." in written


@pytest.mark.parametrize(
    ("shape", "input_shape", "title"),
    [
        ((3, 3, 1, 8), (28, 28, 1), "What x looks for: 8 filters of 3x3"),
        ((5, 5, 3, 40), (32, 32, 3), "What x looks for: 40 filters of 5x5"),
        ((64, 100), (8, 8, 1), "What x looks for: 100 filters of 8x8, the first 64"),
        ((192, 10), (8, 8, 3), "What x looks for: 10 filters of 8x8"),
    ],
)
def test_filters_of_convolutions_and_dense_layers(shape: tuple[int, ...], input_shape: Any, title: str) -> None:
    figure = filters.draw(np.random.default_rng(0).normal(size=shape), "x", input_shape)
    assert title in texts(figure)
    assert to_png(figure)


def test_the_weights_are_where_they_belong() -> None:
    weights = np.arange(2 * 2 * 1 * 2, dtype=float).reshape(2, 2, 1, 2)
    picture = filters.draw(weights, "x", (28, 28, 1)).axes[0].images[0].get_array()
    assert np.unique(picture[~np.isnan(picture)]).tolist() == sorted(weights.ravel())
    assert (picture[0, 0], picture[-1, -1]) == (weights[0, 0, 0, 0], weights[1, 1, 0, 1])


def test_the_diagram_tells_shapes_and_parameters() -> None:
    written = texts(drawn("run.diagram"))
    assert "net: 3 layers, 65,219 parameters" in written
    assert {"input", "28 × 28 × 1", "conv2d_1", "26 × 26 × 32", "320", "flatten_1", "64,899"} <= set(written)


@pytest.mark.parametrize("count", [1, 12, 30])
def test_the_diagram_has_a_box_for_each_layer_and_arrows_between(count: int) -> None:
    from matplotlib.text import Annotation

    rows = [Box(f"layer_{index}", "Dense", (3,), 1, (index - 1,)) for index in range(count)]
    figure = diagram.draw(rows, (3,), "net")
    assert len([text for text in texts(figure) if text.startswith("layer_")]) == count
    assert len(figure.findobj(Annotation)) == count


def layers_in(*groups: tuple[tuple[int, str], ...]) -> list[Box]:
    return [Box(f"dense_{index}", "Dense", (3,), 1, (index - 1,), group) for index, group in enumerate(groups)]


def test_groups_of_a_large_network_are_boxes_and_equal_ones_are_counted() -> None:
    blocks = [((number, "basic"), (100 + number, "residual")) for number in range(4) for _ in range(3)]
    few, many = layers_in((), *blocks, ()), layers_in((), *blocks, *[()] * 13)
    assert [box.name for box in boxes_of(few, (3,))] == ["input", *(layer.name for layer in few)]
    folded = boxes_of(many, (3,))
    assert [box.name for box in folded[:4]] == ["input", "dense_0", "residual x4", "dense_13"]
    assert [box.inputs for box in folded[:4]] == [(), (0,), (1,), (2,)]
    assert (folded[2].parameters, folded[2].output_shape) == (12, (3,))


def test_arcs_that_run_side_by_side_have_lanes_of_their_own() -> None:
    boxes = [
        Box(str(number), "", (1,), 0, inputs) for number, inputs in enumerate([(), (0,), (1, 0), (0,), (3, 1), (4, 3)])
    ]
    assert arcs(boxes) == [(0, 2, 0), (0, 3, 1), (1, 4, 2), (3, 5, 0)]
    assert diagram.draw(boxes, (1,), "net").axes[0].lines


def test_the_package_imports_nothing() -> None:
    import subprocess
    import sys

    code = "import sys, deeplab.plots\nprint([m for m in ('matplotlib', 'numpy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_many_metrics_stand_in_rows_of_two_under_what_they_are_called() -> None:
    rows = [(1, 0.5, name, "val") for name in ("accuracy", "loss", "f1_macro", "auc", "ece")]
    figure = curves.draw(rows, "auc")
    assert [axes.get_title(loc="left").split("\n")[0] for axes in figure.axes[:5]] == [
        *("Accuracy", "Macro F1", "Area under the ROC curve", "Expected calibration error", "Loss")
    ]
    assert figure.axes[2].get_title(loc="left").split("\n")[1] == "validation 0.5 in epoch 1 (○)"
    assert figure.get_figheight() == pytest.approx(3.8 + 2 * 2.6)


def test_bars_of_reliability_are_the_accuracies_and_the_rows_of_each_bin() -> None:
    upper, lower = drawn("run.reliability").axes
    assert [bar.get_height() for bar in upper.patches] == [1.0, 0.8]
    assert [bar.get_height() for bar in lower.patches] == [0, 2, 8]
    assert [text.get_text() for text in lower.texts] == ["2", "8"]


def test_values_that_are_not_finite_or_too_many_are_left_out_and_that_is_said() -> None:
    true = np.arange(12_000.0)[:, np.newaxis]
    said = np.where(true == 3, np.nan, true + 1)
    figure = residuals.draw(true, said, ["height"])
    assert "Residuals of 12,000 test rows (one of 3 rows)" in texts(figure)
    points = figure.axes[0].get_lines()[1].get_xdata()
    assert points[:2].tolist() == [1.0, 7.0]
    assert "no finite value" in texts(residuals.draw(true[:2], np.full((2, 1), np.nan), ["height"]))


@pytest.mark.parametrize("hits", [2, 9, 300, 5000])
def test_counts_can_be_read_on_their_cells(hits: int) -> None:
    from matplotlib import colormaps
    from matplotlib.colors import LogNorm, to_rgb

    labels = np.repeat([0, 0, 1], [hits, 1, hits])
    figure = confusion.draw(labels, np.repeat([0, 1, 1], [hits, 1, hits]), ("cat", "dog"))

    def luminance(colour: Any) -> float:
        channels = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in colour]
        return float(np.dot([0.2126, 0.7152, 0.0722], channels))

    counts = [text for text in figure.axes[0].texts if text.get_text().replace(",", "").isdigit()]
    assert len(counts) == 3
    for text in counts:
        value = int(text.get_text().replace(",", ""))
        cell = luminance(colormaps["Blues"](LogNorm(1, max(2, hits))(value))[:3])
        lighter, darker = sorted((cell, luminance(to_rgb(text.get_color()))), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) > 4.5  # as WCAG asks of text


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("few", [(1, 0.00002, "loss", "train"), (2, 0.00003, "loss", "val")]),
        ("many", [(1, 812_345.0, "loss", "train"), (2, 700_000.0, "loss", "val")]),
        ("four", [(1, 0.5, metric, data) for metric in ("loss", "accuracy", "f1", "auc") for data in ("train", "val")]),
    ],
)
def test_no_text_of_curves_is_cut_or_lies_on_another(name: str, lines: list[Any]) -> None:
    assert overlaps(curves.draw(lines, name=name)) == []


@pytest.mark.parametrize(
    "names", [[str(n) for n in range(10)], ["WWWWWWWWWWWWWWWW", "i"], ["Pullover", "Shirt", "Bag"]]
)
def test_no_text_of_a_confusion_matrix_is_cut_or_lies_on_another(names: list[str]) -> None:
    labels = np.arange(100) % len(names)
    assert overlaps(confusion.draw(labels, labels, names)) == []


def overlaps(figure: Any) -> list[str]:
    """The texts of a drawn figure that leave it, and pairs that lie on each other; slanted ones may."""
    boxes = []

    def draw(text: Text, renderer: Any) -> None:
        if text.get_visible() and text.get_text() and text.get_rotation() in (0, 90):
            boxes.append((text.get_text(), text.get_window_extent(renderer)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", draw)
        assert to_png(figure)
    whole = figure.bbox
    cut = [text for text, box in boxes if box.x0 < 0 or box.y0 < 0 or box.x1 > whole.x1 or box.y1 > whole.y1]
    pairs = [f"{one} on {other}" for (one, first), (other, second) in combinations(boxes, 2) if first.overlaps(second)]
    return cut + pairs
