"""The worked example of the first report: a cross on ten by ten pixels, two kernels, pooling."""

import numpy as np
import pytest

from deeplab.numpy_layers.convolution import convolution, depthwise_convolution
from deeplab.numpy_layers.pooling import average_pooling, max_pooling

BLUR = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
SHARPEN = [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]
# Rows 0, 1, 5, 6 and 7 of the output; rows 2 and 4; row 3.
BLURRED = ([0, 0, 4, 12, 12, 4, 0, 0], [4, 4, 7, 13, 13, 7, 4, 4], [8, 8, 10, 14, 14, 10, 8, 8])
SHARPENED = ([0, 0, -1, 2, 2, -1, 0, 0], [-1, -1, -2, 2, 2, -2, -1, -1], [3, 3, 3, 1, 1, 3, 3, 3])


def image() -> np.ndarray:
    cross = np.zeros((10, 10), int)
    cross[:, 4:6] = 1
    cross[4] = 1
    return cross


def whole(rows: tuple[list[int], list[int], list[int]]) -> list[list[int]]:
    far, near, middle = rows
    return [far, far, near, middle, near, far, far, far]


def test_both_kernels_digit_for_digit() -> None:
    filters = np.stack([BLUR, SHARPEN], axis=-1)[:, :, None, :]  # [3, 3, 1, 2]
    maps = convolution(image(), filters)
    assert maps.shape == (8, 8, 2)
    assert maps[..., 0].tolist() == whole(BLURRED)
    assert maps[..., 1].tolist() == whole(SHARPENED)


def test_a_filter_spans_all_maps_and_sums_them() -> None:
    stack = np.stack([image(), image(), image()], axis=-1)
    filters = np.stack([BLUR, SHARPEN, np.zeros((3, 3))], axis=-1)[..., None]  # [3, 3, 3, 1]
    assert convolution(stack, filters)[..., 0].tolist() == (np.array(whole(BLURRED)) + whole(SHARPENED)).tolist()


def test_depthwise_sees_each_map_by_itself() -> None:
    stack = np.stack([image(), 2 * image()], axis=-1)
    filters = np.stack([BLUR, SHARPEN], axis=-1)[:, :, None, :].repeat(2, axis=2)  # [3, 3, 2, 2]
    maps = depthwise_convolution(stack, filters)
    expected = [whole(BLURRED), whole(SHARPENED), 2 * np.array(whole(BLURRED)), 2 * np.array(whole(SHARPENED))]
    assert np.array_equal(np.moveaxis(maps, -1, 0), np.array(expected))


def test_pooling_of_the_image() -> None:
    ones = np.zeros((5, 5))
    ones[:, 2] = 1
    ones[2] = 1
    assert np.array_equal(max_pooling(image(), 2), ones)
    # The row of ones fills half of each window that it crosses.
    ones[2] = [0.5, 0.5, 1, 0.5, 0.5]
    assert np.array_equal(average_pooling(image(), 2), ones)


@pytest.mark.parametrize(("pool", "shape"), [(3, (3, 3)), ((2, 5), (5, 2)), (4, (2, 2)), (10, (1, 1))])
def test_sizes_that_do_not_divide_leave_the_rest_out(pool: int, shape: tuple[int, int]) -> None:
    assert max_pooling(image(), pool).shape == shape
