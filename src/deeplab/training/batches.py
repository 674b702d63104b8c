"""Rows in the order of an epoch, as the `tf.data` pipelines that Keras' `fit` reads."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.data.splits import Split

EVALUATION_BATCH = 512


def row_order(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    """The order of the rows in an epoch: a function of the seed and the epoch alone."""
    return np.random.default_rng(np.random.SeedSequence([seed, epoch])).permutation(count)


def training_batches(
    split: Split,
    batch_size: int,
    num_classes: int,
    class_weights: NDArray[np.float32] | None,
    order: Callable[[], NDArray[np.int64]],
) -> Any:
    """Shuffled batches of (rows, one-hot labels) or (rows, one-hot labels, weights); the last may be short.

    Args:
        order: called at the start of each epoch for the positions of the split, in order.
    """
    return _pipeline(split, batch_size, num_classes, class_weights, order)


def validation_batches(split: Split, num_classes: int) -> Any:
    """Large batches of (rows, one-hot labels) in the split's own order."""
    positions = np.arange(len(split))
    return _pipeline(split, EVALUATION_BATCH, num_classes, None, lambda: positions)


def _pipeline(
    split: Split,
    batch_size: int,
    num_classes: int,
    class_weights: NDArray[np.float32] | None,
    order: Callable[[], NDArray[np.int64]],
) -> Any:
    import tensorflow as tf

    one_hot = np.eye(num_classes, dtype=np.float32)

    def batches() -> Iterator[tuple[NDArray[Any], ...]]:
        positions = order()
        for start in range(0, len(positions), batch_size):
            chosen = positions[start : start + batch_size]
            labels = split.labels_at(chosen)
            weights = () if class_weights is None else (class_weights[labels],)
            yield split.images(chosen), one_hot[labels], *weights

    signature = [
        tf.TensorSpec((None, *split.x.shape[1:]), split.x.dtype),
        tf.TensorSpec((None, num_classes), tf.float32),
    ]
    if class_weights is not None:
        signature.append(tf.TensorSpec((None,), tf.float32))
    dataset = tf.data.Dataset.from_generator(batches, output_signature=tuple(signature))
    # A generator has no length; Keras needs one to know where an epoch ends.
    steps = -(-len(split) // batch_size)
    return dataset.apply(tf.data.experimental.assert_cardinality(steps)).prefetch(2)
