"""Every error names the argument, the dimension, what it is and what it should be."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from deeplab.numpy_layers.activations import activation, softmax
from deeplab.numpy_layers.convolution import convolution, depthwise_convolution, transposed_convolution
from deeplab.numpy_layers.dense import dropout, fully_connected
from deeplab.numpy_layers.normalization import batch_normalization, layer_normalization, normalize_maps
from deeplab.numpy_layers.pooling import average_pooling, global_max_pooling, max_pooling
from deeplab.numpy_layers.shape import cropping, flatten, reshape, up_sampling, zero_padding

MAPS = np.zeros((6, 8, 2))
RNG = np.random.default_rng(0)


def z(*shape: int) -> np.ndarray:
    return np.zeros(shape)


ERRORS: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: convolution(MAPS, z(3, 3, 4, 5)),
        "filters: dimension 2 (channels) is 4, expected 2, the channels of the input.",
    ),
    (
        lambda: convolution(z(6, 8), z(3, 3, 2, 5)),
        "filters: dimension 2 (channels) is 2, expected 1, the channels of the input.",
    ),
    (
        lambda: convolution(MAPS, z(7, 3, 2, 5)),
        "filters: dimension 0 (height) is 7, expected at most 6, the height of the input.",
    ),
    (
        lambda: convolution(MAPS, z(3, 9, 2, 5)),
        "filters: dimension 1 (width) is 9, expected at most 8, the width of the input.",
    ),
    (
        lambda: convolution(MAPS, z(3, 3, 2, 5), dilation=3),
        "filters: dimension 0 (height) is 7 (3 stretched by dilation), expected at most 6, the height of the input.",
    ),
    (
        lambda: convolution(MAPS, z(3, 3)),
        "filters: expected [kernel height, kernel width, channels, filters], got 2 dimensions [3, 3].",
    ),
    (
        lambda: convolution(z(4), z(3, 3, 1, 1)),
        "maps: expected [height, width], [height, width, channels] or [rows, height, width, channels], "
        "got 1 dimensions [4].",
    ),
    (
        lambda: convolution(MAPS, z(3, 3, 2, 5), z(4)),
        "bias: dimension 0 (filters) is 4, expected 5, one for each map of the output.",
    ),
    (lambda: convolution(MAPS, z(3, 3, 2, 5), z(5, 1)), "bias: expected [filters], got 2 dimensions [5, 1]."),
    (
        lambda: convolution(MAPS, z(3, 3, 2, 5), strides=0),
        "strides: expected a whole number of at least 1 or two of them, got 0.",
    ),
    (
        lambda: convolution(MAPS, z(3, 3, 2, 5), strides=(1, 2, 1)),
        "strides: expected a whole number of at least 1 or two of them, got (1, 2, 1).",
    ),
    (
        lambda: convolution(MAPS, z(3, 3, 2, 5), dilation=True),
        "dilation: expected a whole number of at least 1 or two of them, got True.",
    ),
    (
        lambda: convolution(MAPS, z(3, 3, 2, 5), padding="smae"),
        "padding: expected one of valid, same, got 'smae'. Did you mean 'same'?",
    ),
    (
        lambda: convolution(MAPS, z(3, 3, 1, 5), groups=2),
        "groups: expected a divisor of 2 channels and of 5 filters, got 2.",
    ),
    (
        lambda: convolution(MAPS, z(3, 3, 2, 4), groups=2),
        "filters: dimension 2 (channels) is 2, expected 1, the channels of the input in each of 2 groups.",
    ),
    (lambda: convolution([["a", "b"]], z(1, 1, 1, 1)), "maps: expected numbers, got values of type <U1."),
    (
        lambda: depthwise_convolution(MAPS, z(3, 3, 1, 5)),
        "filters: dimension 2 (channels) is 1, expected 2, the channels of the input.",
    ),
    (
        lambda: depthwise_convolution(MAPS, z(3, 3, 2, 2), z(2)),
        "bias: dimension 0 (filters) is 2, expected 4, one for each map of the output.",
    ),
    (
        lambda: transposed_convolution(MAPS, z(3, 3, 2, 5)),
        "filters: dimension 3 (channels) is 5, expected 2, the channels of the input.",
    ),
    (
        lambda: max_pooling(MAPS, 7),
        "pool_size: dimension 0 (height) is 7, expected at most 6, the height of the input.",
    ),
    (
        lambda: average_pooling(z(6, 8), (2, 9)),
        "pool_size: dimension 1 (width) is 9, expected at most 8, the width of the input.",
    ),
    (
        lambda: max_pooling(MAPS, 2, 1.5),
        "strides: expected a whole number of at least 1 or two of them, got 1.5.",
    ),
    (lambda: max_pooling(MAPS, 2, padding="full"), "padding: expected one of valid, same, got 'full'."),
    (
        lambda: global_max_pooling(z(0, 8, 2)),
        "maps: expected a height and width of at least 1, got 0 and 8.",
    ),
    (lambda: normalize_maps(z(6, 0)), "maps: expected a height and width of at least 1, got 6 and 0."),
    (
        lambda: batch_normalization(MAPS, z(3), z(2)),
        "mean: expected [2], the shape of x [6, 8, 2] along [-1], got [3].",
    ),
    (
        lambda: layer_normalization(MAPS, z(8), axes=(1, 2)),
        "gamma: expected [8, 2], the shape of x [6, 8, 2] along [1, 2], got [8].",
    ),
    (
        lambda: fully_connected(z(7), z(8, 3)),
        "weights: dimension 0 (inputs) is 8, expected 7, the length of the last dimension of x.",
    ),
    (lambda: fully_connected(z(8), z(8)), "weights: expected [inputs, units], got 1 dimensions [8]."),
    (lambda: fully_connected(z(8), z(8, 3), z(2)), "bias: dimension 0 (units) is 2, expected 3, one for each unit."),
    (lambda: fully_connected(1.0, z(8, 3)), "x: expected [..., inputs], got a single number."),
    (lambda: dropout(MAPS, 1.0, RNG), "rate: expected a number from 0 up to but not 1, got 1.0."),
    (lambda: dropout(MAPS, -0.1, RNG), "rate: expected a number from 0 up to but not 1, got -0.1."),
    (lambda: softmax(z(3, 0)), "x: expected [..., classes] with at least one class, got [3, 0]."),
    (lambda: reshape(z(2, 12), (5, -1)), "target_shape: expected a shape of 12 values, those of a row, got [5, -1]."),
    (lambda: reshape(z(2, 12), (3, 5)), "target_shape: expected a shape of 12 values, those of a row, got [3, 5]."),
    (
        lambda: cropping(MAPS, (1, 4)),
        "cropping: 4 and 4 of the width are cut off, expected less than 8, the width of the input.",
    ),
    (
        lambda: zero_padding(MAPS, -1),
        "padding: expected a whole number of at least 0, (height, width) or ((top, bottom), (left, right)), got -1.",
    ),
    (
        lambda: cropping(MAPS, (1, 2, 3)),
        "cropping: expected a whole number of at least 0, (height, width) or ((top, bottom), (left, right)), "
        "got (1, 2, 3).",
    ),
    (lambda: up_sampling(MAPS, 0), "size: expected a whole number of at least 1 or two of them, got 0."),
    (
        lambda: flatten(z(1, 2, 3, 4, 5)),
        "maps: expected [height, width], [height, width, channels] or [rows, height, width, channels], "
        "got 5 dimensions [1, 2, 3, 4, 5].",
    ),
]


@pytest.mark.parametrize(("call", "message"), ERRORS, ids=[message[:50] for _, message in ERRORS])
def test_errors_say_what_was_got_and_what_was_expected(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value) == message


def test_an_unknown_activation_is_told_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"Unknown activation 'rellu'. Did you mean 'relu'\? Known: elu, exponential"):
        activation("rellu")
