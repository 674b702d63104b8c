"""scikit-learn's handwritten digits (Alpaydin and Kaynak, 1998): 1,797 images, built in, no download."""

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
    from sklearn.datasets import load_digits  # takes 1.7 s

    source = load_digits()
    images = np.stack([resize(image, config.image_size) for image in source.images])[..., None]
    labels = source.target.astype(np.int32)
    train, test = stratified_split(labels, TEST_FRACTION, np.random.default_rng(SPLIT_SEED))
    return make_splits(
        config.kind,
        tuple("0123456789"),
        x_train=images[train],
        y_train=labels[train],
        x_test=images[test],
        y_test=labels[test],
    )


def resize(image: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
    """Make a digit of 8x8, values from 0 to WHITE, one of size x size, values from 0 to 255."""
    # In floats, so that 17 grey levels are rounded once; bicubic keeps strokes sharper than bilinear and
    # rings less than Lanczos at three and a half times the size.
    grey = Image.fromarray((image * (255 / WHITE)).astype(np.float32))
    resized = np.array(grey.resize((size, size), Image.Resampling.BICUBIC), np.float32)
    return np.rint(resized).clip(0, 255).astype(np.uint8)
