"""Rows in the order of an epoch, as the `tf.data` pipelines that Keras' `fit` reads."""

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from deeplab.data.splits import Split

Positions = NDArray[np.int64]


def row_order(seed: int, epoch: int, count: int) -> Positions:
    """The order of the rows in an epoch: a function of the seed and the epoch alone."""
    return np.random.default_rng(np.random.SeedSequence([seed, epoch])).permutation(count)


class EpochOrder:
    """Which rows an epoch takes, in order; the pipelines made from it follow when the next epoch begins."""

    def __init__(self, split: Split, seed: int) -> None:
        """Begin with epoch 0.

        Args:
            split: whose rows are taken.
            seed: of the order.
        """
        self.split, self.seed = split, seed
        with tf.device("CPU"):
            self._rows = tf.Variable(split.rows, trainable=False)
        self.begin(0)

    def begin(self, epoch: int) -> None:
        """Take the order of this epoch."""
        self._rows.assign(self.split.rows[row_order(self.seed, epoch, len(self.split))])

    def blocks(self, batch_size: int, sizes: list[int]) -> Any:
        """Rows of the source in blocks [steps, batch] of whole batches; a short last batch is a block of its own.

        Args:
            batch_size: rows in a batch.
            sizes: batches in each block, as from `block_sizes`.
        """
        stops = np.minimum(np.cumsum(sizes) * batch_size, len(self.split))
        starts = np.concatenate([[0], stops[:-1]])

        def block(start: Any, stop: Any, steps: Any) -> Any:
            return tf.reshape(self._rows[start:stop], (steps, -1))

        return _quiet(tf.data.Dataset.from_tensor_slices((starts, stops, np.asarray(sizes))).map(block))


class Lookup:
    """What training is told of rows: (rows, one-hot labels) or (rows, one-hot labels, weights)."""

    def __init__(self, split: Split, num_classes: int, class_weights: NDArray[np.float32] | None = None) -> None:
        """Hold the source in tensors, unless it lies on disk.

        Args:
            split: where the rows come from.
            num_classes: length of a one-hot label.
            class_weights: of each class in the loss, [num_classes], or None.
        """
        self._source = split.x
        # An array in memory is gathered by TensorFlow, also inside a compiled step; one on disk by NumPy, page by page.
        self.in_memory = not isinstance(split.x, np.memmap)
        self._x = tf.constant(split.x) if self.in_memory else None
        self._labels = tf.constant(split.y)
        self._weights = None if class_weights is None else tf.constant(class_weights)
        self._num_classes = num_classes

    def __call__(self, rows: Any) -> tuple[Any, ...]:
        """Look up rows of the source: an integer tensor of any shape, which what comes back has in front."""
        labels = tf.gather(self._labels, rows)
        found = (self._images(rows), tf.one_hot(labels, self._num_classes))
        return found if self._weights is None else (*found, tf.gather(self._weights, labels))

    def _images(self, rows: Any) -> Any:
        if self._x is not None:
            return tf.gather(self._x, rows)
        images = tf.numpy_function(lambda chosen: self._source[chosen], [rows], self._source.dtype)
        return tf.ensure_shape(images, rows.shape.concatenate(self._source.shape[1:]))


def block_sizes(rows: int, batch_size: int, steps: int) -> list[int]:
    """Number of batches in each block of an epoch; a short last batch is a block of its own."""
    full = rows // batch_size
    sizes = [min(steps, full - start) for start in range(0, full, steps)]
    return [*sizes, 1] if rows % batch_size else sizes


def looked_up(blocks: Any, look_up: Lookup) -> Any:
    """The same blocks with their contents: rows [steps, batch, ...], labels [steps, batch, classes] and so on."""
    return _quiet(blocks.map(look_up).prefetch(2))


def single_batches(blocks: Any, look_up: Lookup) -> Any:
    """The contents of blocks of one step, without the leading axis."""
    return _quiet(blocks.map(lambda rows: look_up(rows[0])).prefetch(2))


def validation_batches(split: Split, num_classes: int, batch_size: int) -> Any:
    """Batches of (rows, one-hot labels) in the split's own order."""
    rows = tf.data.Dataset.from_tensor_slices(split.rows).batch(batch_size)
    return _quiet(rows.map(Lookup(split, num_classes)).prefetch(2))


def _quiet(dataset: Any) -> Any:
    """A pipeline that tunes nothing: on two cores tuning takes one of them away from a small network for a while."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
