"""Points of two classes, false for -1 and true for +1.

Each function draws the same numbers whatever the noise, and scales some of them by it: points of one seed can be
compared between levels of noise.
"""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Labels = NDArray[np.bool_]

RADIUS = 5.0
TURNS = 1.75
INNER, OUTER = 0.5, 0.7  # the disc ends and the ring begins at these shares of the radius
GAP = 0.3  # half the width of the empty cross between the quadrants
CENTRE = 2.0


def spiral(count: int, noise: float, rng: np.random.Generator) -> tuple[Points, Labels]:
    """Two arms of n points, half a turn apart, at i / n of the way from the centre to RADIUS, i from 0 to n - 1.

    Noise shifts a point by up to itself. Both arms begin in the centre, as in the Playground.

    Args:
        count: of points; of an odd number +1 gets one more.
        noise: from 0 to 0.5.
        rng: draws them.

    Returns:
        Coordinates [count, 2] and classes [count], not in random order.
    """
    labels = _halves(count)
    arms = []
    for size, start in ((count - count // 2, 0.0), (count // 2, np.pi)):
        way = np.arange(size) / max(size, 1)
        angle = 2 * np.pi * TURNS * way + start
        arms.append(RADIUS * way[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1))
    return np.concatenate(arms) + noise * rng.uniform(-1, 1, (count, 2)), labels


def circle(count: int, noise: float, rng: np.random.Generator) -> tuple[Points, Labels]:
    """A disc of +1 inside a ring of -1; the class is that of a place up to noise * RADIUS away along each axis.

    The arguments and what comes back are those of `spiral`.
    """
    inside = _halves(count)
    share = rng.uniform(size=count)
    distance = RADIUS * np.where(inside, INNER * share, OUTER + (1 - OUTER) * share)
    angle = rng.uniform(0, 2 * np.pi, count)
    points = distance[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    seen = points + noise * rng.uniform(-RADIUS, RADIUS, (count, 2))
    return points, np.hypot(seen[:, 0], seen[:, 1]) < INNER * RADIUS


def xor(count: int, noise: float, rng: np.random.Generator) -> tuple[Points, Labels]:
    """+1 where both coordinates have one sign; the class is that of a place up to noise * RADIUS away along each axis.

    The arguments and what comes back are those of `spiral`; the classes are of about, not exactly, one size.
    """
    points = rng.uniform(-RADIUS, RADIUS, (count, 2))
    points += np.where(points > 0, GAP, -GAP)
    seen = points + noise * rng.uniform(-RADIUS, RADIUS, (count, 2))
    return points, seen.prod(axis=1) >= 0


def gaussians(count: int, noise: float, rng: np.random.Generator) -> tuple[Points, Labels]:
    """A normal cloud about (2, 2) of +1, one about (-2, -2) of -1; their variance is 0.5 + 7 * noise along each axis.

    The arguments and what comes back are those of `spiral`.
    """
    labels = _halves(count)
    centres = np.where(labels, CENTRE, -CENTRE)[:, None]
    return centres + np.sqrt(0.5 + 7 * noise) * rng.standard_normal((count, 2)), labels


def _halves(count: int) -> Labels:
    return np.arange(count) < count - count // 2
