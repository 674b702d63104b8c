"""The fully connected layer, and what stands around it."""

from typing import Any

import numpy as np

from deeplab.numpy_layers.arrays import Array, check_dimensions, check_size, floats


def fully_connected(x: Any, weights: Any, bias: Any = None) -> Array:
    """Every output from every input.

        y[u] = bias[u] + sum over i of x[i] * weights[i, u]

    Args:
        x: [..., inputs].
        weights: [inputs, units].
        bias: [units], or None.

    Returns:
        [..., units].

    Examples:
        >>> fully_connected([1.0, 2.0], [[1.0, 0.0], [0.0, 3.0]], bias=[0.5, 0.0])
        array([1.5, 6. ])
    """
    x, matrix = floats("x", x), floats("weights", weights)
    if x.ndim == 0:
        raise ValueError("x: expected [..., inputs], got a single number.")
    check_dimensions("weights", matrix, "[inputs, units]")
    check_size("weights", matrix, 0, "inputs", x.shape[-1], "the length of the last dimension of x")
    y = x @ matrix
    if bias is None:
        return np.asarray(y)
    values = floats("bias", bias)
    check_dimensions("bias", values, "[units]")
    check_size("bias", values, 0, "units", matrix.shape[1], "one for each unit")
    return np.asarray(y + values)


def dropout(x: Any, rate: float, rng: np.random.Generator) -> Array:
    """Set a share of the values to zero and make up for it, as while training; afterwards dropout does nothing.

        y = x / (1 - rate) with probability 1 - rate, otherwise 0

    Args:
        x: any shape.
        rate: probability that a value is dropped, in [0, 1).
        rng: source of the choice; the same state drops the same values.

    Returns:
        A new array of the same shape, whose expectation is x.
    """
    x = floats("x", x)
    if not 0 <= rate < 1:
        raise ValueError(f"rate: expected a number from 0 up to but not 1, got {rate!r}.")
    kept = rng.random(x.shape) >= rate
    return np.where(kept, x / np.asarray(1 - rate, x.dtype), 0)
