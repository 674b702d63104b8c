"""The activations that a configuration can name, value by value except for softmax."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from deeplab.errors import unknown_name
from deeplab.numpy_layers.arrays import Array, floats

# Klambauer et al. (2017), "Self-normalizing neural networks".
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


def linear(x: Any) -> Array:
    """The values x as they are."""
    return floats("x", x)


def relu(x: Any, negative_slope: float = 0.0, limit: float = np.inf) -> Array:
    """max(x, 0), at most `limit`; below zero x times `negative_slope`."""
    x = floats("x", x)
    above = np.minimum(np.maximum(x, 0), limit)
    return np.asarray(above + negative_slope * np.minimum(x, 0)) if negative_slope else np.asarray(above)


def relu6(x: Any) -> Array:
    """min(max(x, 0), 6)."""
    return relu(x, limit=6.0)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Array:
    """x where it is above zero, x times the slope elsewhere; 0.2 is what Keras' name stands for."""
    return relu(x, negative_slope)


def elu(x: Any) -> Array:
    """x where it is above zero, exp(x) - 1 elsewhere."""
    x = floats("x", x)
    return np.asarray(np.where(x > 0, x, np.expm1(np.minimum(x, 0))))


def selu(x: Any) -> Array:
    """scale times x above zero, scale times alpha times (exp(x) - 1) elsewhere."""
    x = floats("x", x)
    return np.asarray(np.where(x > 0, SELU_SCALE * x, SELU_SCALE * SELU_ALPHA * np.expm1(np.minimum(x, 0))))


def gelu(x: Any) -> Array:
    """x times the probability that a standard normal variable is below x: x (1 + erf(x / sqrt 2)) / 2."""
    x = floats("x", x)
    return np.asarray(np.where(x > 0, x - x * _half_erfc(x), x * _half_erfc(x)))


def _half_erfc(x: Array) -> Array:
    """erfc(|x| / sqrt 2) / 2, by formula 7.1.26 of Abramowitz and Stegun; the error is below 1e-7."""
    z = np.abs(x) / math.sqrt(2.0)
    t = 1 / (1 + 0.3275911 * z)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.asarray(0.5 * series * np.exp(-z * z))


def sigmoid(x: Any) -> Array:
    """1 / (1 + exp(-x)), without overflow on either side."""
    x = floats("x", x)
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1 / (1 + small), small / (1 + small)))


def hard_sigmoid(x: Any) -> Array:
    """x / 6 + 1/2, kept within [0, 1]."""
    return np.clip(floats("x", x) / 6 + 0.5, 0, 1)


def silu(x: Any) -> Array:
    """x times sigmoid(x), also known as swish."""
    return floats("x", x) * sigmoid(x)


def softplus(x: Any) -> Array:
    """log(1 + exp(x)), without overflow."""
    x = floats("x", x)
    return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))


def softsign(x: Any) -> Array:
    """x / (1 + |x|)."""
    x = floats("x", x)
    return np.asarray(x / (1 + np.abs(x)))


def mish(x: Any) -> Array:
    """x times tanh(softplus(x))."""
    return floats("x", x) * np.tanh(softplus(x))


def tanh(x: Any) -> Array:
    """The hyperbolic tangent of x."""
    return np.tanh(floats("x", x))


def exponential(x: Any) -> Array:
    """exp(x); infinite where it is too large for the type, as in Keras."""
    with np.errstate(over="ignore"):
        return np.exp(floats("x", x))


def softmax(x: Any) -> Array:
    """exp(x) / sum of exp(x) over the last dimension, in a form that cannot overflow.

    Args:
        x: [..., classes].

    Returns:
        [..., classes], each row of sum 1: the largest value is subtracted first, which changes nothing else.
    """
    x = floats("x", x)
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ValueError(f"x: expected [..., classes] with at least one class, got {list(x.shape)}.")
    with np.errstate(over="ignore"):  # a difference too large for the type is minus infinity, whose power is 0
        powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


ACTIVATIONS: Mapping[str, Callable[[Any], Array]] = {
    "elu": elu,
    "exponential": exponential,
    "gelu": gelu,
    "hard_sigmoid": hard_sigmoid,
    "leaky_relu": leaky_relu,
    "linear": linear,
    "mish": mish,
    "relu": relu,
    "relu6": relu6,
    "selu": selu,
    "sigmoid": sigmoid,
    "silu": silu,
    "softmax": softmax,
    "softplus": softplus,
    "softsign": softsign,
    "swish": silu,
    "tanh": tanh,
}


def activation(name: str) -> Callable[[Any], Array]:
    """The activation that Keras gives this name, or a ValueError with the nearest name and all of them."""
    if name not in ACTIVATIONS:
        raise ValueError(str(unknown_name("activation", name, ACTIVATIONS)))
    return ACTIVATIONS[name]
