"""Examples that are scored although the network learned from the same ones."""

import hashlib
from collections.abc import Collection, Iterator

import numpy as np

from deeplab.data.splits import Split

BLOCK_BYTES = 1 << 24  # examples read at a time, where they are mapped from a file


def row_hashes(split: Split) -> Iterator[bytes]:
    """A hash of each example of a split, as the source has it: without noise, and whatever its label."""
    step = max(1, BLOCK_BYTES // max(1, split.x[:1].nbytes))
    for start in range(0, len(split), step):
        for row in np.ascontiguousarray(split.images(slice(start, start + step))):
            yield hashlib.blake2b(row.data, digest_size=16).digest()


def seen_rows(split: Split, learned: Collection[bytes]) -> int:
    """How many examples of a split are among others.

    Args:
        split: examples to score on.
        learned: hashes of the examples that a network learns from.
    """
    return sum(row in learned for row in row_hashes(split))
