"""What kind of values a column holds, and the values as numbers, texts and days."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from deeplab.errors import UserError
from deeplab.visible import visible_line

ColumnKind = Literal["number", "category", "boolean", "date"]
MOSTLY = 0.5  # of the texts of a column are numbers: it is a column of numbers with mistakes in it
Missing = NDArray[np.bool_]
DAY = 86_400_000_000  # microseconds


class Column:
    """One column of a frame, with what an error says of it."""

    def __init__(self, frame: Any, name: str, where: str) -> None:
        """Take a column out of a frame.

        Args:
            frame: a `pandas.DataFrame` whose index counts the rows of its file from 0.
            name: of the column.
            where: begins each error, as in `dataset.path=penguins.csv`.

        Raises:
            UserError: it holds what is no value of a table, as lists are.
        """
        self.name, self._where, self._index = name, where, frame.index
        self.values = self._arrow(frame[name])
        self.missing: Missing = self.values.is_null().to_numpy(zero_copy_only=False)

    def _arrow(self, series: Any) -> Any:
        import pandas as pd
        import pyarrow as pa
        from pyarrow import compute

        if isinstance(series.dtype, pd.DatetimeTZDtype):
            series = series.dt.tz_convert(None)  # to UTC
        try:
            values = pa.array(series, from_pandas=True)
        except (pa.ArrowException, TypeError) as error:
            raise self.error("it holds values of several kinds") from error
        values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
        if isinstance(values, pa.ChunkedArray):  # a table without rows has no chunk
            values = pa.array([], values.type)
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        if pa.types.is_floating(values.type):
            values = compute.if_else(compute.is_nan(values), pa.scalar(None, values.type), values)
        return values

    def error(self, what: str, row: int | None = None) -> UserError:
        """An error that names the column, and the row, counted from 1, where one is at fault.

        Args:
            what: is wrong.
            row: position in the frame.
        """
        at = "" if row is None else f", row {int(self._index[row]) + 1:,}"
        name = visible_line(self.name if len(self.name) <= 80 else f"{self.name[:77]}...")
        return UserError(f"{self._where}: column '{name}'{at}: {what}.")

    def shown(self, row: int) -> str:
        """The value in a row, for an error."""
        text = str(self.values[row].as_py())
        return f"'{visible_line(text[:57] + '...' if len(text) > 60 else text)}'"

    @property
    def kind(self) -> ColumnKind | None:
        """What the values are; None where all are missing.

        Raises:
            UserError: they are none of these, as times of day and lists.
        """
        from pyarrow import types

        type_ = self.values.type
        if self.missing.all():
            return None
        if types.is_boolean(type_):
            return "boolean"
        if types.is_integer(type_) or types.is_floating(type_) or types.is_decimal(type_):
            return "number"
        if types.is_date(type_) or types.is_timestamp(type_):
            return "date"
        if types.is_string(type_) or types.is_large_string(type_):
            return "category"
        if types.is_binary(type_) or types.is_large_binary(type_):
            raise self.error("its texts are in another encoding. Give dataset.encoding, as in dataset.encoding=cp1252")
        raise self.error(f"values of type {type_} are no feature; dataset.drop=['{self.name}'] leaves it out")

    def numbers(self) -> NDArray[np.float64] | NDArray[np.int64]:
        """The values as numbers, [n]; what a missing one is has no meaning.

        Raises:
            UserError: one is a text or infinite.
        """
        import pyarrow as pa
        from pyarrow import compute, types

        if self.kind is None:
            return np.zeros(len(self.values))
        if self.kind == "category":
            raise self._text_among_numbers() or self.error("it holds texts, not numbers", self._first())
        if self.kind != "number":
            raise self.error(f"{self.shown(self._first())} is no number", self._first())
        values = self.values
        whole = types.is_integer(values.type) and values.type != pa.uint64()
        values = compute.cast(values, pa.int64() if whole else pa.float64(), safe=False)
        numbers: NDArray[Any] = compute.fill_null(values, 0).to_numpy(zero_copy_only=False)
        if not whole and not np.isfinite(numbers).all():
            raise self.error("the value is infinite", int(np.flatnonzero(~np.isfinite(numbers))[0]))
        return numbers

    def texts(self) -> tuple[NDArray[np.int64], list[str]]:
        """The values as texts without blanks around them: positions, [n], in a list of the different ones, sorted.

        A missing value has position -1.
        """
        import pyarrow as pa
        from pyarrow import compute, types

        values = self.values
        if types.is_boolean(values.type) or self.kind == "number":
            values = compute.cast(values, pa.large_string())
        encoded = values.dictionary_encode()
        names = np.array([str(name).strip() for name in encoded.dictionary.to_pylist()], object)
        distinct, place = np.unique(names, return_inverse=True)
        codes = compute.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        return np.where(codes < 0, -1, place[codes] if len(place) else -1), [str(name) for name in distinct]

    def booleans(self) -> NDArray[np.int64]:
        """True as 1 and false as 0, [n]; a missing one is 0.

        Raises:
            UserError: one is neither.
        """
        from pyarrow import compute

        if self.kind is None:
            return np.zeros(len(self.values), np.int64)
        if self.kind != "boolean":  # a column of Parquet may be of texts
            codes, names = self.texts()
            lower = np.array([name.lower() for name in names])
            wrong = np.flatnonzero((codes >= 0) & ~np.isin(lower, ("true", "false"))[codes])
            if len(wrong):
                raise self.error(f"{self.shown(wrong[0])} is neither true nor false", int(wrong[0]))
            return np.where(codes < 0, 0, lower[codes] == "true").astype(np.int64)
        values = compute.fill_null(self.values, False).to_numpy(zero_copy_only=False)
        return np.asarray(values, np.int64)

    def days(self, form: str | None) -> NDArray[np.float64]:
        """Dates as days since the beginning of 1970, [n]; a missing one is 0.

        Args:
            form: of dates that are texts, as `strptime` has it; None is ISO 8601: 2024-12-31, 2024-12-31 23:59.

        Raises:
            UserError: one is no date.
        """
        import pandas as pd
        import pyarrow as pa
        from pyarrow import compute

        if self.kind is None:
            return np.zeros(len(self.values))
        if self.kind == "category":
            dates = pd.to_datetime(self.values.to_pandas(), format=form or "ISO8601", errors="coerce", utc=True)
            wrong = np.flatnonzero(dates.isna().to_numpy() & ~self.missing)
            if len(wrong):
                example = f"written as {form}" if form else "as 2024-12-31 or 2024-12-31T23:59"
                cure = "" if form else "; dataset.date_format='%d.%m.%Y' reads others"
                raise self.error(f"{self.shown(wrong[0])} is no date {example}{cure}", int(wrong[0]))
            values = pa.array(dates.dt.tz_convert(None))
        elif self.kind == "date":
            values = self.values
        else:
            raise self.error(f"{self.shown(self._first())} is no date", self._first())
        if pa.types.is_timestamp(values.type) and values.type.tz is not None:
            values = compute.cast(values, pa.timestamp(values.type.unit))  # in UTC
        micro = compute.cast(compute.cast(values, pa.timestamp("us"), safe=False), pa.int64())
        counted = compute.fill_null(micro, 0).to_numpy(zero_copy_only=False)
        return np.asarray(counted / DAY, np.float64)

    def check_texts(self) -> None:
        """Refuse texts that are numbers but for some mistakes.

        Raises:
            UserError: most of them are numbers; the first that is none is named.
        """
        if error := self._text_among_numbers():
            raise error

    def _text_among_numbers(self) -> UserError | None:
        codes, names = self.texts()
        if not names:
            return None
        is_number = np.array([_is_number(name) for name in names])
        with_comma = np.array([_is_number(name.replace(",", ".", 1)) for name in names])
        there = codes[codes >= 0]
        cure = f"dataset.categories=['{self.name}'] takes its values as categories"
        if is_number[there].mean() >= MOSTLY:
            wrong = np.flatnonzero((codes >= 0) & ~is_number[codes])
            if not len(wrong):  # codes that a file says are texts
                return None
            row = int(wrong[0])
            return self.error(f"{self.shown(row)} is no number, and most of the column are; {cure}", row)
        if with_comma[there].mean() >= MOSTLY:
            row = self._first()
            return self.error(
                f"{self.shown(row)} looks like a number with a decimal comma: \"dataset.decimal=','\"", row
            )
        return None

    def _first(self) -> int:
        return int(np.argmin(self.missing))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text
