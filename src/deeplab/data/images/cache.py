"""Decoded images on disk: a memory-mapped array, and beside it what is known of its examples.

One folder for each set, `<cache_dir>/images/<key>/`, with `rows.npy` and `set.json`. It is written under
another name and renamed when it is complete.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deeplab.errors import UserError

ROWS, FACTS = "rows.npy", "set.json"


@dataclass(frozen=True)
class CachedSet:
    """What is known of the examples."""

    shape: tuple[int, ...]  # of the array, [n, height, width, channels]; training examples first, then test examples
    num_train: int  # number of training examples
    labels: tuple[float, ...]  # the class of each example, or its value
    class_names: tuple[str, ...]  # a name for each class; empty where examples have values
    fingerprint: str  # SHA-256 of the data set


def read(folder: Path) -> tuple[NDArray[np.uint8], CachedSet] | None:
    """The array, mapped, and its facts; None when they are not there or not whole."""
    try:
        stored = json.loads((folder / FACTS).read_text("utf-8"))
        facts = stored["facts"]
        if stored["sha256"] != _digest(facts):
            return None
        known = CachedSet(
            shape=tuple(facts["shape"]),
            num_train=facts["num_train"],
            labels=tuple(facts["labels"]),
            class_names=tuple(facts["class_names"]),
            fingerprint=facts["fingerprint"],
        )
        rows = np.load(folder / ROWS, mmap_mode="r", allow_pickle=False)
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        return None
    whole = isinstance(rows, np.memmap) and rows.dtype == np.uint8 and rows.shape == known.shape
    return (rows, known) if whole else None


def write(
    folder: Path,
    shape: tuple[int, ...],
    images: Iterable[NDArray[np.uint8]],
    describe: Callable[[NDArray[np.uint8]], CachedSet],
) -> None:
    """Write a set and put it at `folder`.

    Args:
        folder: where the set goes; what lies there is not whole and is replaced.
        shape: of the array, [n, height, width, channels].
        images: its n examples, in order.
        describe: tells the facts from the finished array.

    Raises:
        UserError: the disk is full, or the folder cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".partial", dir=folder.parent))
        try:
            _write_rows(aside / ROWS, shape, images)
            rows = np.load(aside / ROWS, mmap_mode="r")
            facts = asdict(describe(rows))
            del rows
            text = json.dumps({"facts": facts, "sha256": _digest(facts)})
            (aside / FACTS).write_text(text, "utf-8")
            _put(aside, folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"The decoded images cannot be kept in {folder.parent}: {reason}.") from error


def _write_rows(path: Path, shape: tuple[int, ...], images: Iterable[NDArray[np.uint8]]) -> None:
    # Written as a file, not through a map: on a full disk a map dies of a signal, a write tells.
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(np.uint8)), "fortran_order": False}
    with path.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, {**header, "shape": shape})
        for image in images:
            stream.write(image.tobytes())
        stream.flush()
        os.fsync(stream.fileno())


def _put(aside: Path, folder: Path) -> None:
    try:
        aside.rename(folder)
    except OSError:
        if read(folder) is None:  # otherwise another process was faster with the same set
            shutil.rmtree(folder)
            aside.rename(folder)


def _digest(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
