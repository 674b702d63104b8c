"""Missing values, filled in by what the rows to learn from have: the median of numbers, the most frequent of others."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deeplab.data.splits import Split, Splits
from deeplab.data.tables.spec import TableColumn, TableSpec
from deeplab.errors import UserError


def fill_splits(splits: Splits, train: Split, validation: Split | None) -> tuple[Splits, Split, Split | None]:
    """Fill in what is missing everywhere by the training examples.

    Args:
        splits: a table.
        train: the examples to learn from, without those that are held out; nothing else is looked at.
        validation: the examples to validate on, or None.

    Returns:
        The same three, filled; `validation` is the splits' own test or validation examples where it was before.

    Raises:
        UserError: a column has no value in any of the examples to learn from.
    """
    if splits.table is None:
        return splits, train, validation
    columns, start = [], 0
    for column in splits.table.columns:
        columns.append(_with_fill(column, train, start))
        start += len(column.features)
    table = replace(splits.table, columns=tuple(columns))
    filled = filled_splits(splits, table)
    if validation is splits.test:
        held_out: Split | None = filled.test
    else:
        held_out = None if validation is None else replace(validation, fill=table.fills())
    return filled, replace(train, fill=table.fills()), held_out


def filled_splits(splits: Splits, table: TableSpec) -> Splits:
    """Splits whose missing values are filled in by the facts of a table."""
    fill = table.fills()
    return replace(splits, train=replace(splits.train, fill=fill), test=replace(splits.test, fill=fill), table=table)


def _with_fill(column: TableColumn, train: Split, start: int) -> TableColumn:
    """The column with what stands for a missing value, by its features from `start` on."""
    width = len(column.features) - column.has_indicator
    values: NDArray[np.float64] = train.x[train.rows, start : start + width].astype(np.float64)
    there = values[~np.isnan(values[:, 0])]
    if not len(there):
        raise UserError(
            f"The column '{column.name}' has no value in any row to learn from; dataset.drop=['{column.name}'] leaves "
            "it out."
        )
    if column.kind == "category":
        return replace(column, fill=column.categories[int(there.sum(axis=0).argmax())])
    if column.kind == "boolean":
        return replace(column, fill=float(there.mean() > 0.5))
    return replace(column, fill=float(np.median(there)) + column.shift)
