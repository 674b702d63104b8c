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


def center_crop(maps: Any, height: int, width: int) -> Array:
    """The middle of each map."""
    batch = batch_of_maps("maps", maps)
    top, left = (batch.shape[1] - height) // 2, (batch.shape[2] - width) // 2
    if min(top, left) < 0:
        raise ValueError(f"height, width: expected at most {batch.shape[1]} and {batch.shape[2]}, those of the maps.")
    return like_input(batch[:, top : top + height, left : left + width], np.ndim(maps))


def resizing(maps: Any, height: int, width: int, interpolation: str = "bilinear") -> Array:
    """Each map in another size, pixel centres over pixel centres.

    Args:
        height: of the new maps.
        width: of the new maps.
        interpolation: `bilinear` between the two nearest rows and columns, or the `nearest` one.
    """
    batch = batch_of_maps("maps", maps)
    for axis, size in ((1, height), (2, width)):
        places = (np.arange(size) + 0.5) * batch.shape[axis] / size
        if interpolation == "nearest":
            batch = batch.take(np.floor(places).astype(int), axis=axis)
            continue
        places = np.clip(places - 0.5, 0, batch.shape[axis] - 1)
        low = np.floor(places).astype(int)
        share = (places - low).reshape(-1, *(1,) * (3 - axis))
        high = np.minimum(low + 1, batch.shape[axis] - 1)
        batch = batch.take(low, axis=axis) * (1 - share) + batch.take(high, axis=axis) * share
    return like_input(batch, np.ndim(maps))


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
