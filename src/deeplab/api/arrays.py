"""NumPy arrays as a data set: kept once as an `.npz` in the store's folder, and from then on `dataset=npz`."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.api.keywords import override
from deeplab.config.tracking import tracking_config
from deeplab.data.fingerprint import fingerprint
from deeplab.data.npz import KEYS, NUMBERS, TARGET_NAMES, TEXT, VALIDATION_KEYS, check_dtype
from deeplab.errors import UserError, one_line, unknown_name
from deeplab.files import aside_of
from deeplab.tracking.store import find_store

NAMES = (*KEYS, *VALIDATION_KEYS, TARGET_NAMES)
FORMS = "(x_train, y_train, x_test, y_test), ((x_train, y_train), (x_test, y_test)), or a mapping with such names"


@contextmanager
def with_arrays(overrides: Sequence[str], data: Any, config_dir: Path | None) -> Iterator[list[str]]:
    """The overrides with those of a data set of arrays, if there is one.

    The file is called by what is in it, so that equal arrays are kept once. Where the block finds that they cannot be
    used, a file that was not there before is removed.

    Args:
        overrides: of the run; `dataset.labels`, `dataset.scale` and so on among them say what the arrays are.
        data: in one of the FORMS, x [n, ...] and y [n] or [n, k], or None.
        config_dir: a person's own `conf/` folder.

    Raises:
        UserError: it is none of the forms, an array is not of numbers (or text, of labels), or the disk is full.
    """
    if data is None:
        yield list(overrides)
        return
    for text in overrides:
        if text.partition("=")[0].strip() in ("dataset", "dataset.path"):
            raise UserError(f"'{text}' and data=... are both data sets: give one of them.")
    arrays = named_arrays(data)
    tracking = tracking_config([text for text in overrides if text.startswith("tracking")], config_dir)
    path = find_store(tracking).work_folder / "arrays" / f"{_digest(arrays)}.npz"
    made = _write(path, arrays)
    # As a person would type it, so that a folder with its store can be moved.
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    try:
        yield ["dataset=npz", override("dataset.path", shown), *overrides]
    except UserError as error:
        _remove(made)
        raise UserError(str(error).replace(f"dataset.path={shown}", "data")) from error


def named_arrays(data: Any) -> dict[str, NDArray[Any]]:
    """Arrays by the names that an `.npz` has them under; labels that are Python text become NumPy's."""
    if isinstance(data, Mapping):
        for name in data:
            if name not in NAMES:
                raise unknown_name("array", str(name), NAMES, "data")
        given = {name: data[name] for name in NAMES if name in data}
    else:
        given = dict(zip(KEYS, _flat(data), strict=False))
    return {name: _array(name, value) for name, value in given.items()}


def _flat(data: Any) -> Sequence[Any]:
    if isinstance(data, tuple) and len(data) in (2, 4):
        if len(data) == 2 and all(isinstance(pair, tuple) and len(pair) == 2 for pair in data):
            return [*data[0], *data[1]]
        return data
    has = f"{len(data)} items" if isinstance(data, tuple) else type(data).__name__
    raise UserError(f"data: give {FORMS}; this is {has}.")


def _array(name: str, value: Any) -> NDArray[Any]:
    try:
        array = np.asarray(value)
        if array.dtype.hasobject and array.ndim == 1 and all(isinstance(each, str) for each in array):
            array = array.astype(np.str_)
    except (ValueError, TypeError) as error:
        raise UserError(f"data: {name} is no array ({one_line(error)[:120]}).") from error
    if not array.ndim:
        raise UserError(f"data: {name} is {value!r:.40}; an array with a row for each example is needed.")
    check_dtype(array.dtype, f"data: {name}", NUMBERS if name.startswith("x_") else NUMBERS + TEXT)
    return array


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    return hashlib.sha256(f"{[*arrays]} {fingerprint(*arrays.values())}".encode()).hexdigest()[:32]


def _write(path: Path, arrays: dict[str, NDArray[Any]]) -> list[Path]:
    """Write an archive that is not there yet; returns what was made, the file first and then its folders."""
    if path.exists():
        return []
    made = [path, *(folder for folder in (path.parent, path.parent.parent) if not folder.exists())]
    aside = aside_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        aside.replace(path)
    except OSError as error:
        raise UserError(f"data: {path} cannot be written: {error.strerror}.") from error
    finally:
        aside.unlink(missing_ok=True)
    return made


def _remove(made: Sequence[Path]) -> None:
    for path in made:
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        else:
            path.unlink(missing_ok=True)
