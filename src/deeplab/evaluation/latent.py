"""Ways through the codes of an autoencoder."""

import numpy as np
from numpy.typing import NDArray

Code = NDArray[np.float32]
_PARALLEL = 1e-4  # radians; nearer directions than these are interpolated linearly


def linear(start: Code, end: Code, shares: NDArray[np.float64]) -> Code:
    """Codes on the straight line: (1 - t) start + t end.

    Args:
        start: a code, any shape.
        end: of the same shape.
        shares: t, [k]; 0 is the start and 1 the end.

    Returns:
        [k, *shape].
    """
    t = shares.reshape(-1, *(1,) * start.ndim)
    return np.asarray((1 - t) * start + t * end, np.float32)


def spherical(start: Code, end: Code, shares: NDArray[np.float64]) -> Code:
    """Codes that turn from one direction to the other at an even pace (Shoemake, 1985).

    sin((1 - t) w) / sin(w) start + sin(t w) / sin(w) end, w being the angle between them; where that is nearly 0 or 180
    degrees, or a code is all zeros, as `linear`. The arguments are those of `linear`.
    """
    lengths = float(np.linalg.norm(start) * np.linalg.norm(end))
    if lengths == 0:
        return linear(start, end, shares)
    angle = float(np.arccos(np.clip(float(np.vdot(start, end)) / lengths, -1, 1)))
    if angle < _PARALLEL or np.pi - angle < _PARALLEL:
        return linear(start, end, shares)
    t = shares.reshape(-1, *(1,) * start.ndim)
    return np.asarray((np.sin((1 - t) * angle) * start + np.sin(t * angle) * end) / np.sin(angle), np.float32)


def bilinear(corners: Code, steps: int) -> Code:
    """Codes over a square between four: bilinear interpolation.

    Args:
        corners: [4, *shape]: upper left, upper right, lower left, lower right.
        steps: codes on each side.

    Returns:
        [steps, steps, *shape].
    """
    shares = np.linspace(0, 1, steps)
    left, right = linear(corners[0], corners[2], shares), linear(corners[1], corners[3], shares)
    return np.stack([linear(start, end, shares) for start, end in zip(left, right, strict=True)])


def add_code_noise(codes: Code, scale: Code, level: float, rng: np.random.Generator) -> Code:
    """Codes with normally distributed noise.

    Args:
        codes: [k, *shape].
        scale: standard deviation of each part of a code over many images, [*shape].
        level: share of it that the noise has.
        rng: source of the noise.
    """
    return np.asarray(codes + level * scale * rng.standard_normal(codes.shape), np.float32)
