"""What the examples of an archive are divided by inside the network, and refusals where that is not plain."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from deeplab.errors import UserError

Scale = float | Literal["auto"] | None

BYTE, TWO_BYTES = 255, 65535
LARGE = 10  # values beyond are too large for a network
FEW = 16  # bytes that go no further are no pixels from black to white
APART = 30  # times as large: another scale, and no other picture
SAMPLE = 1000  # examples, spread evenly
PIXELS = 16  # columns from which an example may be a flat image


@dataclass(frozen=True)
class Range:
    """What the values of an array are like."""

    low: float  # the smallest
    high: float  # the largest
    size: float  # what 99 of 100 values are at most, without their sign; the largest where that is 0
    whole: bool  # whether all are whole numbers

    @property
    def most(self) -> float:
        """The largest value without its sign."""
        return max(-self.low, self.high)

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"


def divisor(rows: Mapping[str, NDArray[Any]], scale: Scale, where: str) -> tuple[float, tuple[str, ...]]:
    """What examples are divided by.

    Args:
        rows: uint8 or float32 by name, all of one shape and dtype; the first are the training examples.
        scale: a number; `auto`, which is 255 for bytes and 1 otherwise, and refuses what that does not suit; or None,
            which is the same and asks nothing, as it was before there was a choice.
        where: begins each error, as in `dataset.path=digits.npz`.

    Returns:
        The divisor, and lines for the user.

    Raises:
        UserError: the arrays are of different scales, or the divisor does not suit them.
    """
    first = next(iter(rows.values()))
    usual = BYTE if first.dtype == np.uint8 else 1
    if scale is None:
        return usual, ()
    ranges = {name: _range(array) for name, array in rows.items()}
    (name, train), *others = ranges.items()
    for other, seen in others:
        smaller, larger = sorted((train.size, seen.size))
        if 0 < smaller < larger / APART:
            raise UserError(f"{where}: {name} goes from {train}, {other} from {seen}. Bring both to one scale.")
    if scale != "auto":
        if train.most * APART < scale:
            raise UserError(
                f"{where}: dataset.scale={scale:g} would leave nothing beyond {train.most / scale:.2g} of {name}, "
                f"which goes from {train}."
            )
        return scale, ()
    if first.dtype == np.uint8 and 0 < train.most <= FEW:
        raise UserError(
            f"{where}: {name} holds bytes from {train}, which a division by 255 would leave below "
            f"{(train.most + 1) / BYTE:.2g}. Give dataset.scale={train.most:g}."
        )
    if usual == 1 and train.most > LARGE and first.ndim == 4:
        raise UserError(
            f"{where}: {name} goes from {train}, unscaled and not as bytes. Give dataset.scale={_proposed(train):g}, "
            f"which divides by that{_as_bytes(name, train)}; dataset.scale=1 takes the values as they are."
        )
    is_flat_image = first.ndim == 2 and first.shape[1] >= PIXELS and train.low >= 0 and train.whole
    if usual == 1 and is_flat_image and _proposed(train) in (BYTE, TWO_BYTES):
        note = f"{name} holds whole numbers from {train}, as pixels do, and is taken as it is"
        return usual, (f"{note}; dataset.scale={_proposed(train):g} divides by that",)
    return usual, ()


def as_bytes(rows: Mapping[str, NDArray[Any]], scale: float) -> dict[str, NDArray[Any]]:
    """The examples as uint8 where they are to be divided by 255 and are bytes in another dtype; else as they are."""
    ranges = [_range(array) for array in rows.values()] if scale == BYTE else []
    if not ranges or not all(each.whole and each.low >= 0 and each.high <= BYTE for each in ranges):
        return dict(rows)
    return {name: array.astype(np.uint8, copy=False) for name, array in rows.items()}


def _proposed(seen: Range) -> float:
    for white in (BYTE, TWO_BYTES):
        if white / 2 < seen.most <= white + 0.5:
            return white
    return seen.most


def _as_bytes(name: str, seen: Range) -> str:
    is_bytes = seen.whole and seen.low >= 0 and seen.high <= BYTE
    return f", or save {name}.astype('uint8') and the others so" if is_bytes else ""


def _range(array: NDArray[Any]) -> Range:
    rows = np.linspace(0, len(array) - 1, min(len(array), SAMPLE)).astype(np.int64)
    some = np.abs(array[rows].astype(np.float32))
    most = float(some.max())
    return Range(
        low=float(array.min()),
        high=float(array.max()),
        size=float(np.quantile(some, 0.99)) or most,
        whole=array.dtype == np.uint8 or _is_whole(array),
    )


def _is_whole(array: NDArray[Any]) -> bool:
    return all(bool((np.rint(block) == block).all()) for block in np.array_split(array, -(-len(array) // SAMPLE)))
