"""What the layers take: arrays of numbers, maps, and whole numbers in pairs, each checked by name."""

import operator
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from deeplab.errors import nearest

Array = NDArray[np.floating[Any]]
Pair = int | tuple[int, int]

PADDINGS = ("valid", "same")
_MAP_DIMENSIONS = ("rows", "height", "width", "channels")


def floats(name: str, values: Any) -> Array:
    """The values as floats: whole numbers become float64, floats stay; a ValueError where they are no numbers."""
    array = np.asarray(values)
    if array.dtype.kind in "iub":
        return array.astype(np.float64)
    if array.dtype.kind != "f":
        raise ValueError(f"{name}: expected numbers, got values of type {array.dtype}.")
    return array


def batch_of_maps(name: str, values: Any) -> Array:
    """One map, a stack or a batch of stacks as [rows, height, width, channels], sharing memory where it can."""
    maps = floats(name, values)
    if maps.ndim == 2:
        return maps[None, :, :, None]
    if maps.ndim == 3:
        return maps[None]
    if maps.ndim == 4:
        return maps
    raise ValueError(
        f"{name}: expected [height, width], [height, width, channels] or [rows, height, width, channels], "
        f"got {maps.ndim} dimensions {list(maps.shape)}."
    )


def like_input(batch: Array, dimensions: int) -> Array:
    """Undo `batch_of_maps` for an input of so many dimensions, where the channels are as many as they were."""
    if dimensions == 2:
        return batch[0, ..., 0]
    return batch[0] if dimensions == 3 else batch


def check_size(name: str, array: Array, dimension: int, meaning: str, expected: int, reason: str) -> None:
    """Refuse an array whose `dimension`, which counts `meaning`, has not the expected size for a `reason`."""
    got = array.shape[dimension]
    if got != expected:
        raise ValueError(f"{name}: dimension {dimension} ({meaning}) is {got}, expected {expected}, {reason}.")


def check_dimensions(name: str, array: Array, layout: str) -> None:
    """Refuse an array that has not the dimensions of a layout such as `[inputs, units]`."""
    if array.ndim != layout.count(",") + 1:
        raise ValueError(f"{name}: expected {layout}, got {array.ndim} dimensions {list(array.shape)}.")


def whole_pair(name: str, value: Any, least: int = 1) -> tuple[int, int]:
    """(height, width) from a whole number of at least `least` or two of them; a ValueError for anything else."""
    items = tuple(value) if isinstance(value, tuple | list | np.ndarray) else (value, value)
    if len(items) == 2 and all(_is_whole(item) and operator.index(item) >= least for item in items):
        return operator.index(items[0]), operator.index(items[1])
    raise ValueError(f"{name}: expected a whole number of at least {least} or two of them, got {value!r}.")


def _is_whole(value: Any) -> bool:
    return isinstance(value, SupportsIndex) and not isinstance(value, bool | np.bool_ | np.ndarray)


def check_padding(padding: str) -> None:
    """Refuse what is neither `valid` nor `same`."""
    if padding not in PADDINGS:
        near = nearest(str(padding), PADDINGS)
        raise ValueError(f"padding: expected one of {', '.join(PADDINGS)}, got {padding!r}. {near}".strip())


def dimension_name(dimension: int, dimensions: int) -> str:
    """What a dimension of a map, a stack or a batch counts."""
    names = _MAP_DIMENSIONS[1:3] if dimensions == 2 else _MAP_DIMENSIONS[-dimensions:]
    return names[dimension]
