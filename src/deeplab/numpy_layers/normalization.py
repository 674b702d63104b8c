"""Normalisation: of each map by itself, and with the statistics that a network has learned."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from deeplab.numpy_layers.arrays import Array, batch_of_maps, floats, like_input


def normalize_maps(maps: Any) -> Array:
    """Bring each map to mean 0 and standard deviation 1; a constant map becomes zeros.

        y[i, j, c] = (maps[i, j, c] - mean of map c) / standard deviation of map c

    Returns:
        The same shape.
    """
    batch = batch_of_maps("maps", maps)
    if 0 in batch.shape[1:3]:
        raise ValueError(f"maps: expected a height and width of at least 1, got {batch.shape[1]} and {batch.shape[2]}.")
    low, high = (extreme(batch, axis=(1, 2), keepdims=True) for extreme in (np.min, np.max))
    # Rounded, the mean of a constant map may lie beside its value: what is constant is found before that.
    constant = low == high
    # First into [0, 1], so that no square of a deviation is too large or too small for the type.
    scaled = (batch - low) / np.where(constant, 1, high - low)
    deviation = scaled - scaled.mean(axis=(1, 2), keepdims=True)
    spread = np.sqrt((deviation**2).mean(axis=(1, 2), keepdims=True))
    return like_input(np.where(constant, 0, deviation / np.where(constant, 1, spread)), np.ndim(maps))


def batch_normalization(
    x: Any, mean: Any, variance: Any, gamma: Any = None, beta: Any = None, epsilon: float = 1e-3, axis: int = -1
) -> Array:
    """Normalise with the moving mean and variance of a training, as batch normalisation does afterwards.

        y = gamma * (x - mean) / sqrt(variance + epsilon) + beta

    Args:
        x: [..., channels].
        mean: [channels].
        variance: [channels].
        gamma: [channels], or None for 1.
        beta: [channels], or None for 0.
        epsilon: keeps the root away from zero.
        axis: the dimension of x that counts the channels.

    Returns:
        The shape of x.
    """
    x = floats("x", x)
    parts = {"mean": mean, "variance": variance, "gamma": gamma, "beta": beta}
    given = {name: _along(name, part, x, (axis,)) for name, part in parts.items() if part is not None}
    y = (x - given["mean"]) / np.sqrt(given["variance"] + epsilon)
    return np.asarray(y * given.get("gamma", 1) + given.get("beta", 0))


def group_normalization(x: Any, gamma: Any = None, beta: Any = None, groups: int = 32, epsilon: float = 1e-3) -> Array:
    """Normalise groups of channels of each row by themselves (Wu and He, 2018).

        y = gamma * (x - mean of the group) / sqrt(variance of the group + epsilon) + beta

    Args:
        x: [rows, ..., channels].
        gamma: [channels], or None for 1.
        beta: [channels], or None for 0.
        groups: that the channels are divided into; -1 for one of each channel.
        epsilon: keeps the root away from zero.

    Returns:
        The shape of x.
    """
    x = floats("x", x)
    count = x.shape[-1] if groups == -1 else groups
    parts = x.reshape(len(x), -1, count, x.shape[-1] // count)  # [rows, places, groups, channels of a group]
    mean, variance = parts.mean(axis=(1, 3), keepdims=True), parts.var(axis=(1, 3), keepdims=True)
    y = ((parts - mean) / np.sqrt(variance + epsilon)).reshape(x.shape)
    return np.asarray(y * (1 if gamma is None else gamma) + (0 if beta is None else beta))


def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, epsilon: float = 1e-3, axes: Sequence[int] = (-1,)
) -> Array:
    """Normalise each row over some of its dimensions.

        y = gamma * (x - mean) / sqrt(variance + epsilon) + beta

    Args:
        x: [..., channels].
        gamma: the shape of x along the axes, or None for 1.
        beta: the shape of x along the axes, or None for 0.
        axes: the dimensions of x that mean and variance are taken over.

    Returns:
        The shape of x.
    """
    x = floats("x", x)
    given = {
        name: _along(name, part, x, axes) for name, part in {"gamma": gamma, "beta": beta}.items() if part is not None
    }
    over = tuple(axes)
    y = (x - x.mean(axis=over, keepdims=True)) / np.sqrt(x.var(axis=over, keepdims=True) + epsilon)
    return np.asarray(y * given.get("gamma", 1) + given.get("beta", 0))


def rescale(x: Any, scale: Any, offset: Any = 0.0) -> Array:
    """Scale times x plus offset, each one number or one for each value of the last axis."""
    return np.asarray(floats("x", x) * np.asarray(scale) + np.asarray(offset))


def standardize(x: Any, mean: Any, variance: Any) -> Array:
    """Bring x [..., n] to (x - mean) / sqrt(variance), mean and variance [n]; a variance below 1e-14 counts as that."""
    return np.asarray((floats("x", x) - np.asarray(mean)) / np.maximum(np.sqrt(np.asarray(variance)), 1e-7))


def _along(name: str, part: Any, x: Array, axes: Sequence[int]) -> Array:
    """A part that has the shape of x along some axes, so that it broadcasts against x."""
    values = floats(name, part)
    sizes = [x.shape[axis] for axis in axes]
    if list(values.shape) != sizes:
        raise ValueError(
            f"{name}: expected {sizes}, the shape of x {list(x.shape)} along {list(axes)}, got {list(values.shape)}."
        )
    shape = [1] * x.ndim
    for axis in axes:
        shape[axis] = x.shape[axis]
    return values.reshape(shape)
