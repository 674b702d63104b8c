"""Numbers that a compiled graph takes as inputs, so that trainings which differ in nothing else can share it.

The learning rate is such a number already: a variable of the optimiser.
"""

from typing import Any

import keras
import tensorflow as tf


class SharedL2(keras.regularizers.Regularizer):
    """Keras' L2 penalty with a factor that can be changed after the graph was traced."""

    def __init__(self, factor: float) -> None:
        """Begin with a factor."""
        self.factor = tf.Variable(factor, trainable=False, dtype=tf.float32)

    def __call__(self, x: Any) -> Any:
        """The factor times the sum of squares, as `keras.regularizers.L1L2` computes it."""
        return self.factor * keras.ops.sum(keras.ops.square(x))


def share_numbers(network: keras.Model) -> None:
    """Make the L2 factors of a network that is to be trained inputs of its graphs; it can no longer be saved."""
    for weight in network.trainable_weights:
        penalty = weight.regularizer
        if type(penalty) is keras.regularizers.L1L2 and not penalty.l1:
            weight.regularizer = SharedL2(penalty.l2)


def take_numbers(network: keras.Model, other: keras.Model) -> None:
    """Give a network of shared numbers those of a plain one with the same layers."""
    for ours, theirs in zip(network.trainable_weights, other.trainable_weights, strict=True):
        if isinstance(ours.regularizer, SharedL2):
            ours.regularizer.factor.assign(theirs.regularizer.l2)
