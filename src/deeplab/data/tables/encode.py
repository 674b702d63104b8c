"""Rows of a table as a network takes them: float32 features, in the order that a network learned."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.data.tables.spec import TableColumn, TableSpec
from deeplab.errors import UserError
from deeplab.tables.columns import Column
from deeplab.tables.read import TextFormat, no_column, read_table, shortened

SHOWN = 20
MOST_BYTES = 1 << 34
NONE_IN_FILE = TextFormat()

Features = NDArray[np.float32]


def encode(source: Any, spec: TableSpec, form: TextFormat = NONE_IN_FILE, where: str = "") -> Features:
    """The rows of another table, [n, features].

    Columns may be in another order, and others beside them are ignored.

    Args:
        source: a `pandas.DataFrame`, or the path of a CSV, TSV or Parquet file.
        spec: of the table that a network learned from.
        form: of the file.
        where: begins each error; the path where there is one and nothing is given.

    Raises:
        UserError: the file cannot be read, a column is missing, a value is unknown, missing or of another kind.
    """
    if isinstance(source, str | Path):
        where = where or str(source)
        names = [column.name for column in spec.columns]
        source = read_table(str(source), "", form, names, spec.texts).frame
    where = where or "the table"
    x = encode_rows(source, spec, where, unknown="refuse")
    return fill_missing(x, spec, source, where)


def encode_rows(frame: Any, spec: TableSpec, where: str, unknown: str) -> Features:
    """The rows of a frame, [n, features]; what is missing is NaN.

    Args:
        frame: a `pandas.DataFrame`.
        spec: of the features.
        where: begins each error.
        unknown: `refuse` a category that the spec does not have, or encode it as `none` of those that it has.
    """
    columns = [str(name) for name in frame.columns]
    for column in spec.columns:
        if column.name not in columns:
            raise no_column(column.name, columns, where)
    width = len(spec.features)
    if 4 * width * len(frame) > MOST_BYTES:
        raise UserError(
            f"{where}: {len(frame):,} rows of {width:,} features take {4e-9 * width * len(frame):,.0f} GB; leave "
            "columns with many categories out by dataset.drop."
        )
    x = np.empty((len(frame), width), np.float32)
    start = 0
    for column in spec.columns:
        stop = start + len(column.features)
        _encode_column(x[:, start:stop], Column(frame, column.name, where), column, spec.date_format, unknown)
        start = stop
    return x


def fill_missing(x: Features, spec: TableSpec, frame: Any, where: str) -> Features:
    """The same rows with what stands for missing values, in the same array.

    Raises:
        UserError: a value is missing and nothing stands for it.
    """
    fills = spec.fills()
    rows, features = np.nonzero(np.isnan(x))
    if len(rows) and np.isnan(fills[features]).any():
        at = int(np.argmax(np.isnan(fills[features])))
        owners = [column.name for column in spec.columns for _ in column.features]
        column = Column(frame, owners[features[at]], where)
        raise column.error("the value is missing, and the network was trained without missing values", int(rows[at]))
    x[rows, features] = fills[features]
    return x


def _encode_column(x: Features, values: Column, column: TableColumn, date_format: str | None, unknown: str) -> None:
    """Write the features of a column into x, [n, features of it]."""
    if column.has_indicator:
        x[:, -1] = values.missing
        x = x[:, :-1]
    if column.kind == "category":
        _encode_category(x, values, column, unknown)
    elif column.kind == "boolean":
        x[:, 0] = values.booleans()
    elif column.kind == "date":
        x[:, 0] = values.days(date_format) - column.shift
    else:
        numbers = values.numbers()
        # Whole numbers are shifted as such: beyond 2^53 float64 does not hold them either.
        with np.errstate(over="ignore"):  # told below
            x[:, 0] = numbers - (int(column.shift) if numbers.dtype.kind == "i" else column.shift)
        if not np.isfinite(x[:, 0][~values.missing]).all():
            row = int(np.flatnonzero(~np.isfinite(x[:, 0]) & ~values.missing)[0])
            raise values.error(f"{values.shown(row)} is beyond what float32 holds", row)
    if values.missing.any():
        x[values.missing] = np.nan


def _encode_category(x: Features, values: Column, column: TableColumn, unknown: str) -> None:
    codes, names = values.texts()
    places = {name: place for place, name in enumerate(column.categories)}
    known = np.array([places.get(name, -1) for name in names], np.int64)
    strange = np.flatnonzero((codes >= 0) & (known[codes] < 0)) if len(names) else np.array([], np.int64)
    if unknown == "refuse" and len(strange):
        row = int(strange[0])
        shown = ", ".join(shortened(name) for name in column.categories[:SHOWN])
        more = len(column.categories) - SHOWN
        raise values.error(
            f"{values.shown(row)} is none of the categories that the network knows: {shown}"
            f"{f' and {more:,} more' if more > 0 else ''}",
            row,
        )
    x[:] = 0
    rows = np.flatnonzero(codes >= 0)
    place = known[codes[rows]]
    x[rows[place >= 0], place[place >= 0]] = 1


def unknown_categories(frame: Any, spec: TableSpec, where: str) -> list[str]:
    """The categories of a frame that the spec does not have, as in `island=Cormorant`."""
    strange = []
    for column in spec.columns:
        if column.kind == "category":
            known = set(column.categories)
            _, names = Column(frame, column.name, where).texts()
            strange += [f"{column.name}={name}" for name in names if name not in known]
    return strange
