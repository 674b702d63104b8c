"""The data set `stripes`: images of horizontal and of vertical stripes, drawn from a seed."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deeplab.config.schema import PluginDatasetConfig
from deeplab.data.assemble import make_splits
from deeplab.data.splits import Splits
from deeplab.errors import UserError

SIZE = 12


def load(config: PluginDatasetConfig, cache_dir: Path) -> Splits:
    """Draw the images.

    Args:
        config: `dataset` of the configuration; its `options` are this data set's own, and nobody else checks them.
        cache_dir: where something that took long could be kept; drawing does not.

    Raises:
        UserError: an option is unknown or not a number of images.
    """
    unknown = config.options.keys() - {"train", "test"}
    if unknown:
        raise UserError(f"dataset.options.{min(unknown)}: stripes know train and test alone.")
    counts = [config.options.get(part, default) for part, default in (("train", 200), ("test", 100))]
    if not all(isinstance(count, int) and count >= 2 for count in counts):
        raise UserError("dataset.options: train and test are numbers of images, 2 or more.")
    rng = np.random.default_rng(0)
    (x_train, y_train), (x_test, y_test) = (_draw(count, rng) for count in counts)
    names = ("horizontal", "vertical")
    return make_splits(config.kind, names, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)


def _draw(count: int, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Images [count, SIZE, SIZE, 1] of bytes, and their classes [count]."""
    labels = (np.arange(count) % 2).astype(np.int32)
    bright = rng.integers(0, 256, (count, SIZE), dtype=np.uint8)
    images = np.repeat(bright[:, :, None], SIZE, axis=2)
    images[labels == 1] = images[labels == 1].transpose(0, 2, 1)
    return images[..., None], labels
