"""Layers that join branches place by place."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import numpy as np

from deeplab.numpy_layers.arrays import Array

# What joins arrays of the same shape place by place; sizes of 1 are repeated.
PLACE_BY_PLACE: Mapping[str, Callable[[Sequence[Array]], Array]] = {
    "Add": lambda arrays: np.asarray(reduce(np.add, arrays)),
    "Average": lambda arrays: np.asarray(reduce(np.add, arrays) / len(arrays)),
    "Maximum": lambda arrays: np.asarray(reduce(np.maximum, arrays)),
    "Minimum": lambda arrays: np.asarray(reduce(np.minimum, arrays)),
    "Multiply": lambda arrays: np.asarray(reduce(np.multiply, arrays)),
    "Subtract": lambda arrays: np.asarray(reduce(np.subtract, arrays)),
}
