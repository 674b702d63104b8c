"""Rows in the order of an epoch, as the `tf.data` pipelines that Keras' `fit` reads."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.data.splits import Split

Positions = NDArray[np.int64]


def row_order(seed: int, epoch: int, count: int) -> Positions:
    """The order of the rows in an epoch: a function of the seed and the epoch alone."""
    return np.random.default_rng(np.random.SeedSequence([seed, epoch])).permutation(count)


def batches(
    split: Split,
    batch_size: int,
    num_classes: int,
    class_weights: NDArray[np.float32] | None,
    order: Callable[[], Positions],
) -> Any:
    """Batches of (rows, one-hot labels) or (rows, one-hot labels, weights); the last may be short.

    Args:
        split: where the rows come from.
        batch_size: rows in a batch.
        num_classes: length of a one-hot label.
        class_weights: of each class in the loss, [num_classes], or None.
        order: called at the start of each epoch for the positions of the split, in order.
    """

    def chunks() -> Iterator[Positions]:
        positions = order()
        for start in range(0, len(positions), batch_size):
            yield positions[start : start + batch_size]

    count = -(-len(split) // batch_size)
    return _pipeline(split, chunks, (None,), count, num_classes, class_weights)


def blocks(
    split: Split,
    batch_size: int,
    steps: int,
    num_classes: int,
    class_weights: NDArray[np.float32] | None,
    order: Callable[[], Positions],
) -> Any:
    """The same batches, `steps` of them at a time with a leading axis; a short last one comes as a block of one.

    Arguments as in `batches`.
    """

    def chunks() -> Iterator[Positions]:
        positions = order()
        full = len(positions) // batch_size
        whole = positions[: full * batch_size].reshape(full, batch_size)
        for start in range(0, full, steps):
            yield whole[start : start + steps]
        if len(positions) % batch_size:
            yield positions[None, full * batch_size :]

    return _pipeline(
        split, chunks, (None, None), len(block_sizes(len(split), batch_size, steps)), num_classes, class_weights
    )


def block_sizes(rows: int, batch_size: int, steps: int) -> list[int]:
    """Number of batches in each block of an epoch."""
    full = rows // batch_size
    sizes = [min(steps, full - start) for start in range(0, full, steps)]
    return [*sizes, 1] if rows % batch_size else sizes


def validation_batches(split: Split, num_classes: int, batch_size: int) -> Any:
    """Batches of (rows, one-hot labels) in the split's own order."""
    positions = np.arange(len(split))
    return batches(split, batch_size, num_classes, None, lambda: positions)


def _pipeline(
    split: Split,
    chunks: Callable[[], Iterator[Positions]],
    shape: tuple[None, ...],
    count: int,
    num_classes: int,
    class_weights: NDArray[np.float32] | None,
) -> Any:
    import tensorflow as tf

    labels = tf.constant(split.y)
    weights = None if class_weights is None else tf.constant(class_weights)
    rows = split.rows
    # An array in memory is gathered by TensorFlow, without Python's lock; one on disk by NumPy, page by page.
    source = None if isinstance(split.x, np.memmap) else tf.constant(split.x)

    def take(positions: Any) -> tuple[Any, ...]:
        if source is None:
            images = tf.numpy_function(lambda chosen: split.x[chosen], [positions], split.x.dtype)
            images = tf.ensure_shape(images, (*shape, *split.x.shape[1:]))
        else:
            images = tf.gather(source, positions)
        classes = tf.gather(labels, positions)
        one_hot = tf.one_hot(classes, num_classes)
        return (images, one_hot) if weights is None else (images, one_hot, tf.gather(weights, classes))

    def chosen_rows() -> Iterator[Positions]:
        for positions in chunks():
            yield rows[positions]

    dataset = tf.data.Dataset.from_generator(chosen_rows, output_signature=tf.TensorSpec(shape, tf.int64))
    # A generator has no length; Keras needs one to know where an epoch ends.
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(count))
    return dataset.map(take, num_parallel_calls=1).prefetch(2)
