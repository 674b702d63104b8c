"""A picture of any size as the row that a network takes."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from deeplab.data.images.decode import decode, read_picture
from deeplab.data.images.drawn import FAINTEST, find_drawn
from deeplab.data.images.look import unlike
from deeplab.data.input_spec import Drawing, InputSpec, border, centre_of_mass, drawn_box

DETAIL = 16  # pixels of a picture to one of the network, which is more than enough
MODES = {1: "L", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True)
class FittedImage:
    """A picture for a network."""

    row: NDArray[np.uint8] | NDArray[np.float32]  # of the data set's shape and kind of number, uint8 or float32
    inverted: bool  # whether black and white were exchanged
    trimmed: bool = False  # whether something on the picture was left out: a frame, an edge, specks
    # in what it is unlike the images of the data set, as in `little ink`; empty where it is like them
    unlike: tuple[str, ...] = ()

    @property
    def blank(self) -> bool:
        """Whether it is of one brightness and nothing else."""
        return bool((self.row == self.row.flat[0]).all())


def fit_image(path: Path, facts: InputSpec) -> FittedImage:
    """Read a picture, make of it what the images of a data set are, and compare it with these.

    - Of an image folder: what the training made of it, resized to a square.
    - Grey images drawn on a background, as digits are: black and white are exchanged where the picture says that it
      is drawn on the opposite. A picture of the network's own size is left at that. Of any other, what is drawn is
      told from its paper, a frame and specks (`find_drawn`), cut out, brought in its proportions to the extent that
      drawings have in the data set, given the full contrast, and put in the middle as the data set has it: by its
      centre of mass (MNIST) or by its box.
    - Everything else, photographs above all: the largest part in the middle that has the network's proportions,
      resized.

    Raises:
        UserError: the file is no image, is damaged or too large.
    """
    placed = _placed(path, facts)
    if facts.look is None:
        return placed
    brightness = (placed.row.astype(np.float32) - facts.low) / ((facts.high - facts.low) or 1)
    background = None if facts.drawing is None else facts.drawing.background
    return replace(placed, unlike=unlike(brightness, background, facts.look))


def _placed(path: Path, facts: InputSpec) -> FittedImage:
    height, width, channels = facts.info.input_shape
    if facts.info.name == "image_folder":
        return FittedImage(decode(path, height, channels, facts.info.background or "white"), inverted=False)
    picture = read_picture(path, max(height, width) if facts.drawing is None else DETAIL * max(height, width))
    if facts.drawing is None:
        return FittedImage(_in_range(_covering(picture, facts), facts), inverted=False)
    grey, is_light = _flattened(picture), facts.drawing.background > 0.5
    if grey.shape == (height, width):
        inverted = (float(np.median(border(grey))) > 0.5) != is_light
        return FittedImage(_in_range((1 - grey if inverted else grey)[..., None], facts), inverted)
    drawn = find_drawn(_shrunk(grey, DETAIL * max(height, width)))
    brightness = _drawn_again(drawn.ink, facts.drawing, (height, width))
    return FittedImage(_in_range(brightness[..., None], facts), drawn.is_dark != is_light, drawn.trimmed)


def _covering(picture: Image.Image, facts: InputSpec) -> NDArray[np.float32]:
    """The middle of a picture, [height, width, channels] in [0, 1]."""
    height, width, channels = facts.info.input_shape
    if picture.mode == "RGBA" and channels < 4:
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    picture = picture.convert(MODES[channels])
    factor = min(picture.width / width, picture.height / height)
    # Rounding may leave less than nothing.
    left, top = max(0.0, picture.width - factor * width) / 2, max(0.0, picture.height - factor * height) / 2
    box = (left, top, picture.width - left, picture.height - top)
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.BICUBIC, box)
    return (np.array(picture, np.float32) / np.float32(255)).reshape(height, width, channels)


def _flattened(picture: Image.Image) -> NDArray[np.float32]:
    """A picture in grey, [height, width] in [0, 1]; what is transparent is laid on what it is drawn against."""
    if picture.mode == "RGBA":
        pixels = np.array(picture.convert("LA"), np.float32) / np.float32(255)
        grey, alpha = pixels[..., 0], pixels[..., 1]
        is_light = float((grey * alpha).sum()) > 0.5 * float(alpha.sum())
        return np.asarray(grey * alpha + (1 - alpha) * (0.0 if is_light else 1.0), np.float32)
    return np.array(picture.convert("L"), np.float32) / np.float32(255)


def _drawn_again(ink: NDArray[np.float32], drawing: Drawing, size: tuple[int, int]) -> NDArray[np.float32]:
    """What is drawn in a picture, of the extent and in the place that the data set's drawings have."""
    strongest = float(ink.max())
    box = drawn_box(ink / strongest) if strongest > FAINTEST else None
    if box is None:
        return np.full(size, drawing.background, np.float32)
    top, left, bottom, right = box
    factor = drawing.extent / max((bottom - top) / size[0], (right - left) / size[1])
    height, width = max(1, round(factor * (bottom - top))), max(1, round(factor * (right - left)))
    cut = _resized(ink[top:bottom, left:right], (min(height, size[0]), min(width, size[1])))
    cut = np.clip(cut / float(cut.max()), 0, 1)
    canvas = np.zeros(size, np.float32)
    first = [_begin(*sides) for sides in zip(_centre(cut, drawing), cut.shape, size, strict=True)]
    canvas[first[0] : first[0] + cut.shape[0], first[1] : first[1] + cut.shape[1]] = cut
    return np.asarray(np.abs(drawing.background - canvas), np.float32)


def _centre(cut: NDArray[np.float32], drawing: Drawing) -> tuple[float, float]:
    return centre_of_mass(cut) if drawing.centred_by == "mass" else (cut.shape[0] / 2, cut.shape[1] / 2)


def _begin(centre: float, extent: int, side: int) -> int:
    """Where a side begins so that its centre is in the middle, as far as it stays inside."""
    return min(max(round(side / 2 - centre), 0), side - extent)


def _shrunk(values: NDArray[np.float32], most: int) -> NDArray[np.float32]:
    factor = most / max(values.shape)
    if factor >= 1:
        return values
    return _resized(values, (max(1, round(factor * values.shape[0])), max(1, round(factor * values.shape[1]))))


def _resized(values: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    resized = Image.fromarray(values).resize((size[1], size[0]), Image.Resampling.BICUBIC)
    return np.maximum(np.array(resized, np.float32), 0)


def _in_range(brightness: NDArray[np.float32], facts: InputSpec) -> NDArray[np.uint8] | NDArray[np.float32]:
    """Brightness in [0, 1] as the data set has it."""
    values = (facts.low + brightness * (facts.high - facts.low)).astype(np.float32)
    if (facts.low, facts.high, facts.info.scale) == (0, 255, 1 / 255):
        return np.asarray(np.rint(values).clip(0, 255), np.uint8)
    return values
