"""What a network is told of a point: functions of its two coordinates."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

INPUTS: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "x1": lambda x1, _: x1,
    "x2": lambda _, x2: x2,
    "x1_squared": lambda x1, _: x1**2,
    "x2_squared": lambda _, x2: x2**2,
    "x1_x2": lambda x1, x2: x1 * x2,
    "sin_x1": lambda x1, _: np.sin(x1),
    "sin_x2": lambda _, x2: np.sin(x2),
}


def to_inputs(points: Floats, inputs: Sequence[str]) -> NDArray[np.float32]:
    """The examples of a network for points of the plane.

    Args:
        points: coordinates, [n, 2].
        inputs: names of the table above, in the order of the columns.

    Returns:
        [n, len(inputs)].
    """
    x1, x2 = points[:, 0], points[:, 1]
    return np.stack([INPUTS[name](x1, x2) for name in inputs], axis=1).astype(np.float32)
