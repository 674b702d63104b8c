"""Numbers that a compiled graph takes as inputs, so that trainings which differ in nothing else can share it.

The learning rate is such a number already: a variable of the optimiser.
"""

from typing import Any

import keras
import tensorflow as tf

from deeplab.models.inspect import all_layers
from deeplab.training.random_numbers import SharedRate


class SharedL2(keras.regularizers.Regularizer):
    """Keras' L2 penalty with a factor that can be changed after the graph was traced."""

    def __init__(self, factor: float) -> None:
        """Begin with a factor."""
        self.factor = tf.Variable(factor, trainable=False, dtype=tf.float32)

    def __call__(self, x: Any) -> Any:
        """The factor times the sum of squares, as `keras.regularizers.L1L2` computes it."""
        return self.factor * keras.ops.sum(keras.ops.square(x))


def copy_network(network: keras.Model) -> keras.Model:
    """Make a network of the same layers, with weights of its own."""
    copy = keras.models.clone_model(network)
    for mine, its in zip(all_layers(copy), all_layers(network), strict=True):
        mine.trainable = its.trainable  # of layers in a backbone Keras copies that of the whole
        if isinstance(mine, keras.layers.Dropout):
            mine.dtype_policy = its.dtype_policy  # SpatialDropout2D leaves it out of its configuration
    return copy


def share_numbers(network: keras.Model, rates: bool) -> None:
    """Make numbers of a network that is to be trained inputs of its graphs; it can no longer be saved.

    Args:
        network: whose L2 factors become such.
        rates: whether those of dropout do, too, which takes deeplab's own generator.
    """
    for weight in network.trainable_weights:
        penalty = weight.regularizer
        if type(penalty) is keras.regularizers.L1L2 and not penalty.l1:
            weight.regularizer = SharedL2(penalty.l2)
    for layer in _dropouts(network) if rates else ():
        if layer.rate > 0:
            layer.rate = SharedRate(layer.rate)


def take_numbers(network: keras.Model, other: keras.Model) -> None:
    """Give a network of shared numbers those of a plain one with the same layers."""
    for ours, theirs in zip(network.trainable_weights, other.trainable_weights, strict=True):
        if isinstance(ours.regularizer, SharedL2):
            ours.regularizer.factor.assign(theirs.regularizer.l2)
    for mine, its in zip(_dropouts(network), _dropouts(other), strict=True):
        if isinstance(mine.rate, SharedRate):
            mine.rate.assign(its.rate)


def _dropouts(network: keras.Model) -> list[Any]:
    """The layers of dropout, those in parts of the network too."""
    return [layer for layer in all_layers(network) if isinstance(layer, keras.layers.Dropout)]
