"""A user's own data set: one `.npz` with x_train, y_train, x_test and y_test, and maybe x_val and y_val."""

import math
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.config.schema import NpzConfig
from deeplab.data.labels import as_text
from deeplab.data.splits import Splits
from deeplab.data.validate_arrays import checked_splits
from deeplab.errors import UserError, one_line
from deeplab.files import DAMAGE, array_header, existing_file, some


def load(config: NpzConfig, cache_dir: Path) -> Splits:  # noqa: ARG001  (every source is called alike)
    """Read and check the archive.

    Examples are divided by `config.scale` inside the network. Where that is `auto`, uint8 are divided by 255 and others
    used as they are; images of others with values beyond 10 are refused, as are bytes up to 16 and arrays of different
    scales. Images without a channel axis get one; examples of two axes are points. Labels are what `read_labels` tells;
    names that are given say it too.

    Raises:
        UserError: the file cannot be read, or what it holds is no data set.
    """
    where = f"dataset.path={config.path}"
    path = existing_file(config.path, "dataset.path")
    archive = read_archive(path, where, needs_test=False)
    has_test, others = "x_test" in archive.arrays, archive.others
    if not has_test and config.test_fraction is None:
        raise UserError(
            f"{where}: x_test, y_test missing. The archive holds {', '.join(sorted([*archive.arrays, *others]))}. "
            "dataset.test_fraction=0.2 tests on that share of the training rows."
        )
    if has_test and config.test_fraction is not None:
        raise UserError(f"{where}: the archive holds x_test to test on, so dataset.test_fraction must be null.")
    kind, names = config.labels, config.target_names
    if kind == "auto" and (names or config.class_names):
        kind = "classes" if config.class_names else "values"
    splits = checked_splits(
        config.kind, archive.arrays, config.class_names, where, config.scale, kind, config.test_fraction
    )
    if TARGET_NAMES in others and not splits.info.num_classes:
        others = tuple(name for name in others if name != TARGET_NAMES)
        names = names or _read_names(path, f"{where}: {TARGET_NAMES}")
    if names is not None:
        splits = _with_target_names(splits, names, where)
    if not others:
        return splits
    return replace(splits, notes=(*splits.notes, f"not read of {path.name}: {some(others)}"))


KEYS = ("x_train", "y_train", "x_test", "y_test")
TEST_KEYS = ("x_test", "y_test")
VALIDATION_KEYS = ("x_val", "y_val")
TARGET_NAMES = "target_names"
NUMBERS, TEXT = "biuf", "US"  # kinds of dtype that hold real numbers, or text

DEFLATE_RATIO = 1032  # deflate cannot pack denser than this
# Beyond both an archive is a trap: images of digits pack 1 to 10.
MOST_PACKED = 100
MOST_BYTES_PACKED = 1 << 30


@dataclass(frozen=True)
class Archive:
    """What an archive holds."""

    # by name: x_train, y_train, x_test, y_test, and x_val and y_val where both are there; as they were stored,
    # integers, floats or booleans of any shape, labels also text
    arrays: dict[str, NDArray[Any]]
    others: tuple[str, ...]  # names of what else is in it, which is not read


def read_archive(path: Path, where: str, needs_test: bool = True) -> Archive:
    """Read x_train, y_train, x_test and y_test, and x_val and y_val if they are there.

    Nothing is unpickled, and nothing is allocated that the archive's own size cannot hold.

    Args:
        path: a regular file.
        where: begins each error, as in `dataset.path=digits.npz`.
        needs_test: whether x_test and y_test must be there; else both or neither.

    Raises:
        UserError: no permission, no or a damaged archive, missing arrays, other dtypes.
    """
    with _opened(path, where) as (archive, members):
        keys = KEYS if needs_test or members.keys() & set(TEST_KEYS) else KEYS[:2]
        missing = [key for key in keys if key not in members]
        if missing:
            there = ", ".join(sorted(members)) or "nothing"
            raise UserError(f"{where}: {', '.join(missing)} missing. The archive holds {there}.")
        size = path.stat().st_size
        if members.keys() >= set(VALIDATION_KEYS):
            keys = (*keys, *VALIDATION_KEYS)
        arrays = {}
        for key in keys:
            kinds = NUMBERS + TEXT if key.startswith("y_") else NUMBERS
            arrays[key] = _read(archive, members[key], size, f"{where}: {key}", kinds)
        return Archive(arrays, tuple(sorted(members.keys() - set(keys))))


def check_dtype(dtype: np.dtype[Any], where: str, kinds: str) -> None:
    """Refuse an array of Python objects, or of another kind of value than these."""
    if dtype.hasobject:
        cure = "numbers" if kinds == NUMBERS else "text: .astype('U')" if kinds == TEXT else "numbers or text"
        raise UserError(f"{where}: pickled Python objects, which are not read. Save an array of {cure}.")
    if dtype.kind not in kinds or not dtype.itemsize:
        needed = {NUMBERS: "integers or floats", TEXT: "text"}.get(kinds, "integers, floats or text")
        raise UserError(f"{where}: dtype {dtype}; {needed} are needed.")


def _read_names(path: Path, where: str) -> tuple[str, ...]:
    """The array `target_names`."""
    with _opened(path, where) as (archive, members):
        stored = _read(archive, members[TARGET_NAMES], path.stat().st_size, where, TEXT)
        return tuple(as_text(stored.reshape(-1)))  # its ValueError is told as all damage is


def _with_target_names(splits: Splits, names: tuple[str, ...], where: str) -> Splits:
    info = splits.info
    if info.num_classes:
        raise UserError(f"{where}: the labels are classes, and dataset.target_names is for values: leave it out.")
    if len(names) != info.num_targets:
        have = f"{info.num_targets} values" if info.num_targets > 1 else "one value"
        raise UserError(f"{where}: a row has {have}, and target_names are {len(names)}.")
    if "" in names or len(set(names)) < len(names):
        raise UserError(f"{where}: target_names holds {'an empty name' if '' in names else 'a name twice'}.")
    return replace(splits, info=replace(info, target_names=names))


@contextmanager
def _opened(path: Path, where: str) -> Iterator[tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]]:
    """An archive and its members by the names of the arrays; errors are lines that begin with `where`."""
    try:
        # numpy warns of headers that Python 2 wrote, which read well
        with warnings.catch_warnings(), zipfile.ZipFile(path) as archive:
            warnings.simplefilter("ignore")
            yield archive, {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    except PermissionError:
        raise UserError(f"{where}: no permission to read this file.") from None
    except MemoryError:
        raise UserError(f"{where}: the arrays do not fit into memory.") from None
    except DAMAGE as error:
        raise UserError(f"{where}: this is not an intact .npz archive ({one_line(error)[:120]}).") from error


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, archive_size: int, where: str, kinds: str) -> NDArray[Any]:
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
    check_dtype(dtype, where, kinds)
    if min(shape, default=0) < 0 or header_size + math.prod(shape) * dtype.itemsize != info.file_size:
        raise zipfile.BadZipFile(f"{info.filename} claims shape {shape}, which is not its size")
    with archive.open(info) as stream:
        array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
        return array
