"""scikit-learn's handwritten digits (Alpaydin and Kaynak, 1998): 1,797 images, built in, no download."""

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from deeplab.config.schema import DigitsConfig
from deeplab.data.assemble import make_splits
from deeplab.data.splits import Splits
from deeplab.data.stratify import stratified_split

SPLIT_SEED = 1797
TEST_FRACTION = 0.2
WHITE = 16  # the largest value in the source


def load(config: DigitsConfig, cache_dir: Path) -> Splits:  # noqa: ARG001  (every source is called alike)
    """The digits as uint8 images [n, image_size, image_size, 1]; the split is always the same."""
    pixels, labels = _read()
    images = np.stack([resize(image, config.image_size) for image in pixels])[..., None]
    train, test = stratified_split(labels, TEST_FRACTION, np.random.default_rng(SPLIT_SEED))
    return make_splits(
        config.kind,
        tuple("0123456789"),
        x_train=images[train],
        y_train=labels[train],
        x_test=images[test],
        y_test=labels[test],
    )


def _read() -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """The file that `sklearn.datasets.load_digits` reads; to import scikit-learn takes a second.

    Returns:
        The images [n, 8, 8], values from 0 to WHITE, and their labels [n].
    """
    package = find_spec("sklearn")
    assert package is not None and package.origin is not None
    with gzip.open(Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz", "rt") as file:
        rows = np.loadtxt(file, delimiter=",")
    return rows[:, :-1].reshape(-1, 8, 8), rows[:, -1].astype(np.int32)


def resize(image: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
    """Make a digit of 8x8, values from 0 to WHITE, one of size x size, values from 0 to 255."""
    # In floats, so that 17 grey levels are rounded once; bicubic keeps strokes sharper than bilinear and
    # rings less than Lanczos at three and a half times the size.
    grey = Image.fromarray((image * (255 / WHITE)).astype(np.float32))
    resized = np.array(grey.resize((size, size), Image.Resampling.BICUBIC), np.float32)
    return np.rint(resized).clip(0, 255).astype(np.uint8)
