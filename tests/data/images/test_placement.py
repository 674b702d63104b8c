"""Pictures of any kind become the rows that a network was trained on."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from deeplab.config.compose import compose
from deeplab.data.assemble import make_splits
from deeplab.data.images.decode import decode, quiet_pillow
from deeplab.data.images.placement import fit_image
from deeplab.data.input_spec import Drawing, InputSpec, centre_of_mass, describe_inputs, drawn_box
from deeplab.data.load import load
from deeplab.dataset_info import DatasetInfo
from deeplab.errors import UserError

MNIST_LIKE = InputSpec(
    DatasetInfo("mnist", (28, 28, 1), 2, ("a", "b"), "", 1 / 255),
    low=0.0,
    high=255.0,
    drawing=Drawing(background=0.0, extent=20 / 28, centred_by="mass"),
)
PHOTOS = InputSpec(DatasetInfo("cifar10", (32, 32, 3), 2, ("a", "b"), "", 1 / 255), 0.0, 255.0, None)


@pytest.fixture(scope="module")
def digits() -> Any:
    return load(compose([]).config.dataset, Path())


def seven(height: int = 120, width: int = 200) -> Any:
    """A slanted seven in a corner, ink 1 on 0."""
    ink = np.zeros((height, width), np.float32)
    ink[10:18, 20:70] = 1
    for step in range(70):
        ink[10 + step, 62 - step // 2 : 70 - step // 2] = 1
    return ink


def saved(path: Path, ink: Any, *, paper: int = 0, pen: int = 255, **how: Any) -> Path:
    Image.fromarray((paper + ink * (pen - paper)).astype(np.uint8)).save(path, **how)
    return path


def test_the_facts_of_the_digits_are_told_from_their_pixels_and_read_back(digits: Any) -> None:
    facts = describe_inputs(digits)
    assert facts.drawing == Drawing(background=0.0, extent=1.0, centred_by="box")
    assert (facts.low, facts.high, facts.info.class_names) == (0.0, 255.0, tuple("0123456789"))
    assert InputSpec.from_json(facts.to_json()) == facts


def test_a_stored_file_has_the_facts_beside_each_other() -> None:
    facts = InputSpec(
        DatasetInfo("mnist", (28, 28, 1), 2, ("a", "ü"), "f0", 1 / 255),
        *(0.0, 255.0, Drawing(0.0, 0.5, "mass")),
        {"ink": (0.25, 0.5)},
    )
    text = (
        '{"name": "mnist", "input_shape": [28, 28, 1], "class_names": ["a", "ü"], "fingerprint": "f0", '
        '"scale": 0.00392156862745098, "low": 0.0, "high": 255.0, '
        '"drawing": {"background": 0.0, "extent": 0.5, "centred_by": "mass"}, "look": {"ink": [0.25, 0.5]}}'
    )
    assert facts.to_json() == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
    assert InputSpec.from_json(text) == facts


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"drawing": 3}', "null"])
def test_facts_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        InputSpec.from_json(text)


def test_dark_drawings_and_photographs_and_points_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    drawn = np.full((40, 12, 12, 1), 255, np.uint8)
    drawn[:, 3:8, 4:6] = 10
    labels = np.arange(40, dtype=np.int32) % 2

    def facts(rows: Any) -> InputSpec:
        return describe_inputs(make_splits("x", ("a", "b"), x_train=rows, y_train=labels, x_test=rows, y_test=labels))

    dark = facts(drawn).drawing
    assert dark is not None
    assert (dark.background, dark.extent) == (1.0, pytest.approx(5 / 12, abs=1e-4))
    assert facts(rng.integers(0, 256, (40, 12, 12, 1)).astype(np.uint8)).drawing is None
    assert facts(np.zeros((40, 12, 12, 3), np.uint8)).drawing is None
    points = facts(rng.normal(size=(40, 2)).astype(np.float32))
    assert (points.drawing, points.info.is_image) == (None, False)
    assert points.low < -1 < 1 < points.high


def test_a_picture_of_the_network_s_own_size_is_left_at_that(digits: Any, tmp_path: Path) -> None:
    facts = describe_inputs(digits)
    for number in range(20):
        row = digits.test.images(np.array([number]))[0]
        Image.fromarray(row[..., 0]).save(tmp_path / "light.png")
        Image.fromarray(255 - row[..., 0]).save(tmp_path / "dark.png")
        light, dark = (fit_image(tmp_path / name, facts) for name in ("light.png", "dark.png"))
        np.testing.assert_array_equal(light.row, row)
        np.testing.assert_array_equal(dark.row, row)
        assert (light.inverted, dark.inverted) == (False, True)


def test_a_drawing_gets_the_extent_and_the_centre_that_the_data_set_s_have(tmp_path: Path) -> None:
    placed = fit_image(saved(tmp_path / "seven.png", seven()), MNIST_LIKE)
    ink = placed.row[..., 0] / 255
    box = drawn_box(ink)
    assert box is not None
    assert max(box[2] - box[0], box[3] - box[1]) == 20
    assert ink.max() == 1.0
    down, across = centre_of_mass(ink)
    assert abs(down - 14) < 0.6
    assert abs(across - 14) < 0.6


def test_paper_pen_size_format_and_turning_change_little(tmp_path: Path) -> None:
    ink = seven()
    expected = fit_image(saved(tmp_path / "plain.png", ink), MNIST_LIKE).row.astype(float)
    clear = np.zeros((*ink.shape, 4), np.uint8)
    clear[..., 3] = ink * 255
    Image.fromarray(clear).save(tmp_path / "black_on_clear.png")
    clear[..., :3] = 255
    Image.fromarray(clear).save(tmp_path / "white_on_clear.png")
    saved(tmp_path / "dark.png", ink, paper=255, pen=0)
    saved(tmp_path / "grey.jpg", ink, paper=210, pen=60, quality=90)
    Image.fromarray((65535 * (1 - ink)).astype(np.uint16)).save(tmp_path / "sixteen_bits.png")
    colour = np.stack([235 - ink * 200, 230 - ink * 190, 215 - ink * 60], axis=-1).astype(np.uint8)
    Image.fromarray(colour).save(tmp_path / "colour.png")
    Image.fromarray(np.kron(colour, np.ones((20, 20, 1), np.uint8))).save(tmp_path / "large.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = Image.fromarray(colour).transpose(Image.Transpose.ROTATE_90)
    turned.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    light = ("plain.png", "white_on_clear.png")
    for path in sorted(tmp_path.iterdir()):
        placed = fit_image(path, MNIST_LIKE)
        assert np.abs(placed.row - expected).mean() < 6, path.name
        assert placed.inverted == (path.name not in light), path.name


def test_what_was_trained_dark_on_light_stays_so(tmp_path: Path) -> None:
    facts = replace(MNIST_LIKE, drawing=Drawing(1.0, 20 / 28, "box"))
    light = fit_image(saved(tmp_path / "light.png", seven()), facts)
    dark = fit_image(saved(tmp_path / "dark.png", seven(), paper=255, pen=0), facts)
    np.testing.assert_array_equal(light.row, dark.row)
    assert (light.inverted, dark.inverted) == (True, False)
    assert np.median(light.row) == 255


def test_a_picture_that_shows_nothing_is_all_background(tmp_path: Path) -> None:
    assert fit_image(saved(tmp_path / "blank.png", np.zeros((50, 70)), paper=250), MNIST_LIKE).row.max() == 0


def test_a_photograph_loses_its_sides_not_its_proportions(tmp_path: Path) -> None:
    wide = np.zeros((100, 300, 3), np.uint8)
    wide[:, :100, 0] = wide[:, 100:200, 1] = wide[:, 200:, 2] = 255
    Image.fromarray(wide).save(tmp_path / "wide.png")
    row = fit_image(tmp_path / "wide.png", PHOTOS).row
    assert row.shape == (32, 32, 3)
    assert row.reshape(-1, 3)[:, 1].min() > 220  # the edges are mixed with what was cut off
    Image.fromarray(wide[..., 1]).save(tmp_path / "grey.png")
    assert fit_image(tmp_path / "grey.png", PHOTOS).row.min() > 220


def test_an_image_folder_s_pictures_are_what_the_training_made_of_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (30, 50, 3)).astype(np.uint8)).save(tmp_path / "a.jpg")
    facts = replace(PHOTOS, info=replace(PHOTOS.info, name="image_folder"))
    np.testing.assert_array_equal(fit_image(tmp_path / "a.jpg", facts).row, decode(tmp_path / "a.jpg", 32, 3))


def test_floats_get_the_range_that_the_data_set_has(tmp_path: Path) -> None:
    facts = replace(MNIST_LIKE, info=replace(MNIST_LIKE.info, scale=1.0), low=-1.0, high=1.0)
    row = fit_image(saved(tmp_path / "seven.png", seven()), facts).row
    assert (row.dtype, row.min(), row.max()) == (np.float32, -1.0, 1.0)


@settings(max_examples=60, deadline=None)
@example(
    pixels=np.zeros((25, 3, 1), np.uint8), shape=(11, 1, 1), background=None, extent=1.0, centred_by="mass"
)  # 25 / 11 * 11 is a little more than 25
@given(
    pixels=st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 2, 3, 4])).flatmap(
        lambda shape: arrays.arrays(np.uint8, shape)
    ),
    shape=st.tuples(st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, 3, 4])),
    background=st.sampled_from([None, 0.0, 1.0]),
    extent=st.floats(0.05, 1),
    centred_by=st.sampled_from(["mass", "box"]),
)
def test_any_picture_becomes_a_row(
    tmp_path_factory: pytest.TempPathFactory, pixels: Any, shape: Any, background: Any, extent: float, centred_by: Any
) -> None:
    path = tmp_path_factory.mktemp("any") / "any.png"
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(path)
    drawing = None if background is None or shape[2] != 1 else Drawing(background, extent, centred_by)
    placed = fit_image(path, InputSpec(DatasetInfo("x", shape, 2, ("a", "b"), "", 1 / 255), 0.0, 255.0, drawing))
    assert placed.row.shape == shape
    assert placed.row.dtype == np.uint8


def test_what_is_no_image_or_too_large_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "no.png").write_text("hello")
    with pytest.raises(UserError, match=r"no.png is not a PNG, JPEG, GIF, WebP, TIFF or BMP image"):
        fit_image(tmp_path / "no.png", MNIST_LIKE)
    whole = saved(tmp_path / "whole.png", seven()).read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"half.png is damaged"):
        fit_image(tmp_path / "half.png", MNIST_LIKE)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with quiet_pillow(), pytest.raises(UserError, match=r"whole.png has more than 1,000 pixels"):
        fit_image(tmp_path / "whole.png", MNIST_LIKE)
