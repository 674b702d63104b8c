"""The figures of the plane: what can be read from their axes."""

import io
from typing import Any

import numpy as np
import pytest
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from PIL import Image

from deeplab.plots.plane import boundary, film, units
from deeplab.plots.style import to_png

CELLS = 24
CENTRES = 6 * ((2 * np.arange(CELLS) + 1) / CELLS - 1)
X1, X2 = np.meshgrid(CENTRES, CENTRES)
TILTED = np.tanh(X1 - 2)  # changes its sign at x1 = 2, whatever x2

PARTS = {
    "training": (np.array([[-4.0, 1.0], [4.0, -1.0], [5.0, 5.0]]), np.array([-1.0, 1.0, 1.0])),
    "test": (np.array([[-3.0, 0.0], [1.0, 2.0], [3.0, 3.0], [3.0, -5.0]]), np.array([-1.0, 1.0, 1.0, 1.0])),
}
SAID = np.tanh(PARTS["test"][0][:, 0] - 2)  # wrong of the second alone


def drawn(**changes: Any) -> Figure:
    arguments = {"has_classes": True, "name": "spiral", **changes}
    return boundary.draw(TILTED, 6.0, PARTS, SAID, **arguments)


def title(figure: Figure) -> str:
    return figure.get_suptitle()


def test_the_boundary_is_where_the_output_changes_its_sign() -> None:
    axes = drawn().axes[0]
    (contour,) = [found for found in axes.collections if isinstance(found, ContourSet)]
    (line,) = contour.get_paths()
    assert line.vertices[:, 0] == pytest.approx(2, abs=0.05)
    assert np.ptp(line.vertices[:, 1]) == pytest.approx(12 - 12 / CELLS)


def test_the_map_lies_where_the_plane_is_and_the_lowest_row_below() -> None:
    figure = boundary.draw(np.tanh(X2 - 2), 6.0, PARTS, SAID, has_classes=True, name="x")
    (image,) = figure.axes[0].images
    assert tuple(image.get_extent()) == (-6, 6, -6, 6)
    assert image.origin == "lower"
    assert (image.get_clim(), figure.axes[0].get_xlim(), figure.axes[0].get_ylim()) == ((-1, 1), (-6, 6), (-6, 6))
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("x1", "x2")


def test_an_output_of_one_sign_has_no_boundary() -> None:
    figure = boundary.draw(np.full((CELLS, CELLS), 0.5), 6.0, PARTS, SAID, has_classes=True, name="x")
    assert len(figure.axes[0].collections) == len(PARTS)


def test_points_of_each_part_are_where_they_are_in_the_colour_of_their_target() -> None:
    axes = drawn().axes[0]
    marks = {found.get_label(): found for found in axes.collections if str(found.get_label()).endswith(")")}
    assert list(marks) == ["training (3)", "test (4)"]
    for mark, (points, targets) in zip(marks.values(), PARTS.values(), strict=True):
        assert np.array_equal(mark.get_offsets(), points)
        assert np.array_equal(mark.get_array(), targets)
        assert mark.get_clim() == (-1, 1)
    shapes = [mark.get_paths()[0].vertices for mark in marks.values()]
    assert len(shapes[0]) > 10 > len(shapes[1])  # a disc and a diamond


def test_the_title_counts_the_test_points_on_the_right_side() -> None:
    assert title(drawn()) == "spiral: 3 of 4 test points on the right side (75.00 %)"


def test_the_title_of_values_tells_their_error() -> None:
    error = np.sqrt(np.mean((SAID - PARTS["test"][1]) ** 2))
    assert title(drawn(has_classes=False)) == f"spiral: root mean squared error {error:.4f} on 4 test points"


@pytest.mark.parametrize(("output", "ends"), [(TILTED, "neither"), (3 * TILTED, "both")])
def test_the_bar_tells_whether_the_output_goes_beyond_it(output: Any, ends: str) -> None:
    figure = boundary.draw(output, 6.0, PARTS, SAID, has_classes=True, name="x")
    assert figure.axes[0].images[0].colorbar.extend == ends


def layer(count: int, weights: bool = True) -> Any:
    maps = np.stack([np.tanh(X1 - index) for index in range(count)])
    return "dense_1", maps, np.linspace(-2, 2, count) if weights else None


def maps_of(figure: Figure) -> list[Any]:
    return [axes for part in figure.subfigs for axes in part.axes if axes.images and axes.get_title(loc="left")]


def test_each_hidden_unit_has_its_map_and_its_weight() -> None:
    name, maps, _ = layer(3)
    figure = units.draw([(name, maps, np.array([2.5, -0.125, 17.04]))], 6.0, "net")
    assert title(figure) == "net: 3 hidden units over the plane"
    found = maps_of(figure)
    assert [axes.get_title(loc="left") for axes in found] == ["unit 1: +2.5", "unit 2: −0.125", "unit 3: +17"]
    for axes, values in zip(found, maps, strict=True):
        assert np.array_equal(axes.images[0].get_array(), values)


def test_units_of_a_layer_share_a_scale_about_zero() -> None:
    name, maps, weights = layer(2)
    found = maps_of(units.draw([(name, maps * [[[1]], [[-7]]], weights)], 6.0, "net"))
    largest = 7 * np.abs(maps[1]).max()
    assert [axes.images[0].get_clim() for axes in found] == [pytest.approx((-largest, largest))] * 2


def test_layers_stand_one_below_the_other_and_large_ones_are_cut() -> None:
    figure = units.draw([layer(30, weights=False), layer(4)], 6.0, "net")
    assert title(figure) == "net: 34 hidden units over the plane"
    assert [part.get_suptitle() for part in figure.subfigs] == [
        "dense_1, the first 24 of 30",
        "dense_1, above each its weight on the output",
    ]
    shown = [axes.get_title(loc="left") for axes in maps_of(figure)]
    assert shown == [
        *(f"unit {i}" for i in range(1, 25)),
        "unit 1: −2",
        "unit 2: −0.667",
        "unit 3: +0.667",
        "unit 4: +2",
    ]


@pytest.mark.parametrize(("count", "columns"), [(1, 3), (3, 3), (6, 6), (8, 4), (24, 6)])
def test_rows_of_units_are_equally_long(count: int, columns: int) -> None:
    (part,) = units.draw([layer(count)], 6.0, "net").subfigs
    assert part.axes[0].get_gridspec().ncols == columns


def test_silent_units_and_no_units() -> None:
    assert to_png(units.draw([("dense_1", np.zeros((1, CELLS, CELLS)), None)], 6.0, "net"))
    with pytest.raises(ValueError, match="No hidden unit"):
        units.draw([], 6.0, "net")


def test_equal_figures_are_equal_bytes_a_thousand_pixels_wide() -> None:
    for draw in (drawn, lambda: units.draw([layer(5)], 6.0, "net")):
        png = to_png(draw())
        assert png == to_png(draw())
        assert int.from_bytes(png[16:20], "big") == 1000


@pytest.fixture(scope="module")
def gif() -> bytes:
    pictures = [(f"epoch {epoch} of 3", np.tanh(X1 - 2 * epoch)) for epoch in range(4)]
    return film.to_gif(film.draw(pictures, 6.0, PARTS))


def test_a_film_shows_every_picture_and_dwells_on_the_last(gif: bytes) -> None:
    with Image.open(io.BytesIO(gif)) as animation:
        assert (animation.n_frames, animation.size, animation.info["loop"]) == (4, (400, 400), 0)
        shown = []
        for index in range(4):
            animation.seek(index)
            shown.append(animation.info["duration"])
    assert shown == [200, 200, 200, 2500]
    pictures = [(f"epoch {epoch} of 3", np.tanh(X1 - 2 * epoch)) for epoch in range(4)]
    assert film.to_gif(film.draw(pictures, 6.0, PARTS)) == gif


def test_the_boundary_of_a_film_moves(gif: bytes) -> None:
    """Along a row of pixels the map turns from orange to blue where the boundary is."""
    with Image.open(io.BytesIO(gif)) as animation:
        for index in range(3):
            animation.seek(index)
            pixels = np.asarray(animation.convert("RGB"), int)[310, 32:388]  # a height at which there are no points
            orange, blue = pixels[:, 0] > pixels[:, 2], pixels[:, 0] < pixels[:, 2]
            orange_to_blue = 6 * (np.mean(orange) - np.mean(blue))
            assert orange_to_blue == pytest.approx(2 * index, abs=0.3)


def test_a_film_has_a_caption_and_as_few_colours_as_its_file_takes() -> None:
    (figure,) = film.draw([("epoch 1 of 3", TILTED)], 6.0, PARTS)
    axes = figure.axes[0]
    assert (axes.get_title(), axes.get_title(loc="left")) == ("", "epoch 1 of 3")
    assert axes.get_title(loc="right") == "● training  ◆ test"
    assert len(film.PALETTE) <= 64
    with pytest.raises(ValueError, match="No picture"):
        film.to_gif([])
