"""What is drawn on a picture: told from the paper under it, a frame around it and specks beside it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deeplab.data.images.look import DRAWN
from deeplab.data.input_spec import border

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Box = tuple[slice, slice]

FAINTEST = 0.1  # a picture with less contrast than this shows nothing
CLOSE = 0.15  # to the brightness of the border: such a pixel may be paper
SAME = 0.02  # as far from the paper as this is no ink, however even the paper is
DIMMEST = 0.2  # paper; below it noise would be taken for ink
TRIMMED = 3.0  # standard deviations from the fitted paper; beyond lie ink, frames and shadows
ROUNDS = 12
SAMPLE = 4096  # pixels that the paper is fitted to

TINY, SMALL, LARGE = 0.015, 0.05, 0.25  # ink of a part, as a share of that of the largest
NEAR = 0.25  # parts are together that are as near as this, as a share of the extent of the largest
SPAN = 0.8  # of the picture's sides: a part that is so large, with others inside, is a frame
JOINED = 0.01  # of the longer side: a gap in a stroke


@dataclass(frozen=True)
class Drawn:
    """What was found."""

    # distance from the paper of what is drawn, [height, width] in [0, 1]; 0 for all else. Of dark ink it is the share
    # of the paper's light that it takes away.
    ink: Floats
    is_dark: bool  # whether it is darker than the paper
    trimmed: bool  # whether ink was left out: a frame, an edge, specks


def find_drawn(grey: Floats) -> Drawn:
    """Find what is drawn.

    The paper is a surface that bends at most twice, fitted to most of the pixels, those like the border's if these are
    the most. What differs from it falls into parts; of these count the largest, which reaches no border unless all do,
    those near it, and others that are large.

    Args:
        grey: a picture, [height, width] in [0, 1].
    """
    paper = _paper(grey)
    apart = grey - paper  # below 0 where it is darker than the paper
    dark, light = _parts(np.maximum(-apart, 0)), _parts(np.maximum(apart, 0))
    is_dark = dark.weight > light.weight  # nothing at all is not darker
    if not is_dark:
        return Drawn(light.ink, is_dark, light.trimmed)
    # Ink takes away a share of the light that falls on it, so that in the shade it differs less from the paper.
    return Drawn(np.minimum(dark.ink / np.maximum(paper, DIMMEST), 1), is_dark, dark.trimmed)


@dataclass(frozen=True)
class _Parts:
    ink: Floats
    weight: float  # of the ink that counts, the third power of each pixel, so that noise weighs nothing
    trimmed: bool


def _paper(grey: Floats) -> Floats:
    height, width = grey.shape
    background = float(np.median(border(grey)))
    if (np.abs(grey - background) < CLOSE).mean() < 0.5:  # the border is a frame, or the light is uneven
        background = float(np.median(grey))
    down, across = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    terms = np.stack([np.ones_like(down), down, across, down**2, down * across, across**2], axis=-1)
    chosen = np.linspace(0, grey.size - 1, min(grey.size, SAMPLE)).astype(np.int64)
    values, rows = grey.reshape(-1)[chosen].astype(np.float64), terms.reshape(-1, terms.shape[-1])[chosen]
    apart = values - background
    spread = 1.4826 * float(np.median(np.abs(apart)))
    inside = np.abs(apart) < max(CLOSE, 1.5 * spread)
    for _ in range(ROUNDS):
        factors = np.linalg.lstsq(rows[inside], values[inside], rcond=None)[0]
        apart = values - rows @ factors
        spread = 1.4826 * float(np.median(np.abs(apart[inside])))
        inside = np.abs(apart) < max(SAME, TRIMMED * spread)
    return np.asarray(terms @ factors, np.float32)


def _parts(ink: Floats) -> _Parts:
    from scipy import ndimage  # takes a moment to import

    drawn = ink > max(DRAWN * float(np.quantile(ink, 0.995)), FAINTEST / 2)
    reach = max(1, round(JOINED * max(ink.shape)))
    joined = ndimage.binary_dilation(drawn, np.ones((3, 3), np.bool_), iterations=reach)
    labels, count = ndimage.label(joined, np.ones((3, 3)))
    labels[~drawn] = 0
    if not count:
        return _Parts(ink, 0.0, trimmed=False)
    indices = np.arange(1, count + 1)
    amounts = ndimage.sum_labels(ink, labels, indices)
    at_border = np.isin(indices, border(labels))
    boxes = ndimage.find_objects(labels, count)
    around = np.array([_is_around(box, boxes, ink.shape) for box in boxes])
    kept = _kept(amounts, at_border | around, boxes)
    trimmed = bool((amounts[~kept] > TINY * amounts[kept].max()).any())
    mine = np.isin(labels, indices[kept])
    edges = ndimage.binary_dilation(mine, np.ones((3, 3), np.bool_), iterations=2 * reach)  # of strokes are soft
    others = drawn & ~mine
    weight = float((np.where(mine, ink, 0).astype(np.float64) ** 3).sum())
    return _Parts(np.where(edges & ~others, ink, 0).astype(np.float32), weight, trimmed)


def _kept(amounts: NDArray[np.float64], outer: Mask, boxes: list[Box]) -> Mask:
    """Which parts count; the outer ones reach the border or run along it around others."""
    inner = ~outer
    if not inner.any() or amounts[inner].max() < TINY * amounts.max():
        inner = np.ones_like(inner)  # what is drawn reaches the border itself
    largest = int(np.where(inner, amounts, 0).argmax())
    box = boxes[largest]
    near = NEAR * max(side.stop - side.start for side in box)
    is_near = np.array([_gap(box, other) <= near for other in boxes])
    share = amounts / amounts[largest]
    kept: Mask = inner & ((share >= LARGE) | ((share >= SMALL) & is_near))
    return kept


def _is_around(box: Box, boxes: list[Box], shape: tuple[int, ...]) -> bool:
    """Whether a part spans the picture and has others inside."""
    spans = all(side.stop - side.start > SPAN * length for side, length in zip(box, shape, strict=True))
    return spans and any(
        all(a.start < b.start and b.stop < a.stop for a, b in zip(box, other, strict=True)) for other in boxes
    )


def _gap(one: Box, other: Box) -> int:
    """Pixels between two boxes along the axis where they are farther apart."""
    gaps = [max(a.start, b.start) - min(a.stop, b.stop) for a, b in zip(one, other, strict=True)]
    return int(max(gaps))
