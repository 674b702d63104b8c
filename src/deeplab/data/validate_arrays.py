"""Are these examples and labels a classification problem? Errors of one line where they are not."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.data.assemble import Labels, Rows, make_splits
from deeplab.data.scaling import Scale, as_bytes, divisor
from deeplab.data.splits import Split, Splits
from deeplab.errors import UserError

PARTS = ("train", "test", "val")
CHANNELS = (1, 3, 4)
BLOCK_ROWS = 4096
SHOWN = 10


def checked_splits(
    name: str, arrays: dict[str, NDArray[Any]], class_names: tuple[str, ...] | None, where: str, scale: Scale = None
) -> Splits:
    """A data set from arrays that came from outside.

    Images are [n, height, width] or [n, height, width, channels], points [n, features]. uint8 stays uint8;
    everything else becomes float32, or uint8 where it is to be divided by 255 and holds nothing but bytes.

    Args:
        name: of the data set.
        arrays: x_train, y_train, x_test, y_test, and x_val and y_val or neither; taken out of the mapping, so that
            memory is freed early.
        class_names: one for each class; without them the classes are 0 to max(y_train), by number.
        where: begins each error, as in `dataset.path=digits.npz`.
        scale: what the examples are divided by inside the network, as `divisor` takes it.

    Raises:
        UserError: shapes, dtypes, values or labels that do not fit.
    """
    parts = [part for part in PARTS if f"x_{part}" in arrays]
    labels: dict[str, Labels] = {}
    for part in parts:
        x = arrays[f"x_{part}"]
        labels[part] = _labels(arrays.pop(f"y_{part}"), len(x) if x.ndim else 0, part, where)
    _check_alike({f"x_{part}": arrays[f"x_{part}"] for part in parts}, where)
    names = _class_names(labels, class_names, where)
    rows = {f"x_{part}": _rows(arrays.pop(f"x_{part}"), f"{where}: x_{part}") for part in parts}
    divided_by, notes = divisor(rows, scale, where)
    rows = as_bytes(rows, divided_by)
    splits = make_splits(
        name,
        names,
        x_train=rows["x_train"],
        y_train=labels["train"],
        x_test=rows["x_test"],
        y_test=labels["test"],
        divisor=divided_by,
    )
    validation = Split.whole(rows["x_val"], labels["val"]) if "val" in parts else None
    return replace(splits, validation=validation, notes=notes)


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


def _labels(y: NDArray[Any], rows: int, part: str, where: str) -> Labels:
    key = f"{where}: y_{part}"
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 2:
        raise UserError(
            f"{key}: shape {y.shape} looks one-hot; needed is the class of each row: y_{part}.argmax(axis=1)."
        )
    if y.ndim != 1:
        raise UserError(f"{key}: shape {y.shape}; needed is one class for each row, shape (n,).")
    if len(y) != rows:
        raise UserError(f"{key}: {len(y)} labels for {rows} rows of x_{part}.")
    if not len(y):
        raise UserError(f"{key}: empty.")
    if y.dtype.kind not in "iu":
        raise UserError(f"{key}: dtype {y.dtype}; labels are integers from 0: y_{part}.astype('int32').")
    if y.min() < 0:
        raise UserError(f"{key}: label {y.min()} is negative; labels are integers from 0.")
    if y.max() > np.iinfo(np.int32).max:
        raise UserError(f"{key}: label {y.max()} is no class; labels are integers from 0.")
    return y.astype(np.int32)


def _class_names(labels: Mapping[str, Labels], class_names: tuple[str, ...] | None, where: str) -> tuple[str, ...]:
    present = np.unique(labels["train"])
    lowest, highest = int(present[0]), int(present[-1])
    if len(present) == 1:
        raise UserError(f"{where}: y_train holds the label {lowest} alone; two classes at least are needed.")
    if lowest > 0 and highest - lowest + 1 == len(present):
        raise UserError(
            f"{where}: y_train holds labels {lowest} to {highest}, but classes are counted from 0: "
            f"subtract {lowest} from y_train and y_test."
        )
    num_classes = highest + 1 if class_names is None else len(class_names)
    if class_names is not None and len(set(class_names)) < num_classes:
        raise UserError(f"{where}: dataset.class_names holds a name twice.")
    if highest >= num_classes:
        raise UserError(f"{where}: y_train holds label {highest}, and class_names are {num_classes}.")
    if len(present) < num_classes:
        # never an array of num_classes: a stray label of two thousand million must not cost its memory
        seen = set(present.tolist())
        missing = [str(label) for label in range(min(num_classes, len(present) + SHOWN)) if label not in seen]
        more = num_classes - len(present) - len(missing[:SHOWN])
        raise UserError(
            f"{where}: y_train has labels up to {highest} for {num_classes} classes, but no row of class "
            f"{', '.join(missing[:SHOWN])}{f' and {more:,} more' if more else ''}."
        )
    for part, y in labels.items():
        if y.max() >= num_classes:
            raise UserError(f"{where}: y_{part} holds label {y.max()}, and the classes are 0 to {num_classes - 1}.")
    return class_names or tuple(str(label) for label in range(num_classes))
