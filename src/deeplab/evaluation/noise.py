"""How many noisy images a classifier still gets right, as they are and after networks have cleaned them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.data.noise import Noise
from deeplab.data.splits import Split
from deeplab.models.inspect import evaluation_batch_size

NOISY = "noisy"

# What a network makes of a batch: [n, ...] -> [n, ...].
Network = Any
# The images of each class that were classified rightly, [num_classes], by state: noisy, or who denoised them.
Right = Mapping[str, NDArray[np.int64]]


def count_correct(
    classifier: Network,
    denoisers: Mapping[str, Network],
    test: Split,
    noise: Noise | None,
    scale: float,
    num_classes: int,
    counted: Callable[[int], None] = lambda _: None,
) -> Right:
    """Put noise on every test image, have it denoised, and classify both.

    Args:
        classifier: takes rows as the data set has them, gives probabilities [n, num_classes].
        denoisers: by name; they take the same rows and give images in [0, 1].
        test: images and their classes.
        noise: what is put on them, or None for nothing.
        scale: brings rows to [0, 1]; what a denoiser gives is divided by it before it is classified.
        num_classes: of the data set.
        counted: told after each batch how many images it had.
    """
    right = {state: np.zeros(num_classes, np.int64) for state in (NOISY, *denoisers)}
    size = min(map(evaluation_batch_size, (classifier, *denoisers.values())))
    for rows, labels in _batches(test, noise, size):
        states = {NOISY: rows}
        for name, denoiser in denoisers.items():
            states[name] = denoiser.predict_on_batch(rows) / np.float32(scale)
        for state, images in states.items():
            classes = classifier.predict_on_batch(images).argmax(axis=1)[: len(labels)]
            right[state] += np.bincount(labels[classes == labels], minlength=num_classes)
        counted(len(labels))
    return right


def _batches(test: Split, noise: Noise | None, size: int) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int32]]]:
    """Rows [size, ...] with their labels; a last batch that is shorter is filled up with zeros, and has fewer labels.

    All batches are of one shape and type, so that TensorFlow prepares each network for one only.
    """
    size = min(size, len(test))
    labels = test.labels
    for start in range(0, len(test), size):
        part = slice(start, start + size)
        images = test.images(part)
        noisy = images if noise is None else noise.apply(images, test.rows[part])
        batch = np.zeros((size, *noisy.shape[1:]), np.float32)
        batch[: len(noisy)] = noisy
        yield batch, labels[part]
