"""What the labels of arrays from outside are, classes or values; asked where that is not plain."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.config.schema import LabelKind
from deeplab.errors import UserError

SHOWN = 10
# From here on whole numbers that are stored as floats are amounts, as prices are, and no classes.
MOST_LIKE_CLASSES = 1000
ASKED = "dataset.labels=classes or dataset.labels=values says what they are"
TAKEN_AS_VALUES = "If they are no classes, dataset.labels=values takes numbers as values."


@dataclass(frozen=True)
class Labelling:
    """The labels of a data set."""

    parts: dict[str, NDArray[Any]]  # by `train`, `test`, `val`: classes [n], int32, or values [n] or [n, k], float32
    class_names: tuple[str, ...]  # a name for each class; empty where labels are values
    target_names: tuple[str, ...] = ()  # of the values of a row; empty where there is one


def read_labels(
    arrays: Mapping[str, NDArray[Any]], kind: LabelKind, class_names: tuple[str, ...] | None, where: str
) -> Labelling:
    """Tell classes from values, and check either.

    Classes are integers from 0, text, or one-hot rows; values are other floats, one or several for a row.

    Args:
        arrays: of `train` and maybe `test` and `val`: numbers, booleans or text of any shape.
        kind: `classes` or `values` where that is known; `auto` tells them by what they are.
        class_names: one for each class; without them those of text, sorted, or the numbers from 0 to max(y_train).
        where: begins each error, as in `dataset.path=digits.npz`.

    Raises:
        UserError: they are neither, or could be both.
    """
    labels = {part: _as_rows(y, f"{where}: y_{part}") for part, y in arrays.items()}
    train = labels["train"]
    for part, y in labels.items():
        if y.shape[1:] != train.shape[1:] or (y.dtype.kind in "US") != (train.dtype.kind in "US"):
            ours, theirs = (f"{each.dtype} of shape {each.shape}" for each in (train, y))
            raise UserError(f"{where}: y_train is {ours}, y_{part} {theirs}; both must be alike.")
    if train.dtype.kind in "US":
        return _named_classes(labels, kind, class_names, where)
    if (kind if kind != "auto" else _told(labels, where)) == "values":
        return _values(labels, class_names, where)
    if train.ndim == 2 and class_names is None:
        class_names = tuple(str(column) for column in range(train.shape[1]))
    numbers = {part: _numbered(y, f"{where}: y_{part}") for part, y in labels.items()}
    return Labelling(numbers, _class_names(numbers, class_names, where, TAKEN_AS_VALUES if kind == "auto" else ""))


def _as_rows(y: NDArray[Any], key: str) -> NDArray[Any]:
    """Labels as [n], or as [n, k] where a row has several."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim not in (1, 2) or 0 in y.shape[1:] or (y.ndim == 2 and y.dtype.kind in "US"):
        raise UserError(f"{key}: shape {y.shape}; needed is a class or value for each row, (n,), or k values, (n, k).")
    if not len(y):
        raise UserError(f"{key}: empty.")
    return y


def _told(labels: Mapping[str, NDArray[Any]], where: str) -> LabelKind:
    """What labels are of which that was not said."""
    train, parts = labels["train"], labels.values()
    if train.ndim == 2 and all(_is_one_hot(y) for y in parts):
        return "classes"
    if train.ndim == 1 and all(y.dtype.kind in "iub" for y in parts):
        return "classes"
    if all(_is_whole(y) for y in parts):
        low, high = min(float(y.min()) for y in parts), max(float(y.max()) for y in parts)
        if train.ndim == 2:
            raise UserError(
                f"{where}: y_train, shape {train.shape}, holds whole numbers that are not one-hot. "
                f"dataset.labels=values takes them as {train.shape[1]} values of each row."
            )
        if max(-low, high) < MOST_LIKE_CLASSES:
            raise UserError(
                f"{where}: y_train holds whole numbers as floats, {low:g} to {high:g}, which may be classes or values. "
                f"{ASKED}; so does saving classes as integers: y_train.astype('int32')."
            )
    return "values"


def _is_one_hot(y: NDArray[Any]) -> bool:
    return bool(((y == 0) | (y == 1)).all() and ((y == 1).sum(axis=1) == 1).all())


def _is_whole(y: NDArray[Any]) -> bool:
    return y.dtype.kind in "iub" or bool((np.isfinite(y) & (np.rint(y) == y)).all())


def _numbered(y: NDArray[Any], key: str) -> NDArray[np.int32]:
    """Classes by their number."""
    if y.ndim == 2:
        if not _is_one_hot(y):
            raise UserError(f"{key}: shape {y.shape}, and not one-hot; needed is the class of each row, shape (n,).")
        y = y.argmax(axis=1)
    if not _is_whole(y):
        row = int(np.flatnonzero(~(np.isfinite(y) & (np.rint(y) == y)))[0])
        raise UserError(f"{key}: row {row} holds {y[row]:g}, which is no class; labels are integers from 0.")
    if y.min() < 0:
        raise UserError(f"{key}: label {y.min():g} is negative; labels are integers from 0.")
    if y.max() > np.iinfo(np.int32).max:
        raise UserError(f"{key}: label {y.max()} is no class; labels are integers from 0.")
    return y.astype(np.int32)


def _values(labels: Mapping[str, NDArray[Any]], class_names: tuple[str, ...] | None, where: str) -> Labelling:
    if class_names is not None:
        raise UserError(f"{where}: y_train holds values, and dataset.class_names is for classes: leave it out.")
    values = {}
    for part, y in labels.items():
        with np.errstate(over="ignore"):  # told below
            values[part] = y.astype(np.float32)
        finite = np.isfinite(values[part]).reshape(len(y), -1).all(axis=1)
        if not finite.all():
            row = int(np.flatnonzero(~finite)[0])
            raise UserError(f"{where}: y_{part}: row {row} holds NaN, infinity or a value beyond float32.")
    train = values["train"]
    if (train == train[0]).all():
        raise UserError(f"{where}: y_train holds the same value in every row, of which nothing is learned.")
    names = tuple(f"y{column}" for column in range(train.shape[1])) if train.ndim == 2 else ()
    return Labelling(values, (), names)


def _named_classes(
    labels: Mapping[str, NDArray[Any]], kind: LabelKind, class_names: tuple[str, ...] | None, where: str
) -> Labelling:
    """Classes that are called by their names."""
    if kind == "values":
        raise UserError(f"{where}: y_train holds text, and dataset.labels=values needs numbers.")
    found = {part: _texts(y, f"{where}: y_{part}") for part, y in labels.items()}
    names = class_names or tuple(sorted(found["train"][0]))
    if len(found["train"][0]) == 1:
        raise UserError(f"{where}: y_train holds the label '{names[0]}' alone; two classes at least are needed.")
    index = {name: number for number, name in enumerate(names)}
    for part, (texts, _) in found.items():
        if unknown := next((text for text in texts if text not in index), None):
            among = "dataset.class_names" if class_names else "the labels of y_train"
            raise UserError(f"{where}: y_{part} holds the label '{unknown}', which is not among {among}.")
    parts = {part: np.array([index[text] for text in texts], np.int32)[rows] for part, (texts, rows) in found.items()}
    return Labelling(parts, _class_names(parts, names, where))


def _texts(y: NDArray[Any], key: str) -> tuple[list[str], NDArray[np.int64]]:
    """The different texts of an array, sorted, and which of them each row has."""
    different, rows = np.unique(y, return_inverse=True)
    try:
        texts = as_text(different)
    except ValueError as error:
        raise UserError(f"{key}: text that is not Unicode (bytes are read as UTF-8).") from error
    if "" in texts:
        raise UserError(f"{key}: row {int(np.flatnonzero(rows == texts.index(''))[0])} holds an empty text, no label.")
    return texts, rows


def as_text(array: NDArray[Any]) -> list[str]:
    """The texts of an array [n] of dtype U, or S in UTF-8.

    Raises:
        ValueError: they are not Unicode, as letters beyond U+10FFFF, or halves of letters that no file could hold.
    """
    try:
        texts = [text.decode() if isinstance(text, bytes) else str(text) for text in array.tolist()]
    except SystemError as error:  # what NumPy raises where Python knows no such letter
        raise ValueError(str(error)) from error
    "".join(texts).encode()
    return texts


def _class_names(
    labels: Mapping[str, NDArray[np.int32]], class_names: tuple[str, ...] | None, where: str, hint: str = ""
) -> tuple[str, ...]:
    present = np.unique(labels["train"])
    lowest, highest = int(present[0]), int(present[-1])
    if len(present) == 1:
        raise UserError(f"{where}: y_train holds the label {lowest} alone; two classes at least are needed.")
    if lowest > 0 and highest - lowest + 1 == len(present):
        raise UserError(
            f"{where}: y_train holds labels {lowest} to {highest}, but classes are counted from 0: "
            f"subtract {lowest} from y_train and y_test. {hint}"
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
            f"{', '.join(missing[:SHOWN])}{f' and {more:,} more' if more else ''}. {hint}"
        )
    for part, y in labels.items():
        if y.max() >= num_classes:
            raise UserError(f"{where}: y_{part} holds label {y.max()}, and the classes are 0 to {num_classes - 1}.")
    return class_names or tuple(str(label) for label in range(num_classes))
