"""Convolution as networks have it: cross-correlation of maps with filters."""

from typing import Any

import numpy as np

from deeplab.numpy_layers.arrays import (
    Array,
    Pair,
    batch_of_maps,
    check_dimensions,
    check_padding,
    check_size,
    floats,
    whole_pair,
)
from deeplab.numpy_layers.windows import same_padding, windows


def convolution(
    maps: Any,
    filters: Any,
    bias: Any = None,
    strides: Pair = 1,
    padding: str = "valid",
    dilation: Pair = 1,
    groups: int = 1,
) -> Array:
    """Convolve maps with filters, each of which spans all maps and gives one.

        y[i, j, o] = bias[o] + sum over p, q, c of maps[i*s + p*d, j*s + q*d, c] * filters[p, q, c, o]

    with stride s and dilation d.

    Args:
        filters: [kernel height, kernel width, channels, filters].
        bias: [filters], or None.
        strides: from one window to the next, down and across.
        padding: `valid`, or `same` for ceil(height / stride) x ceil(width / stride) with zeros at the edges.
        dilation: from one value of a window to the next.
        groups: the maps are cut into so many stacks, each seen by its share of the filters, which are
            channels / groups deep.

    Returns:
        [height', width', filters], or with the rows in front of it where there were rows.
    """
    batch = batch_of_maps("maps", maps)
    kernel = floats("filters", filters)
    check_dimensions("filters", kernel, "[kernel height, kernel width, channels, filters]")
    channels, count = batch.shape[-1], kernel.shape[-1]
    if groups < 1 or channels % groups or count % groups:
        raise ValueError(f"groups: expected a divisor of {channels} channels and of {count} filters, got {groups}.")
    reason = "the channels of the input" + (f" in each of {groups} groups" if groups > 1 else "")
    check_size("filters", kernel, 2, "channels", channels // groups, reason)
    seen = windows(
        "filters", batch, kernel.shape[:2], whole_pair("strides", strides), padding, whole_pair("dilation", dilation)
    )
    # One matrix product: a row for each window, a column for each filter.
    parts = [
        np.tensordot(stack, share, axes=3)
        for stack, share in zip(np.split(seen, groups, axis=-1), np.split(kernel, groups, axis=-1), strict=True)
    ]
    result = _with_bias(parts[0] if groups == 1 else np.concatenate(parts, axis=-1), bias)
    return result if np.ndim(maps) == 4 else result[0]


def depthwise_convolution(
    maps: Any, filters: Any, bias: Any = None, strides: Pair = 1, padding: str = "valid", dilation: Pair = 1
) -> Array:
    """Convolve each map by itself, summing over no channels.

        y[i, j, c*m + o] = bias[c*m + o] + sum over p, q of maps[i*s + p*d, j*s + q*d, c] * filters[p, q, c, o]

    with stride s, dilation d and m filters for each map.

    Args:
        filters: [kernel height, kernel width, channels, m].
        bias: [channels * m], or None.

    Returns:
        [height', width', channels * m], or with the rows in front of it where there were rows.
    """
    batch = batch_of_maps("maps", maps)
    kernel = floats("filters", filters)
    check_dimensions("filters", kernel, "[kernel height, kernel width, channels, filters of each]")
    check_size("filters", kernel, 2, "channels", batch.shape[-1], "the channels of the input")
    seen = windows(
        "filters", batch, kernel.shape[:2], whole_pair("strides", strides), padding, whole_pair("dilation", dilation)
    )
    result = np.einsum("nhwpqc,pqcm->nhwcm", seen, kernel)
    result = _with_bias(result.reshape(*result.shape[:3], -1), bias)
    return result if np.ndim(maps) == 4 else result[0]


def transposed_convolution(
    maps: Any, filters: Any, bias: Any = None, strides: Pair = 1, padding: str = "valid"
) -> Array:
    """The gradient of a convolution with respect to its input: every value writes its filter into the output.

        y[i*s + p, j*s + q, o] = bias[o] + sum of maps[i, j, c] * filters[p, q, o, c] over all i, p, j, q, c

    with stride s; what `same` would have added is cut off again.

    Args:
        filters: [kernel height, kernel width, filters, channels], as Keras keeps them.
        strides: from one place in the output to the next.
        padding: `same` gives height * stride; `valid` adds what the filter is longer than the stride.

    Returns:
        [height', width', filters], or with the rows in front of it where there were rows.
    """
    check_padding(padding)
    batch = batch_of_maps("maps", maps)
    kernel = floats("filters", filters)
    check_dimensions("filters", kernel, "[kernel height, kernel width, filters, channels]")
    check_size("filters", kernel, 3, "channels", batch.shape[-1], "the channels of the input")
    steps, sizes = whole_pair("strides", strides), kernel.shape[:2]
    rows, height, width, channels = batch.shape
    # The values lie `stride` apart among zeros, and the filter moves over them mirrored.
    spread = np.zeros((rows, height * steps[0], width * steps[1], channels), batch.dtype)
    spread[:, :: steps[0], :: steps[1]] = batch
    edges = []
    for length, size, step in zip((height, width), sizes, steps, strict=True):
        cut = same_padding(length * step, size, step) if padding == "same" else (0, 0)
        excess = max(size - step, 0)
        # After the last value lie step - 1 zeros already.
        edges.append((size - 1 - cut[0], excess - cut[1]))
    padded = np.pad(spread, [(0, 0), *edges, (0, 0)])
    result = convolution(padded, kernel[::-1, ::-1].swapaxes(2, 3), bias)
    return result if np.ndim(maps) == 4 else result[0]


def _with_bias(maps: Array, bias: Any) -> Array:
    if bias is None:
        return maps
    values = floats("bias", bias)
    check_dimensions("bias", values, "[filters]")
    check_size("bias", values, 0, "filters", maps.shape[-1], "one for each map of the output")
    return np.asarray(maps + values)
