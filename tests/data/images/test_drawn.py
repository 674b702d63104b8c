"""What is drawn is found on photographs: under uneven light, in frames, beside specks."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from deeplab.data.images.drawn import find_drawn
from deeplab.data.images.look import look_of, measures, unlike
from deeplab.data.images.placement import fit_image
from deeplab.data.input_spec import Drawing, InputSpec
from deeplab.dataset_info import DatasetInfo

HEIGHT, WIDTH = 300, 240
DOWN, ACROSS = np.mgrid[:HEIGHT, :WIDTH]
FACTS = InputSpec(
    DatasetInfo("mnist", (28, 28, 1), 2, ("a", "b"), "", 1 / 255), 0.0, 255.0, Drawing(0.0, 20 / 28, "mass")
)


def seven() -> Any:
    """A slanted seven, ink 1 on 0."""
    ink = np.zeros((HEIGHT, WIDTH))
    ink[90:104, 70:160] = 1
    for step in range(110):
        ink[90 + step, 142 - step // 2 : 158 - step // 2] = 1
    return ink


PHOTO = 220 - 170 * seven()


def changed(*places: tuple[slice, slice], to: float = 35.0) -> Any:
    picture = PHOTO.copy()
    for rows, columns in places:
        picture[rows, columns] = to
    return picture


def frame(width: int) -> tuple[tuple[slice, slice], ...]:
    every = slice(None)
    ends = (slice(width), slice(-width, None))
    return (*((end, every) for end in ends), *((every, end) for end in ends))


def lit(light: Any) -> Any:
    return PHOTO * light


INNER = [
    *((rows, slice(12, -12)) for rows in (slice(12, 17), slice(-17, -12))),
    *((slice(12, -12), columns) for columns in (slice(12, 17), slice(-17, -12))),
]
DUST = [(slice(y, y + 3), slice(x, x + 3)) for y, x in np.random.default_rng(1).integers(3, 230, (30, 2)).tolist()]
WHOLE = {
    "plain": PHOTO,
    "light on dark": 255 - PHOTO,
    "pale": 220 - 60 * seven(),
    "lit from the left": lit(1 - 0.5 * ACROSS / WIDTH),
    "lit from above": lit(1 - 0.5 * DOWN / HEIGHT),
    "dark corners": lit(1 - 0.25 * ((DOWN / 150 - 1) ** 2 + (ACROSS / 120 - 1) ** 2)),
}
TRIMMED = {
    "thin frame": changed(*frame(3)),
    "thick frame": changed(*frame(28)),
    "light frame": 255 - changed(*frame(15)),
    "three sides": changed(*frame(20)[1:]),
    "one side": changed(frame(40)[3]),
    "frame within": changed(*INNER),
    "speck in the corner": changed((slice(5, 20), slice(5, 20))),
    "speck and frame": changed((slice(25, 37), slice(200, 212)), *frame(10)),
    "shadow": np.where(ACROSS < 50, PHOTO * 0.6, PHOTO),
    "dark corner": np.where(DOWN + ACROSS < 80, 40, PHOTO),
}


def row_of(path: Path, picture: Any) -> Any:
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(path)
    return fit_image(path, FACTS)


@pytest.mark.parametrize("name", [*WHOLE, *TRIMMED, "dust"])
def test_a_seven_is_the_same_on_every_photograph(tmp_path: Path, name: str) -> None:
    expected = row_of(tmp_path / "plain.png", PHOTO)
    placed = row_of(tmp_path / "other.png", {**WHOLE, **TRIMMED, "dust": changed(*DUST)}[name])
    assert np.abs(placed.row.astype(float) - expected.row).mean() < 4
    assert placed.trimmed == (name in TRIMMED)
    assert placed.inverted == (name not in ("light on dark", "light frame"))


def test_parts_of_one_drawing_stay_together() -> None:
    ink = np.zeros((200, 200), np.float32)
    ink[60:150, 90:105] = 1
    ink[30:45, 90:105] = 0.9  # the dot of an i
    ink[150:170, 20:180] = 0  # nothing
    found = find_drawn(1 - 0.8 * ink)
    assert found.is_dark
    assert not found.trimmed
    np.testing.assert_allclose(found.ink, 0.8 * ink, atol=0.01)  # the paper is white
    ink[30:45, 90:105] = 0
    ink[60:150, 20:35] = 1  # as large as the other
    np.testing.assert_allclose(find_drawn(0.8 * ink).ink, 0.8 * ink, atol=0.01)


def test_a_drawing_that_reaches_the_border_is_kept() -> None:
    ink = np.zeros((120, 100), np.float32)
    ink[:, 40:55] = 1
    found = find_drawn(1 - ink)
    assert (found.is_dark, found.trimmed) == (True, False)
    np.testing.assert_allclose(found.ink, ink, atol=0.01)


def strokes(count: int = 40) -> Any:
    """Images of one or two strokes, [count, 28, 28, 1] in [0, 1]."""
    rng = np.random.default_rng(0)
    images = np.zeros((count, 28, 28, 1), np.float32)
    for image in images:
        column, row = rng.integers(8, 18, 2)
        image[5:23, column : column + 3] = rng.uniform(0.8, 1)
        image[row : row + 3, 5 : 5 + rng.integers(14, 18)] = rng.uniform(0.8, 1)
    return images


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda image: image * 0.4, "pale strokes"),
        (lambda image: image * 0, "little ink"),
        (lambda image: np.maximum(image, 0.9), "much ink"),
        (lambda image: np.maximum(image, np.indices((28, 28)).sum(0)[..., None] % 2), "many edges"),
    ],
)
def test_what_is_far_from_the_data_is_told(spoil: Callable[[Any], Any], word: str) -> None:
    images = strokes()
    look = look_of(images, 0.0)
    assert [unlike(image, 0.0, look) for image in images] == [()] * len(images)
    assert word in unlike(spoil(images[0]).astype(np.float32), 0.0, look)


def test_many_parts_and_dark_photographs_are_told() -> None:
    image = np.zeros((28, 28, 1), np.float32)
    for row in range(5, 23, 3):
        image[row : row + 2, 8:16] = 0.9
    assert unlike(image, 0.0, look_of(strokes(), 0.0)) == ("many parts", "many edges")
    photographs = np.random.default_rng(0).uniform(0.2, 0.8, (30, 8, 8, 3)).astype(np.float32)
    look = look_of(photographs, None)
    assert unlike(photographs[3], None, look) == ()
    assert unlike(photographs[3] / 8, None, look) == ("dark", "little contrast")


def test_what_a_data_set_looks_like_is_kept_with_it_and_may_be_missing() -> None:
    facts = replace(FACTS, look=look_of(strokes(), 0.0))
    again = InputSpec.from_json(facts.to_json())
    assert again == facts
    assert set(again.look or ()) == {"ink", "largest_part", "strength", "edges"}
    old = "".join(FACTS.to_json().split(',\n  "look": null'))
    assert "look" not in old
    assert InputSpec.from_json(old) == FACTS


def test_parts_of_one_image_do_not_touch_those_of_the_next() -> None:
    images = np.zeros((4, 5, 5, 1), np.float32)
    images[0, 0, 0] = images[0, 1, 1] = images[1, 1, 1] = 1  # corners touch, images do not
    images[1, 1, 4], images[1, 4, 4] = 0.5, 2.5
    images[2, 1, 1] = 0.25
    assert measures(images, 0.0)["largest_part"].tolist() == [1.0, 0.625, 1.0, 1.0]
