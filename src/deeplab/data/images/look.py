"""How images look in a few numbers: a picture that is far from those of the training data is told by them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

DRAWN = 0.2  # as far from the background as this is drawn on it
SLACK = 0.1  # of a range, on both sides of it: not every image was looked at

Look = Mapping[str, tuple[float, float]]

# What a picture is called that has less of a measure than the data, and more.
WORDS = {
    "ink": ("little ink", "much ink"),
    "largest_part": ("many parts", "one part"),
    "strength": ("pale strokes", "strong strokes"),
    "edges": ("few edges", "many edges"),
    "brightness": ("dark", "bright"),
    "contrast": ("little contrast", "much contrast"),
}


def measures(images: NDArray[np.float32], background: float | None) -> dict[str, NDArray[np.float64]]:
    """Numbers of each image, by the names in WORDS.

    Args:
        images: [n, height, width, channels], values in [0, 1].
        background: brightness of what grey images are drawn on; None for photographs.
    """
    if background is None:
        flat = images.reshape(len(images), -1).astype(np.float64)
        return {"brightness": flat.mean(axis=1), "contrast": flat.std(axis=1)}
    ink = np.abs(images[..., 0].astype(np.float64) - background)
    drawn = ink > DRAWN
    inside = np.where(drawn, ink, 0).sum(axis=(1, 2))
    edges = sum(np.abs(np.diff(drawn.astype(np.int8), axis=axis)).sum(axis=(1, 2)) for axis in (1, 2))
    return {
        "ink": ink.mean(axis=(1, 2)),
        "largest_part": _largest_parts(ink, drawn),
        "strength": inside / np.maximum(drawn.sum(axis=(1, 2)), 1),
        "edges": np.asarray(edges, np.float64),
    }


def look_of(images: NDArray[np.float32], background: float | None) -> Look:
    """The smallest and the largest of each measure, with some slack; arguments as in `measures`."""
    look = {}
    for name, values in measures(images, background).items():
        low, high = float(values.min()), float(values.max())
        slack = SLACK * (high - low)
        look[name] = (round(low - slack, 6), round(high + slack, 6))
    return look


def unlike(image: NDArray[np.float32], background: float | None, look: Look) -> tuple[str, ...]:
    """In what an image is unlike the data, as in `little ink`; nothing where it is like them.

    Args:
        image: [height, width, channels], values in [0, 1].
        background: as in `measures`.
        look: of the data.
    """
    words = []
    for name, values in measures(image[None], background).items():
        low, high = look.get(name, (-np.inf, np.inf))
        if not low <= values[0] <= high:
            words.append(WORDS[name][int(values[0] > high)])
    return tuple(words)


def _largest_parts(ink: NDArray[np.float64], drawn: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The share of an image's ink that its largest connected part has, [n]; 1 where nothing is drawn."""
    from scipy import ndimage  # takes a moment to import

    count = len(drawn)
    within_an_image = np.zeros((3, 3, 3))
    within_an_image[1] = 1
    labels, parts = ndimage.label(drawn, within_an_image)
    image_of = np.zeros(parts + 1, np.int64)
    image_of[labels] = np.arange(count)[:, None, None]
    amounts = np.bincount(labels.ravel(), ink.ravel(), parts + 1)[1:]
    largest = np.zeros(count)
    np.maximum.at(largest, image_of[1:], amounts)
    whole = np.bincount(image_of[1:], amounts, count)
    return np.where(whole > 0, largest / np.where(whole > 0, whole, 1), 1.0)
