"""What the rows to train on say of the columns: kinds, categories, shifts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.config.schema import CsvConfig
from deeplab.data.tables.spec import TableColumn
from deeplab.files import some
from deeplab.tables.columns import Column, ColumnKind

MOST_CATEGORIES = 1000  # of a column
FEW_CATEGORIES = 20  # of which nobody asks whether they repeat
# Of the range of a column: what float32 may round off before numbers are shifted.
MOST_ROUNDED = 1e-6

Rows = NDArray[np.int64]


def fit_columns(
    frame: Any, names: tuple[str, ...], train: Rows, config: CsvConfig, where: str
) -> tuple[tuple[TableColumn, ...], tuple[str, ...]]:
    """Find out how columns become features, from the rows that are not for testing.

    The kind of a column is that of all its values; everything else comes from the training rows.

    Args:
        frame: a `pandas.DataFrame`.
        names: of the columns.
        train: positions of the training rows.
        config: what was asked for.
        where: begins each error.

    Returns:
        The columns, and what a person should know of them, each a line.

    Raises:
        UserError: a column cannot be a feature.
    """
    columns, constant = [], []
    for name in names:
        values = Column(frame, name, where)
        kind = _kind(values, config)
        there = train[~values.missing[train]]
        if not len(there):
            raise values.error(f"no row to train on has a value; dataset.drop=['{name}'] leaves it out")
        column = TableColumn(name, kind, has_indicator=config.missing == "impute" and len(there) < len(train))
        if kind == "category":
            categories = _categories(values, there)
            column = TableColumn(name, kind, categories, has_indicator=column.has_indicator)
            is_constant = len(categories) == 1
        elif kind == "boolean":
            is_constant = len(np.unique(values.booleans()[there])) == 1
        else:
            numbers = (values.numbers() if kind == "number" else values.days(config.date_format))[there]
            column = TableColumn(name, kind, shift=_shift(numbers), has_indicator=column.has_indicator)
            is_constant = bool(numbers.min() == numbers.max())
        columns.append(column)
        if is_constant and not column.has_indicator:
            constant.append(name)
    if not constant:
        return tuple(columns), ()
    are = "is" if len(constant) == 1 else "are"
    note = f"{some(constant)} {are} the same in every row to train on, of which nothing can be learned"
    return tuple(columns), (note,)


def _kind(values: Column, config: CsvConfig) -> ColumnKind:
    if values.name in config.categories:
        return "category"
    kind = values.kind
    if values.name in config.dates:
        return "date"
    if kind is None:
        raise values.error(f"it has no values; dataset.drop=['{values.name}'] leaves it out")
    if kind == "date":
        raise values.error(
            f"its values are dates: dataset.dates=['{values.name}'] takes them as days, "
            f"dataset.drop=['{values.name}'] leaves them out"
        )
    if kind == "category":
        values.check_texts()
    return kind


def _categories(values: Column, there: Rows) -> tuple[str, ...]:
    """The categories of the training rows, sorted."""
    codes, names = values.texts()
    known = np.unique(codes[there])
    most = min(MOST_CATEGORIES, max(FEW_CATEGORIES, len(there) // 2))
    if len(known) > most:
        raise values.error(
            f"{len(known):,} different texts in {len(there):,} rows are no categories; "
            f"dataset.drop=['{values.name}'] leaves it out"
        )
    return tuple(names[code] for code in known)


def _shift(numbers: NDArray[Any]) -> float:
    """A whole number that numbers are counted from where float32 would round off what they differ in; else 0."""
    low, high = numbers.min(), numbers.max()
    with np.errstate(over="ignore"):
        rounded = np.abs(numbers.astype(np.float32).astype(np.float64) - numbers).max()
    spread = float(high) - float(low)
    if rounded <= MOST_ROUNDED * spread or spread == 0 or not np.isfinite(spread):
        return 0.0
    middle = int(low) // 2 + int(high) // 2
    # Nothing is won where numbers reach from far below to far above.
    return middle if abs(middle) > spread else 0.0
