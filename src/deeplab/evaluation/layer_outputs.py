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


# Layers of Keras, each with the numbers of those whose outputs it takes; -1 is the input.
Connected = Sequence[tuple[Any, tuple[int, ...]]]


def layer_outputs(layers: Connected, rows: NDArray[Any]) -> tuple[NDArray[np.float32], ...]:
    """What each layer of a network gives, as after training.

    Args:
        layers: of the network.
        rows: [rows, ...].
    """
    made = _carried(layers, tf.convert_to_tensor(rows, tf.float32))
    return tuple(np.asarray(values) for values in made)


def saliency(layers: Connected, row: NDArray[Any], output: int) -> NDArray[np.float32]:
    """The gradient of an output's score with respect to the input.

    The score is what goes into the last activation: behind a softmax that is sure of itself every gradient is
    nearly 0. After Simonyan, Vedaldi and Zisserman (2013), "Deep inside convolutional networks".

    Args:
        layers: of the network.
        row: [...].
        output: which one.

    Returns:
        The shape of `row`.
    """
    inputs = tf.convert_to_tensor(row[None], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        last, numbers = layers[-1]
        score = _before_activation(last, _given(numbers, _carried(layers[:-1], inputs), inputs))[0, output]
    gradient = tape.gradient(score, inputs, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return np.asarray(gradient[0])


def _carried(layers: Connected, inputs: Any) -> list[Any]:
    made: list[Any] = []
    for layer, numbers in layers:
        made.append(layer(_given(numbers, made, inputs), training=False))
    return made


def _given(numbers: tuple[int, ...], made: Sequence[Any], inputs: Any) -> Any:
    """What a layer takes: a tensor, or a list of them where it joins branches."""
    given = [made[number] if number >= 0 else inputs for number in numbers]
    return given if len(given) > 1 else given[0]


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
