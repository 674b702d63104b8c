"""A user's own data set: one `.npz` with x_train, y_train, x_test and y_test, and maybe x_val and y_val."""

import math
import warnings
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.config.schema import NpzConfig
from deeplab.data.splits import Splits
from deeplab.data.validate_arrays import checked_splits
from deeplab.errors import UserError, one_line
from deeplab.files import DAMAGE, array_header, existing_file, some


def load(config: NpzConfig, cache_dir: Path) -> Splits:  # noqa: ARG001  (every source is called alike)
    """Read and check the archive.

    Examples are divided by `config.scale` inside the network. Where that is `auto`, uint8 are divided by 255 and others
    used as they are; images of others with values beyond 10 are refused, as are bytes up to 16 and arrays of different
    scales. Images without a channel axis get one; examples of two axes are points.

    Raises:
        UserError: the file cannot be read, or what it holds is no classification problem.
    """
    where = f"dataset.path={config.path}"
    path = existing_file(config.path, "dataset.path")
    archive = read_archive(path, where)
    splits = checked_splits(config.kind, archive.arrays, config.class_names, where, config.scale)
    if not archive.others:
        return splits
    return replace(splits, notes=(*splits.notes, f"not read of {path.name}: {some(archive.others)}"))


KEYS = ("x_train", "y_train", "x_test", "y_test")
VALIDATION_KEYS = ("x_val", "y_val")
NUMBERS = "biuf"  # kinds of dtype that hold real numbers

DEFLATE_RATIO = 1032  # deflate cannot pack denser than this
# Beyond both an archive is a trap: images of digits pack 1 to 10.
MOST_PACKED = 100
MOST_BYTES_PACKED = 1 << 30


@dataclass(frozen=True)
class Archive:
    """What an archive holds.

    Attributes:
        arrays: by name: x_train, y_train, x_test, y_test, and x_val and y_val where both are there; as they were
            stored, integers, floats or booleans of any shape.
        others: names of what else is in it, which is not read.
    """

    arrays: dict[str, NDArray[Any]]
    others: tuple[str, ...]


def read_archive(path: Path, where: str) -> Archive:
    """Read x_train, y_train, x_test and y_test, and x_val and y_val if they are there.

    Nothing is unpickled, and nothing is allocated that the archive's own size cannot hold.

    Args:
        path: a regular file.
        where: begins each error, as in `dataset.path=digits.npz`.

    Raises:
        UserError: no permission, no or a damaged archive, missing arrays, other dtypes.
    """
    try:
        # numpy warns of headers that Python 2 wrote, which read well
        with warnings.catch_warnings(), zipfile.ZipFile(path) as archive:
            warnings.simplefilter("ignore")
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            missing = [key for key in KEYS if key not in members]
            if missing:
                there = ", ".join(sorted(members)) or "nothing"
                raise UserError(f"{where}: {', '.join(missing)} missing. The archive holds {there}.")
            size = path.stat().st_size
            keys = (*KEYS, *VALIDATION_KEYS) if members.keys() >= set(VALIDATION_KEYS) else KEYS
            arrays = {key: _read(archive, members[key], size, f"{where}: {key}") for key in keys}
            return Archive(arrays, tuple(sorted(members.keys() - set(keys))))
    except PermissionError:
        raise UserError(f"{where}: no permission to read this file.") from None
    except MemoryError:
        raise UserError(f"{where}: the arrays do not fit into memory.") from None
    except DAMAGE as error:
        raise UserError(f"{where}: this is not an intact .npz archive ({one_line(error)[:120]}).") from error


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, archive_size: int, where: str) -> NDArray[Any]:
    packed = min(info.compress_size, archive_size)
    if info.compress_type == zipfile.ZIP_DEFLATED:
        packed = packed * DEFLATE_RATIO
    elif info.compress_type != zipfile.ZIP_STORED:
        raise UserError(f"{where}: compressed in a way that numpy does not write.")
    if info.file_size > max(MOST_BYTES_PACKED, MOST_PACKED * info.compress_size):
        raise UserError(
            f"{where}: {info.file_size / 1e9:,.1f} GB are packed into {info.compress_size / 1e6:,.1f} MB, denser "
            "than data are. If it is meant, save it with numpy.savez, which does not pack."
        )
    if info.file_size > packed:
        raise zipfile.BadZipFile(f"{info.filename} claims {info.file_size:,} bytes")
    with archive.open(info) as stream:
        shape, dtype = array_header(stream)
        header_size = stream.tell()
    if dtype.hasobject:
        raise UserError(f"{where}: pickled Python objects, which are not read. Save an array of numbers.")
    if dtype.kind not in NUMBERS:
        raise UserError(f"{where}: dtype {dtype}; integers or floats are needed.")
    if min(shape, default=0) < 0 or header_size + math.prod(shape) * dtype.itemsize != info.file_size:
        raise zipfile.BadZipFile(f"{info.filename} claims shape {shape}, which is not its size")
    with archive.open(info) as stream:
        array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
        return array
