"""Which rows of a table are for testing: drawn by a seed, whole groups, or the latest."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.config.schema import CsvConfig
from deeplab.data.groups import drawn_groups, last_groups
from deeplab.data.stratify import stratified_split
from deeplab.data.tables.targets import Classes
from deeplab.errors import UserError
from deeplab.files import some
from deeplab.tables.columns import Column

Rows = NDArray[np.int64]


def row_groups(frame: Any, config: CsvConfig, where: str) -> NDArray[np.int64] | None:
    """What is never divided: rows of one group, or of one time; times are numbered as they pass. None without either.

    Raises:
        UserError: a row has none, or all have one.
    """
    name = config.group or config.time
    if name is None:
        return None
    column = Column(frame, name, where)
    if column.missing.any():
        row = int(np.argmax(column.missing))
        raise column.error("the value is missing, so that nobody knows on which side of a split the row belongs", row)
    if config.time is None:
        groups = column.texts()[0]
    else:
        times = column.numbers() if column.kind == "number" else column.days(config.date_format)
        groups = np.unique(times, return_inverse=True)[1].astype(np.int64)
    if groups.min() == groups.max():
        raise column.error("all rows have the same value, so that they cannot be divided")
    return groups


def divide(
    classes: Classes | None, rows: int, groups: NDArray[np.int64] | None, config: CsvConfig, where: str
) -> tuple[Rows, Rows]:
    """The rows to train on and to test on.

    Args:
        classes: of the rows, or None where they have values.
        rows: how many there are.
        groups: from `row_groups`.
        config: share of the test rows, and the seed.
        where: begins each error.

    Returns:
        Positions. In time order where there is a time; those of a group beside each other where there are groups;
        otherwise in an order that has nothing to do with the class.

    Raises:
        UserError: there are too few rows.
    """
    rng = np.random.default_rng(config.split_seed)
    labels = None if classes is None else classes.codes.astype(np.int32)
    count = min(max(round(rows * config.test_fraction), 1), rows - 1)
    if not count:
        raise UserError(f"{where}: one row cannot be learned from and tested on.")
    if groups is None:
        if classes is None or labels is None:
            order = rng.permutation(rows)
            return order[count:], order[:count]
        try:
            return stratified_split(labels, config.test_fraction, rng)
        except ValueError:
            alone = [name for name, size in zip(classes.names, np.bincount(labels), strict=True) if size == 1]
            raise UserError(
                f"{where}: {'the class' if len(alone) == 1 else 'the classes'} {some(alone)} "
                f"{'has' if len(alone) == 1 else 'have'} one row, which cannot be learned from and tested on. "
                "Add rows, or leave the class out."
            ) from None
    is_test = last_groups_by_time(groups, count) if config.time else drawn_groups(groups, labels, count, rng)
    order = in_order(groups, config.time is not None, rng)
    return order[~is_test[order]], order[is_test[order]]


def in_order(groups: NDArray[np.int64] | None, by_time: bool, rng: np.random.Generator, rows: int = 0) -> Rows:
    """An order of rows: by time, group after group in a drawn order, or drawn."""
    if groups is None:
        return rng.permutation(rows)
    rank = np.arange(groups.max() + 1) if by_time else rng.permutation(groups.max() + 1)
    return np.argsort(rank[groups], kind="stable")


def last_groups_by_time(times: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    """The rows of the latest times, about so many."""
    order = np.argsort(times, kind="stable")
    chosen = np.zeros(len(times), np.bool_)
    chosen[order[last_groups(times[order], count)]] = True
    return chosen
