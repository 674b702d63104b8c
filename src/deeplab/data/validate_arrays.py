"""Are these examples and labels a data set? Errors of one line where they are not."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.config.schema import LabelKind
from deeplab.data.assemble import Rows, make_splits
from deeplab.data.labels import read_labels
from deeplab.data.scaling import Scale, as_bytes, divisor
from deeplab.data.splits import Split, Splits
from deeplab.data.stratify import split_off
from deeplab.errors import UserError

PARTS = ("train", "test", "val")
CHANNELS = (1, 3, 4)
BLOCK_ROWS = 4096
SPLIT_SEED = 51_966


def checked_splits(
    name: str,
    arrays: dict[str, NDArray[Any]],
    class_names: tuple[str, ...] | None,
    where: str,
    scale: Scale = None,
    kind: LabelKind = "classes",
    test_fraction: float | None = None,
) -> Splits:
    """A data set from arrays that came from outside.

    Images are [n, height, width] or [n, height, width, channels], points [n, features]. uint8 stays uint8;
    everything else becomes float32, or uint8 where it is to be divided by 255 and holds nothing but bytes.

    Args:
        name: of the data set.
        arrays: x_train, y_train, x_test, y_test, and x_val and y_val or neither; taken out of the mapping, so that
            memory is freed early.
        class_names: one for each class, as `read_labels` takes them.
        where: begins each error, as in `dataset.path=digits.npz`.
        scale: what the examples are divided by inside the network, as `divisor` takes it.
        kind: of the labels, as `read_labels` takes it.
        test_fraction: of the training examples, which are for testing where there is no x_test: always the same, of
            each class its share.

    Raises:
        UserError: shapes, dtypes, values or labels that do not fit.
    """
    parts = [part for part in PARTS if f"x_{part}" in arrays]
    labelling = read_labels({part: arrays.pop(f"y_{part}") for part in parts}, kind, class_names, where)
    labels = labelling.parts
    for part in parts:
        if len(labels[part]) != (rows_of := len(arrays[f"x_{part}"]) if arrays[f"x_{part}"].ndim else 0):
            raise UserError(f"{where}: y_{part}: {len(labels[part])} labels for {rows_of} rows of x_{part}.")
    _check_alike({f"x_{part}": arrays[f"x_{part}"] for part in parts}, where)
    rows = {f"x_{part}": _rows(arrays.pop(f"x_{part}"), f"{where}: x_{part}") for part in parts}
    divided_by, notes = divisor(rows, scale, where)
    rows = as_bytes(rows, divided_by)
    if test_fraction is not None:
        train, test = _positions(labels["train"], test_fraction, labelling.class_names, where)
        rows |= {"x_test": rows["x_train"][test], "x_train": rows["x_train"][train]}
        labels |= {"test": labels["train"][test], "train": labels["train"][train]}
    splits = make_splits(
        name,
        labelling.class_names,
        x_train=rows["x_train"],
        y_train=labels["train"],
        x_test=rows["x_test"],
        y_test=labels["test"],
        divisor=divided_by,
    )
    validation = Split.whole(rows["x_val"], labels["val"]) if "val" in parts else None
    info = replace(splits.info, target_names=labelling.target_names)
    return replace(splits, info=info, validation=validation, notes=notes)


def _positions(
    labels: NDArray[Any], test_fraction: float, class_names: tuple[str, ...], where: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which training examples are left to train on, and which are for testing."""
    try:
        return split_off(labels, test_fraction, np.random.default_rng(SPLIT_SEED))
    except ValueError as error:
        counts = np.bincount(labels) if class_names else np.array([len(labels)])
        of = f" of class {class_names[int(counts.argmin())]}" if class_names else ""
        raise UserError(
            f"{where}: y_train has a single row{of}; dataset.test_fraction={test_fraction:g} needs two, one to train "
            "on and one to test on."
        ) from error


def _check_alike(rows: dict[str, NDArray[Any]], where: str) -> None:
    (first, train), *others = rows.items()
    for name, x in others:
        if train.shape[1:] != x.shape[1:]:
            raise UserError(f"{where}: a row of {first} has shape {train.shape[1:]}, one of {name} {x.shape[1:]}.")
        if (train.dtype == np.uint8) != (x.dtype == np.uint8):
            raise UserError(f"{where}: {first} is {train.dtype}, {name} {x.dtype}; both must be alike.")


def _rows(x: NDArray[Any], where: str) -> Rows:
    if x.ndim not in (2, 3, 4):
        raise UserError(
            f"{where}: shape {x.shape}; needed are images [n, height, width], "
            "[n, height, width, channels] or points [n, features]."
        )
    if 0 in x.shape:
        raise UserError(f"{where}: shape {x.shape} is empty.")
    if x.ndim == 4 and x.shape[-1] not in CHANNELS:
        hint = " Channels come last." if x.shape[1] in CHANNELS else ""
        raise UserError(f"{where}: shape {x.shape} has {x.shape[-1]} channels; 1, 3 or 4 are possible.{hint}")
    if x.ndim == 3:
        x = x[..., None]
    x = np.ascontiguousarray(x)  # Fortran order would scatter each example over the memory
    if x.dtype == np.uint8:
        return x
    if x.dtype != np.float32:
        with np.errstate(over="ignore", invalid="ignore"):  # told below
            x = x.astype(np.float32)
    for start in range(0, len(x), BLOCK_ROWS):
        finite = np.isfinite(x[start : start + BLOCK_ROWS])
        if not finite.all():
            row = start + int(np.argwhere(~finite)[0, 0])
            raise UserError(f"{where}: row {row} holds NaN, infinity or a value beyond float32.")
    return x
