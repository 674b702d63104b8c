"""The columns that a network is to give: classes, or numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.config.schema import CsvConfig
from deeplab.data.tables.fit import MOST_CATEGORIES
from deeplab.data.tables.spec import TableTarget
from deeplab.errors import UserError
from deeplab.files import some
from deeplab.tables.columns import Column
from deeplab.tables.task import has_class_values

Labels = NDArray[np.int32] | NDArray[np.float32]


@dataclass(frozen=True)
class Classes:
    """The classes of some rows."""

    names: tuple[str, ...]  # of those that are there, in order: numbers by their size, texts by the alphabet
    codes: NDArray[np.int64]  # the class of each row, [n], int64


def has_classes(frame: Any, config: CsvConfig, where: str) -> bool:
    """Whether the target is a class: what `model.task` says where it can be that, or what the values look like.

    Raises:
        UserError: the target has no values that the task could be about.
    """
    if len(config.targets) > 1:
        if config.task == "classification":
            raise UserError(
                f"dataset.target names {len(config.targets)} columns, of which a regression gives the numbers; "
                "model.task=classification takes one."
            )
        return False
    target = Column(frame, config.targets[0], where)
    if target.kind == "category":
        target.check_texts()
    if target.kind == "date" or target.kind is None:
        raise target.error("dates are no target" if target.kind else "the target has no values")
    if config.task == "regression":
        return target.kind != "number"
    if config.task != "classification":
        return has_class_values(target)
    if target.kind == "number":
        numbers = target.numbers()
        broken = np.flatnonzero(np.rint(numbers) != numbers)
        if len(broken):
            raise target.error(f"{target.shown(broken[0])} is no class; choose a regression", int(broken[0]))
    return True


def read_classes(frame: Any, name: str, where: str) -> Classes:
    """The classes of a target without missing values."""
    target = Column(frame, name, where)
    if target.kind == "number":
        distinct, codes = np.unique(target.numbers(), return_inverse=True)
        names = tuple(str(int(number)) for number in distinct)
    else:
        codes, found = target.texts()
        names = tuple(found)
    if len(names) > MOST_CATEGORIES:
        raise target.error(f"{len(names):,} different values are no classes")
    return Classes(names, codes.astype(np.int64))


def fit_targets(
    frame: Any, classes: Classes | None, train: NDArray[np.int64], config: CsvConfig, where: str
) -> tuple[TableTarget, ...]:
    """What is to be given of a row: one of the classes of the rows to train on, or numbers.

    Raises:
        UserError: the rows to train on are of one class, or have one value.
    """
    if classes is None:
        columns = [Column(frame, name, where) for name in config.targets]
        for column in columns:
            values = column.numbers()[train]
            if (values == values[0]).all():
                raise column.error("all rows to train on have the same value, of which nothing is learned")
        return tuple(TableTarget(name, "number") for name in config.targets)
    names = tuple(classes.names[code] for code in np.unique(classes.codes[train]))
    if len(names) == 1:
        raise Column(frame, config.targets[0], where).error(
            f"all rows to train on are of the class '{names[0]}'; two classes at least are needed"
        )
    return (TableTarget(config.targets[0], "class", names),)


def encode_targets(frame: Any, targets: tuple[TableTarget, ...], where: str) -> Labels:
    """The labels of rows, int32 [n], or their values, float32 [n] or [n, k].

    Raises:
        UserError: a class is not known, or a value is no number or beyond float32.
    """
    if targets[0].kind == "class":
        return _labels(frame, targets[0], where)
    columns = [_numbers(Column(frame, target.name, where)) for target in targets]
    return columns[0] if len(columns) == 1 else np.stack(columns, axis=1)


def _labels(frame: Any, target: TableTarget, where: str) -> NDArray[np.int32]:
    places = {name: place for place, name in enumerate(target.class_names)}
    classes = read_classes(frame, target.name, where)
    labels = np.array([places.get(name, -1) for name in classes.names], np.int32)[classes.codes]
    if (labels < 0).any():
        row = int(np.argmin(labels))
        column = Column(frame, target.name, where)
        raise column.error(f"no row to train on is of the class {column.shown(row)}", row)
    return labels


def _numbers(target: Column) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # told below
        values = target.numbers().astype(np.float32)
    if not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values)))
        raise target.error(f"{target.shown(row)} is beyond what float32 holds", row)
    return values


def target_note(targets: tuple[TableTarget, ...], told: bool) -> str:
    """What the targets are taken for, on one line.

    Args:
        targets: all of them.
        told: whether the configuration says what they are.
    """
    first = targets[0]
    if len(targets) > 1:
        return f"the {len(targets)} targets are numbers"
    if first.kind == "number":
        cure = "" if told else "; model.task=classification takes whole numbers as classes"
        return f"the target {first.name} is a number{cure}"
    whole = first.class_names[0].lstrip("-").isdigit()
    cure = "; model.task=regression takes them as numbers" if whole and not told else ""
    return f"the target {first.name} is a class, one of {len(first.class_names)}: {some(first.class_names)}{cure}"
