"""Layers that move values without changing them."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from deeplab.numpy_layers.arrays import Array, Pair, batch_of_maps, dimension_name, floats, like_input, whole_pair

Borders = tuple[tuple[int, int], tuple[int, int]]


def flatten(maps: Any) -> Array:
    """Maps as one vector, channels fastest: [height, width, channels] -> [height * width * channels].

    Rows stay rows: [rows, height, width, channels] -> [rows, height * width * channels].
    """
    batch = batch_of_maps("maps", maps)
    rows = reshape(batch, (math.prod(batch.shape[1:]),))
    return rows if np.ndim(maps) == 4 else rows[0]


def reshape(rows: Any, target_shape: Sequence[int]) -> Array:
    """Each row in another shape: [rows, ...] -> [rows, *target_shape].

    Args:
        target_shape: of one row; one of its sizes may be -1, for what is left.
    """
    x = floats("rows", rows)
    size, shape = math.prod(x.shape[1:]), tuple(target_shape)
    if shape.count(-1) == 1:
        known = math.prod(length for length in shape if length != -1)
        shape = tuple(size // known if length == -1 and known else length for length in shape)
    if x.ndim == 0 or math.prod(shape) != size or min(shape, default=1) < 0:
        raise ValueError(f"target_shape: expected a shape of {size} values, those of a row, got {list(target_shape)}.")
    return x.reshape(len(x), *shape)


def zero_padding(maps: Any, padding: int | Sequence[Any]) -> Array:
    """Zeros around each map.

    Args:
        padding: a whole number, (height, width) or ((top, bottom), (left, right)).
    """
    batch = batch_of_maps("maps", maps)
    down, across = _borders("padding", padding)
    return like_input(np.pad(batch, [(0, 0), down, across, (0, 0)]), np.ndim(maps))


def cropping(maps: Any, cropping: int | Sequence[Any]) -> Array:
    """Each map without its border.

    Args:
        cropping: a whole number, (height, width) or ((top, bottom), (left, right)).
    """
    batch = batch_of_maps("maps", maps)
    borders = _borders("cropping", cropping)
    for dimension, (before, after) in enumerate(borders, start=1):
        if before + after >= batch.shape[dimension]:
            raise ValueError(
                f"cropping: {before} and {after} of the {dimension_name(dimension, 4)} are cut off, expected less than "
                f"{batch.shape[dimension]}, the {dimension_name(dimension, 4)} of the input."
            )
    (top, bottom), (left, right) = borders
    return like_input(batch[:, top : batch.shape[1] - bottom, left : batch.shape[2] - right], np.ndim(maps))


def up_sampling(maps: Any, size: Pair = 2) -> Array:
    """Each value `size` times down and across: y[i, j, c] = maps[i // size, j // size, c]."""
    down, across = whole_pair("size", size)
    return like_input(batch_of_maps("maps", maps).repeat(down, axis=1).repeat(across, axis=2), np.ndim(maps))


def _borders(name: str, value: int | Sequence[Any]) -> Borders:
    sides = tuple(value) if isinstance(value, tuple | list) else (value, value)
    try:
        if len(sides) == 2:
            down, across = (whole_pair(name, side, least=0) for side in sides)
            return down, across
    except ValueError:
        pass  # said below, of the whole value
    raise ValueError(
        f"{name}: expected a whole number of at least 0, (height, width) or ((top, bottom), (left, right)), "
        f"got {value!r}."
    )
