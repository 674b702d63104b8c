"""Points with a value each, in [-1, 1].

The value is that of a place up to noise * RADIUS away along each axis.
"""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Values = NDArray[np.float64]

RADIUS = 6.0

# Centre and sign of each hill and hollow, and how far it reaches.
BUMPS = ((-4, 2.5, 1), (0, 2.5, -1), (4, 2.5, 1), (-4, -2.5, -1), (0, -2.5, 1), (4, -2.5, -1))
REACH = 2.0


def plane(count: int, noise: float, rng: np.random.Generator) -> tuple[Points, Values]:
    """(x1 + x2) / 12, from -1 in one corner to +1 in the other; what noise carries beyond is cut off.

    The Playground divides by 10, and so leaves [-1, 1] in these corners.

    Args:
        count: of points.
        noise: from 0 to 0.5.
        rng: draws them.

    Returns:
        Coordinates [count, 2] and values [count].
    """
    points, seen = _points(count, noise, rng)
    return points, np.clip(seen.sum(axis=1) / (2 * RADIUS), -1, 1)


def bumps(count: int, noise: float, rng: np.random.Generator) -> tuple[Points, Values]:
    """Three cones of height 1 and three of depth 1 on flat ground, in two rows, the signs in turn.

    The arguments and what comes back are those of `plane`.
    """
    points, seen = _points(count, noise, rng)
    centres = np.array(BUMPS)
    distance = np.hypot(*(seen[:, None, :] - centres[:, :2]).transpose(2, 0, 1))  # [count, bumps]
    heights = centres[:, 2] * np.clip(1 - distance / REACH, 0, 1)
    return points, heights[np.arange(count), np.abs(heights).argmax(axis=1)]


def _points(count: int, noise: float, rng: np.random.Generator) -> tuple[Points, Points]:
    points = rng.uniform(-RADIUS, RADIUS, (count, 2))
    return points, points + noise * rng.uniform(-RADIUS, RADIUS, (count, 2))
