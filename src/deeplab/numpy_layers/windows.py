"""The windows that a filter or a pool sees as it moves over maps."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from deeplab.numpy_layers.arrays import Array, check_padding


def same_padding(length: int, size: int, stride: int) -> tuple[int, int]:
    """How much `same` adds before and after, so that ceil(length / stride) windows fit; the odd one comes after."""
    missing = max((-(-length // stride) - 1) * stride + size - length, 0)
    return missing // 2, missing - missing // 2


def windows(
    name: str,
    maps: Array,
    size: tuple[int, int],
    strides: tuple[int, int],
    padding: str,
    dilation: tuple[int, int] = (1, 1),
    fill: float = 0.0,
) -> Array:
    """Every window of a batch of maps, a view where nothing is added.

    Args:
        name: of the argument that `size` comes from, for the error.
        maps: [rows, height, width, channels].
        strides: from one window to the next.
        padding: `valid` keeps to windows that lie inside; `same` adds to the edges.
        dilation: from one value of a window to the next.
        fill: what `same` adds.

    Returns:
        [rows, windows down, windows across, *size, channels].
    """
    check_padding(padding)
    spans = tuple((one - 1) * step + 1 for one, step in zip(size, dilation, strict=True))
    if padding == "same":
        added = [same_padding(*of) for of in zip(maps.shape[1:3], spans, strides, strict=True)]
        if np.any(added):
            maps = np.pad(maps, [(0, 0), *added, (0, 0)], constant_values=fill)
    for dimension, side in enumerate(("height", "width")):
        if spans[dimension] > maps.shape[dimension + 1]:
            stretched = f" ({size[dimension]} stretched by dilation)" if dilation[dimension] > 1 else ""
            raise ValueError(
                f"{name}: dimension {dimension} ({side}) is {spans[dimension]}{stretched}, "
                f"expected at most {maps.shape[dimension + 1]}, the {side} of the input."
            )
    seen = sliding_window_view(maps, spans, axis=(1, 2))
    seen = seen[:, :: strides[0], :: strides[1], :, :: dilation[0], :: dilation[1]]
    return np.moveaxis(seen, 3, -1)
