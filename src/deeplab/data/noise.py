"""Noise on images: what of it falls on a pixel depends on the seed, the split, the level and the pixel alone.

The numbers for example r of a split lie at position r * n of one stream, n being the numbers that an example takes. So
the same examples get the same noise on purpose, in whatever order and batches they are asked for, and no two examples,
seeds, splits or levels get the same by accident.
"""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[Any]  # uint8 or float32
Uniform = NDArray[np.float64]

# Examples that are drawn at once: some ten megabytes of random numbers for images of 28x28.
ROWS_AT_ONCE = 2048


def salt_and_pepper(images: Images, level: float, uniform: Uniform) -> Images:
    """Replace a share of the pixels by black or white.

    Args:
        images: [n, height, width, channels]; uint8, or floats in [0, 1].
        level: probability that a pixel is replaced, in [0, 1]; half of those become white. A pixel of several channels
            is replaced as a whole.
        uniform: a number in [0, 1) for each pixel, [n, height, width, 1].

    Returns:
        New images of the same kind.
    """
    return np.where(uniform < level, np.where(uniform < level / 2, 0, _white(images)), images).astype(images.dtype)


def masking(images: Images, level: float, uniform: Uniform) -> Images:
    """Make a share of the pixels black (Vincent et al., 2008); the arguments are those of `salt_and_pepper`.

    Examples:
        >>> masking(np.ones((1, 2, 2), np.float32), 0.5, np.array([[[0.1, 0.9], [0.6, 0.4]]], np.float32))
        array([[[0., 1.],
                [1., 0.]]], dtype=float32)
    """
    return np.where(uniform < level, 0, images).astype(images.dtype)


def gaussian(images: Images, level: float, uniform: Uniform) -> Images:
    """Add normally distributed noise and cut off what is darker than black or brighter than white.

    Args:
        images: [n, height, width, channels]; uint8, which are rounded again, or floats in [0, 1].
        level: standard deviation, where white is 1.
        uniform: a number in [0, 1) for each value, in the shape of `images`.

    Returns:
        New images of the same kind.
    """
    from scipy.special import ndtri  # takes a moment to import

    white = _white(images)
    if level == 0:
        return images.copy()
    noisy = (images + level * white * ndtri(uniform)).clip(0, white)
    return np.asarray(np.rint(noisy) if images.dtype == np.uint8 else noisy, images.dtype)


NOISES: dict[str, Callable[[Images, float, Uniform], Images]] = {
    "salt_and_pepper": salt_and_pepper,
    "gaussian": gaussian,
    "masking": masking,
}
_FOR_EACH_CHANNEL = ("gaussian",)


@dataclass(frozen=True)
class Noise:
    """The noise of a split."""

    kind: str  # a name in NOISES
    level: float  # in [0, 1]
    seed: int  # of what is drawn
    split: str  # `train`, `test` or `validation`: the source whose examples are counted
    epoch: int = 0  # 0 for noise that stays; from 1 for the noise of an epoch

    def __post_init__(self) -> None:
        if self.kind not in NOISES or not 0 <= self.level <= 1:
            raise ValueError(f"noise must be one of {', '.join(NOISES)} and its level in [0, 1], got {self}")

    def apply(self, images: Images, rows: NDArray[np.int64]) -> Images:
        """Images with noise.

        Args:
            images: [n, height, width, channels]; uint8, or floats in [0, 1].
            rows: which examples of the split these are, [n].
        """
        noisy = np.empty_like(images)
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            noisy[part] = NOISES[self.kind](images[part], self.level, self._uniform(rows[part], images.shape[1:]))
        return noisy

    def _uniform(self, rows: NDArray[np.int64], shape: tuple[int, ...]) -> Uniform:
        drawn = shape if self.kind in _FOR_EACH_CHANNEL else (*shape[:-1], 1)
        size = math.prod(drawn)
        uniform = np.empty((len(rows), *drawn))
        breaks = np.flatnonzero(np.diff(rows) != 1) + 1
        for start, stop in zip((0, *breaks), (*breaks, len(rows)), strict=True):
            bits = np.random.PCG64(self._seed())
            bits.advance(int(rows[start]) * size)  # a double takes one step of the generator
            np.random.Generator(bits).random(out=uniform[start:stop])
        return uniform

    def _seed(self) -> np.random.SeedSequence:
        kind, split = (zlib.crc32(word.encode()) for word in (self.kind, self.split))
        level = int(np.float64(self.level).view(np.uint64))
        return np.random.SeedSequence([self.seed, kind, split, level, self.epoch])


def _white(images: Images) -> int:
    return 255 if images.dtype == np.uint8 else 1
