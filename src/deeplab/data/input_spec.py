"""What must be known of a data set to use a network that was trained on it, kept with the network."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from deeplab.data.images.look import DRAWN, Look, look_of
from deeplab.data.splits import Splits
from deeplab.data.tables.spec import TableSpec
from deeplab.dataset_info import DatasetInfo, Standardization

LOOKED_AT = 1000
_OF_SOME = ("target_names", "inputs", "targets", "background")  # facts that files of before them lack
NEAR = 0.1  # of the background's brightness, black being 0 and white 1
PLAIN_SHARE = 0.6  # of the border: what touches it is no background


@dataclass(frozen=True)
class Drawing:
    """Where and on what the grey images of a data set are drawn, as MNIST's digits are."""

    background: float  # brightness of what is drawn on, 0 (black) to 1 (white)
    extent: float  # the longer side of what is drawn as a share of that side of the image, the median of the images
    # whether the centre of the image is that of the drawing's mass, or of the box around it
    centred_by: Literal["mass", "box"]


@dataclass(frozen=True)
class InputSpec:
    """A data set without its rows."""

    info: DatasetInfo  # what a network needs to know of it
    low: float  # the value that black has, or the smallest of floats
    high: float  # the value that white has, or the largest of floats
    drawing: Drawing | None  # of grey images with a background, otherwise None
    # ranges of a few measures of the images; None for points, and in files of before they were kept
    look: Look | None = None
    table: TableSpec | None = None  # the columns that rows are made of; None where they come from no table

    def to_json(self) -> str:
        """As text, for a person to read and `from_json` too."""
        values = asdict(self)
        if self.table is None:
            del values["table"]
        # What only some data sets have is left out where it is not there.
        info = {
            key: value
            for key, value in values.pop("info").items()
            if key != "num_classes" and (key not in _OF_SOME or value)
        }
        return json.dumps(info | values, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> "InputSpec":
        """Read what `to_json` wrote.

        Raises:
            ValueError: it is something else.
        """
        try:
            values = json.loads(text)
            drawing, look = values.pop("drawing"), values.pop("look", None)
            ranges = None if look is None else {name: (float(low), float(high)) for name, (low, high) in look.items()}
            shape, names = tuple(values.pop("input_shape")), tuple(values.pop("class_names"))
            name, fingerprint, scale = (values.pop(key) for key in ("name", "fingerprint", "scale"))
            targets = tuple(values.pop("target_names", ()))
            inputs, outputs = (_standardization(values.pop(key, None)) for key in ("inputs", "targets"))
            inside = (targets, inputs, outputs, str(values.pop("background", "")))
            info = DatasetInfo(name, shape, len(names), names, fingerprint, scale, *inside)
            table = values.pop("table", None)
            columns = None if table is None else TableSpec.from_json(table)
            drawn = None if drawing is None else Drawing(**drawing)
            return cls(info, drawing=drawn, look=ranges, table=columns, **values)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"these are no facts of a data set ({error})") from error


def _standardization(values: Any) -> Standardization | None:
    return None if values is None else Standardization(tuple(values["mean"]), tuple(values["deviation"]))


def describe_inputs(splits: Splits) -> InputSpec:
    """Sum up a data set; of its training rows at most LOOKED_AT are looked at, spread evenly."""
    info = splits.info
    rows = np.linspace(0, len(splits.train) - 1, min(len(splits.train), LOOKED_AT)).astype(np.int64)
    images = splits.train.images(rows)
    in_bytes = images.dtype == np.uint8
    low, high = (0.0, round(1 / info.scale, 9)) if in_bytes else (float(images.min()), float(images.max()))
    drawing = _drawing(info, images, low, high)
    return InputSpec(info, low, high, drawing, _look(info, images, low, high, drawing), splits.table)


def border(image: NDArray[Any]) -> NDArray[Any]:
    """The outermost pixels of the images [..., height, width], as [..., count]."""
    sides = (image[..., 0, :], image[..., -1, :], image[..., 1:-1, 0], image[..., 1:-1, -1])
    return np.concatenate(sides, axis=-1)


def drawn_box(ink: NDArray[np.floating]) -> tuple[int, int, int, int] | None:
    """The box (top, left, bottom, right) around what is drawn, the last two exclusive; None where nothing is.

    Args:
        ink: [height, width], 0 for the background and 1 for what is farthest from it.

    Examples:
        >>> drawn_box(np.array([[0.0, 0.0, 0.0], [0.0, 0.5, 1.0]]))
        (1, 1, 2, 3)
    """
    rows, columns = np.flatnonzero((ink > DRAWN).any(axis=1)), np.flatnonzero((ink > DRAWN).any(axis=0))
    return (int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1) if len(rows) else None


def centre_of_mass(ink: NDArray[np.floating]) -> tuple[float, float]:
    """Row and column of the centre of what is drawn, the first pixel being from 0 to 1."""
    total = float(ink.sum())
    down, across = np.arange(ink.shape[0]) + 0.5, np.arange(ink.shape[1]) + 0.5
    return float(ink.sum(axis=1) @ down) / total, float(ink.sum(axis=0) @ across) / total


def _look(info: DatasetInfo, images: NDArray[Any], low: float, high: float, drawing: Drawing | None) -> Look | None:
    if not info.is_image or high <= low:
        return None
    brightness = (images.astype(np.float32) - low) / (high - low)
    return look_of(brightness, None if drawing is None else drawing.background)


def _drawing(info: DatasetInfo, images: NDArray[Any], low: float, high: float) -> Drawing | None:
    if not info.is_image or info.input_shape[2] != 1 or high <= low:
        return None
    brightness = (images[..., 0].astype(np.float32) - low) / (high - low)  # [n, height, width]
    edge = border(brightness)
    background = float(np.median(edge))
    if np.mean(np.abs(edge - background) < NEAR) < PLAIN_SHARE or NEAR < background < 1 - NEAR:
        return None
    ink = np.abs(brightness - background)
    extents, by_mass, by_box = [], [], []
    height, width = info.input_shape[:2]
    for each in ink:
        box = drawn_box(each)
        if box is None:
            continue
        top, left, bottom, right = box
        extents.append(max((bottom - top) / height, (right - left) / width))
        down, across = centre_of_mass(each)
        by_mass.append(abs(down - height / 2) + abs(across - width / 2))
        by_box.append(abs((top + bottom - height) / 2) + abs((left + right - width) / 2))
    if not extents:
        return None
    centred_by: Literal["mass", "box"] = "mass" if np.mean(by_mass) < np.mean(by_box) else "box"
    return Drawing(round(background, 4), round(float(np.median(extents)), 4), centred_by)
