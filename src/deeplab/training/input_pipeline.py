"""Rows in the order of an epoch, as the `tf.data` pipelines that Keras' `fit` reads."""

from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from deeplab.data.splits import Split
from deeplab.training.targets import Target

Positions = NDArray[np.int64]


def row_order(seed: int, epoch: int, count: int) -> Positions:
    """The order of the rows in an epoch: a function of the seed and the epoch alone."""
    return np.random.default_rng(np.random.SeedSequence([seed, epoch])).permutation(count)


class EpochPermutation:
    """Which rows of a split an epoch takes, in order; the pipelines made from it follow when the next epoch begins."""

    def __init__(self, split: Split, seed: int) -> None:
        """Begin with epoch 0.

        Args:
            split: whose rows are taken.
            seed: of the order.
        """
        self.seed, self._count = seed, len(split)
        with tf.device("CPU"):
            self._order = tf.Variable(row_order(seed, 0, len(split)), trainable=False)

    def begin(self, epoch: int) -> None:
        """Take the order of this epoch."""
        self._order.assign(row_order(self.seed, epoch, self._count))

    def blocks(self, batch_size: int, sizes: list[int]) -> Any:
        """Positions in the split as blocks [steps, batch] of whole batches; a short last batch is a block of its own.

        Args:
            batch_size: rows in a batch.
            sizes: batches in each block, as from `block_sizes`.
        """
        stops = np.minimum(np.cumsum(sizes) * batch_size, self._count)
        starts = np.concatenate([[0], stops[:-1]])

        def block(start: Any, stop: Any, steps: Any) -> Any:
            return tf.reshape(self._order[start:stop], (steps, -1))

        return _quiet(tf.data.Dataset.from_tensor_slices((starts, stops, np.asarray(sizes))).map(block))


class ExampleLookup:
    """What training is told of rows: (rows, targets) or (rows, targets, weights)."""

    def __init__(
        self,
        split: Split,
        target: Target,
        class_weights: NDArray[np.float32] | None = None,
        fresh_noise: bool = False,
    ) -> None:
        """Hold the split's rows in a tensor, unless they lie on disk.

        Args:
            split: where the rows come from.
            target: what is to be said of them.
            class_weights: of each class in the loss, [num_classes], or None.
            fresh_noise: the rows get another noise in each epoch.
        """
        self._split, self._target, self._fresh = split, target, fresh_noise
        # An array in memory is gathered by TensorFlow, also inside a compiled step; one on disk by NumPy, page by page.
        self.in_memory = not isinstance(split.x, np.memmap)
        self._x = None
        if self.in_memory:
            rows = split.inputs(slice(None))
            self._x = tf.Variable(rows, trainable=False) if fresh_noise else tf.constant(rows)
        self._weights = None if class_weights is None else tf.constant(class_weights[split.labels])

    def begin(self, epoch: int) -> None:
        """Draw the noise of an epoch, counted from 0, where each has its own."""
        if not self._fresh or self._split.noise is None:
            return
        self._split = replace(self._split, noise=replace(self._split.noise, epoch=epoch + 1))
        if self._x is not None:
            self._x.assign(self._split.inputs(slice(None)))

    def __call__(self, positions: Any) -> tuple[Any, ...]:
        """Look up positions in the split: an integer tensor of any shape, which what comes back has in front."""
        found = (self._rows(positions), self._target(positions))
        return found if self._weights is None else (*found, tf.gather(self._weights, positions))

    def _rows(self, positions: Any) -> Any:
        if self._x is not None:
            return tf.gather(self._x, positions)

        def read(chosen: Positions) -> Any:
            return self._split.inputs(chosen)  # of the epoch that has begun

        rows = tf.numpy_function(read, [positions], self._split.x.dtype)
        return tf.ensure_shape(rows, positions.shape.concatenate(self._split.x.shape[1:]))


def block_sizes(rows: int, batch_size: int, steps: int) -> list[int]:
    """Number of batches in each block of an epoch; a short last batch is a block of its own."""
    full = rows // batch_size
    sizes = [min(steps, full - start) for start in range(0, full, steps)]
    return [*sizes, 1] if rows % batch_size else sizes


def load_blocks(blocks: Any, look_up: ExampleLookup) -> Any:
    """The same blocks with their contents: rows [steps, batch, ...], targets [steps, batch, ...] and so on."""
    return _quiet(blocks.map(look_up).prefetch(2))


def single_batches(blocks: Any, look_up: ExampleLookup) -> Any:
    """The contents of blocks of one step, without the leading axis."""
    return _quiet(blocks.map(lambda positions: look_up(positions[0])).prefetch(2))


def validation_batches(split: Split, target: Target, batch_size: int) -> Any:
    """Batches of (rows, targets) in the split's own order."""
    look_up = ExampleLookup(split, target)
    if len(split) <= batch_size and look_up.in_memory:
        # An iterator over a pipeline of functions takes ten times as long to make, and every epoch makes two.
        return _quiet(tf.data.Dataset.from_tensors(look_up(tf.range(len(split), dtype=tf.int64))))
    positions = tf.data.Dataset.range(len(split)).batch(batch_size)
    return _quiet(positions.map(look_up).prefetch(2))


def _quiet(dataset: Any) -> Any:
    """A pipeline that tunes nothing: on two cores tuning takes one of them away from a small network for a while.

    Nor does it read ahead unless it is told to: the order of the next epoch is not there yet.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.inject_prefetch = False
    return dataset.with_options(options)
