"""What goes on inside a trained network: the outputs of its layers, and what its answer hangs on."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


def use_float32(layers: Sequence[Any]) -> None:
    """Let layers compute in float32, whatever precision they were trained with; their weights are float32 always."""
    for layer in layers:
        layer.dtype_policy = "float32"


def layer_outputs(layers: Sequence[Any], rows: NDArray[Any]) -> tuple[NDArray[np.float32], ...]:
    """What each layer of a stack gives, as after training.

    Args:
        layers: of Keras, each fed with what the one before gives.
        rows: [rows, ...].
    """
    outputs = []
    values = tf.convert_to_tensor(rows, tf.float32)
    for layer in layers:
        values = layer(values, training=False)
        outputs.append(np.asarray(values))
    return tuple(outputs)


def saliency(layers: Sequence[Any], row: NDArray[Any], output: int) -> NDArray[np.float32]:
    """The gradient of an output's score with respect to the input.

    The score is what goes into the last activation: behind a softmax that is sure of itself every gradient is
    nearly 0. After Simonyan, Vedaldi and Zisserman (2013), "Deep inside convolutional networks".

    Args:
        layers: of Keras, each fed with what the one before gives.
        row: [...].
        output: which one.

    Returns:
        The shape of `row`.
    """
    inputs = tf.convert_to_tensor(row[None], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        values = inputs
        for layer in layers[:-1]:
            values = layer(values, training=False)
        score = _before_activation(layers[-1], values)[0, output]
    gradient = tape.gradient(score, inputs, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return np.asarray(gradient[0])


def _before_activation(layer: Any, values: Any) -> Any:
    if isinstance(layer, keras.layers.Activation):
        return values
    if not hasattr(layer, "activation"):
        return layer(values, training=False)
    activation = layer.activation
    layer.activation = keras.activations.linear
    try:
        return layer(values, training=False)
    finally:
        layer.activation = activation
