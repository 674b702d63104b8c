"""Pooling: one value for each window of each map."""

from typing import Any

import numpy as np

from deeplab.numpy_layers.arrays import Array, Pair, batch_of_maps, like_input, whole_pair
from deeplab.numpy_layers.windows import windows


def max_pooling(maps: Any, pool_size: Pair = 2, strides: Pair | None = None, padding: str = "valid") -> Array:
    """The largest value of each window.

        y[i, j, c] = max over p, q of maps[i*s + p, j*s + q, c]

    Args:
        pool_size: (height, width) of a window.
        strides: from one window to the next; None is the size of a window.
        padding: `valid` leaves out what fills no window; `same` takes windows that reach over the edge.

    Returns:
        The same number of dimensions: floor((height - size) / stride) + 1 windows down with `valid`,
        ceil(height / stride) with `same`.

    Examples:
        >>> max_pooling([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])
        array([[6., 8.]])
    """
    # What lies outside is never the largest.
    seen = _pools(maps, pool_size, strides, padding, fill=-np.inf)
    return like_input(seen.max(axis=(3, 4)), np.ndim(maps))


def average_pooling(maps: Any, pool_size: Pair = 2, strides: Pair | None = None, padding: str = "valid") -> Array:
    """The mean of each window, of those of its values that lie inside the map.

        y[i, j, c] = mean over p, q of maps[i*s + p, j*s + q, c]

    Returns:
        The same number of dimensions and the same sizes as `max_pooling`, which takes the same arguments.
    """
    total = _pools(maps, pool_size, strides, padding, fill=0.0).sum(axis=(3, 4))
    inside = np.ones((1, *batch_of_maps("maps", maps).shape[1:3], 1), total.dtype)
    count = _pools(inside, pool_size, strides, padding, fill=0.0).sum(axis=(3, 4))
    return like_input(total / count, np.ndim(maps))


def _pools(maps: Any, pool_size: Pair, strides: Pair | None, padding: str, fill: float) -> Array:
    size = whole_pair("pool_size", pool_size)
    steps = size if strides is None else whole_pair("strides", strides)
    return windows("pool_size", batch_of_maps("maps", maps), size, steps, padding, fill=fill)


def global_max_pooling(maps: Any) -> Array:
    """The largest value of each map: [height, width, channels] -> [channels], rows in front where there are rows."""
    return np.asarray(_of_whole_maps(maps).max(axis=-2))


def global_average_pooling(maps: Any) -> Array:
    """The mean of each map: [height, width, channels] -> [channels], rows in front where there are rows."""
    return np.asarray(_of_whole_maps(maps).mean(axis=-2))


def _of_whole_maps(maps: Any) -> Array:
    """[..., height * width, channels]."""
    batch = batch_of_maps("maps", maps)
    rows, height, width, channels = batch.shape
    if not height * width:
        raise ValueError(f"maps: expected a height and width of at least 1, got {height} and {width}.")
    values = batch.reshape(rows, height * width, channels)
    return values if np.ndim(maps) == 4 else values[0]
