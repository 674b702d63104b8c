"""A file of weights that somebody else made: numbers of this size, in this file, or it is refused."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deeplab.errors import UserError
from deeplab.files import existing_file, sha256_of

DEEPEST = 50  # groups inside groups
_MOST_BYTES_A_WEIGHT = 16  # files have other numbers beside weights, as those of an optimizer


def load_weights(network: Any, text: str, sha256: str, where: str) -> None:
    """Give a network the weights of an HDF5 file that Keras has written for one like it.

    Args:
        network: built.
        text: the path of the file.
        sha256: of its content.
        where: its place in the configuration.

    Raises:
        UserError: there is no such file, it is another one, or has other weights, or what is no plain array of numbers.
    """
    path = existing_file(text, where)
    if sha256_of(path) != sha256:
        raise UserError(f"{where}: {path} is another file than that of this configuration (sha256).")
    try:
        _check_content(path, sum(math.prod(weight.shape) for weight in network.weights))
        network.load_weights(path)
    except (ValueError, KeyError, OSError, TypeError, AttributeError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise UserError(f"{where}: {path} has no weights of this network: {reason}") from error


def _check_content(path: Path, weights: int) -> None:
    """Refuse a file that leads into others, or whose arrays are larger than the network's: a few bytes can say so."""
    import h5py

    with h5py.File(path) as file:
        sizes = [dataset.size * dataset.dtype.itemsize for dataset in _datasets(file, 0)]
    if sum(sizes) > _MOST_BYTES_A_WEIGHT * weights:
        raise ValueError(f"its arrays have {sum(sizes):,} bytes, and the network {weights:,} weights")


def _datasets(group: Any, depth: int) -> Iterator[Any]:
    import h5py

    if depth > DEEPEST:
        raise ValueError(f"its groups are nested more than {DEEPEST} deep")
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ValueError("it has a link to another place")
        item = group[name]
        if isinstance(item, h5py.Group):
            yield from _datasets(item, depth + 1)
        elif item.external or item.is_virtual:
            raise ValueError("it has an array that lies in another file")
        else:
            yield item
