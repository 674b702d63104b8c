"""The figures of one image in a network: what is drawn where, and what is written."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from deeplab.plots.explain import feature_maps, probabilities, reconstruction, saliency, strongest
from deeplab.plots.explain.strongest import Peak
from deeplab.plots.style import to_png

NAMES = ("cat", "dog", "eel")
IMAGE = np.random.default_rng(0).random((6, 6, 3))


def texts(figure: Figure) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def maps(count: int, height: int = 5, width: int = 7) -> np.ndarray:
    return np.random.default_rng(count).uniform(0.1, 2, (height, width, count))


@pytest.mark.parametrize(
    ("shape", "title"),
    [
        ((5, 7, 1), "conv: 1 map of 5x7"),
        ((5, 7, 20), "conv: 20 maps of 5x7"),
        ((1, 1, 33), "conv: 33 maps of 1x1"),
        ((26, 26, 100), "conv: 100 maps of 26x26, the first 64 of them"),
    ],
)
def test_maps_are_counted(shape: tuple[int, int, int], title: str) -> None:
    figure = feature_maps.draw(maps(shape[2], *shape[:2]), "conv")
    assert title in texts(figure)
    assert to_png(figure) == to_png(feature_maps.draw(maps(shape[2], *shape[:2]), "conv"))


def test_maps_share_a_scale_and_silent_ones_are_told() -> None:
    values = maps(4)
    values[..., 2] = 0
    figure = feature_maps.draw(values, "conv")
    (image,) = figure.axes[0].images
    assert (image.norm.vmin, image.norm.vmax) == (0, values.max())
    assert "conv: 4 maps of 5x7, 1 without any activation" in texts(figure)
    picture = image.get_array()
    assert picture[0, 0] == values[0, 0, 0]
    (signed,) = feature_maps.draw(values - 3, "conv").axes[0].images
    assert signed.norm.vmin == -signed.norm.vmax == (values - 3).min()


def test_the_strongest_maps_and_their_places() -> None:
    values = np.zeros((4, 5, 9))
    values[3, 2, 8] = 7
    values[1, 4, 0] = 5
    values[2, 2, 5] = 5
    first, second, third, *rest = strongest.strongest(values)
    assert (first, second, third) == (Peak(8, 7, 3, 2), Peak(0, 5, 1, 4), Peak(5, 5, 2, 2))
    assert [peak.value for peak in rest] == [0, 0, 0]


def test_a_ring_lies_where_each_map_is_strongest() -> None:
    values = np.zeros((4, 5, 2))
    values[3, 2, 1] = 7
    figure = strongest.draw(IMAGE, [("conv", values), ("pool", maps(9))])
    assert {"conv", "pool", "map 1: 7", "map 0: 0"} <= set(texts(figure))
    tile, silent = figure.axes[1], figure.axes[2]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in tile.get_lines()] == [(2, 3)]
    assert not silent.get_lines()
    assert len(figure.axes) == 14


def test_bars_name_the_right_class() -> None:
    figure = probabilities.draw(np.array([0.2, 0.7, 0.1]), NAMES, 2)
    assert "dog: 70.0 %, and it is eel" in texts(figure)
    assert [round(float(bar.get_width())) for bar in figure.axes[0].patches] == [20, 70, 10]
    colours = [bar.get_facecolor() for bar in figure.axes[0].patches]
    assert colours[0] == colours[1] != colours[2]
    assert "green: the right class" not in texts(probabilities.draw(np.array([0.2, 0.7, 0.1]), NAMES, None))


def test_of_many_classes_the_likeliest_are_shown() -> None:
    said = np.linspace(0, 1, 50) / 25
    figure = probabilities.draw(said, [f"class {index}" for index in range(50)], None)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [f"class {index}" for index in range(49, 29, -1)]
    assert to_png(figure)


def test_saliency_is_scaled_to_its_largest_value_of_any_channel() -> None:
    gradient = np.zeros((6, 6, 3), np.float32)
    gradient[2, 4] = [0.1, -0.5, 0.2]
    gradient[1, 1] = [0.25, 0, 0]
    figure = saliency.draw(IMAGE, gradient, "eel")
    shown = figure.axes[1].images[0].get_array()
    assert (shown[2, 4], shown[1, 1], shown.sum()) == (1, 0.5, 1.5)
    assert "Which pixels move the score of eel" in texts(figure)
    assert to_png(saliency.draw(IMAGE, np.zeros((6, 6, 3)), "eel"))


def test_a_reconstruction_and_how_far_it_is_off() -> None:
    clean = np.ones((4, 4, 1))
    figure = reconstruction.draw(clean, clean / 2, np.full((4, 4, 1), 0.75))
    assert "Reconstruction: off by 0.250 (root mean square; white is 1)" in texts(figure)
    assert (figure.axes[3].images[0].get_array() == 0.25).all()
    assert "with noise" in texts(figure)
    assert "with noise" not in texts(reconstruction.draw(clean, clean, clean))
    assert to_png(reconstruction.draw(clean, clean, clean))
