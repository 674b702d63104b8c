"""CSV, TSV and Parquet files as pandas' frames, or an error of one line."""

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deeplab.errors import UserError, nearest, one_line
from deeplab.files import existing_file, some
from deeplab.visible import visible_line

SEPARATORS = (",", ";", "\t", "|")
LONGEST_HEAD = 1 << 24  # characters
LONGEST_ROW = 1 << 24  # bytes
MOST_COLUMNS = 100_000
NAMED = 10  # columns in an error
SHOWN = 80  # characters of a name or a value in an error
# What stands for a missing value, as in pandas.
NO_VALUE = (
    *("", "NA", "N/A", "n/a", "<NA>", "#N/A", "#NA", "#N/A N/A", "NULL", "null", "None"),
    *("NaN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
)
# A Parquet file that claims more than both is a trap, and so is a column of more text than Arrow can count.
MOST_PACKED = 100
MOST_BYTES_PACKED = 1 << 30
MOST_TEXT = (1 << 31) - 1


@dataclass(frozen=True)
class TextFormat:
    """How the text of a file is meant; of a Parquet file nothing is asked."""

    # between values; `auto` is that of comma, semicolon, tab and bar which the head has most of
    separator: str = "auto"
    decimal: str = "."  # the character before the decimals of a number
    encoding: str = "utf-8"  # as Python names it

    def __post_init__(self) -> None:
        """Refuse what cannot be meant with a UserError."""
        if not isinstance(self.separator, str) or (self.separator != "auto" and len(self.separator) != 1):
            raise UserError(f"dataset.separator must be one character or auto, got {self.separator!r}.")
        if self.decimal not in (".", ","):
            raise UserError(f"dataset.decimal must be '.' or ',', got {self.decimal!r}.")
        if not isinstance(self.encoding, str):
            raise UserError(f"dataset.encoding must be a name, as cp1252, got {self.encoding!r}.")


@dataclass(frozen=True)
class Table:
    """What a file holds."""

    frame: Any  # a `pandas.DataFrame` of Arrow's types, a missing value being null; its index counts rows from 0
    unnamed: int  # how many columns have no name, which are not read; row numbers often have none


def read_table(
    text: str,
    setting: str,
    form: TextFormat,
    only: Sequence[str] | None = None,
    as_text: Collection[str] = (),
) -> Table:
    """Read a table; its first line names the columns.

    Args:
        text: the path, as it was given.
        setting: that holds it, as in `dataset.path`; empty where none does.
        form: of CSV and TSV.
        only: the columns to read; None reads all.
        as_text: columns whose values are texts although they may look like numbers, as codes with leading zeros.

    Raises:
        UserError: the file cannot be read, lacks a column, has no rows, or columns of one name.
    """
    import pandas as pd
    import pyarrow as pa

    path = existing_file(text, setting)
    where = f"{setting}={text}" if setting else text
    try:
        is_parquet = _is_parquet(path)
        table, unnamed = (
            _read_parquet(path, where, only) if is_parquet else _read_text(path, where, form, only, as_text)
        )
    except PermissionError:
        raise UserError(f"{where}: no permission to read this file.") from None
    except MemoryError:
        raise UserError(f"{where}: the table does not fit into memory.") from None
    except (pa.ArrowException, OSError, ValueError, csv.Error) as error:
        raise UserError(f"{where}: this is no table that can be read ({shortened(one_line(error))}).") from error
    if table.num_rows == 0:
        raise UserError(f"{where}: the file names columns and has no rows.")
    return Table(table.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True), unnamed)


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as stream:
        return path.suffix.lower() in (".parquet", ".pq") or stream.read(4) == b"PAR1"


def _read_parquet(path: Path, where: str, only: Sequence[str] | None) -> tuple[Any, int]:
    from pyarrow import parquet

    def check(claimed: str, size: int) -> None:
        if size > max(MOST_BYTES_PACKED, MOST_PACKED * path.stat().st_size):
            raise UserError(
                f"{where}: the file claims {claimed}, more than its {path.stat().st_size:,} bytes can hold."
            )

    schema = parquet.read_schema(path)
    # A text that is repeated stays one text, until it is known how much all of it would be.
    texts = [field.name for field in schema if _is_text(field.type)]
    with parquet.ParquetFile(path, read_dictionary=texts) as file:
        names, facts = list(schema.names), file.metadata
        check(f"{facts.num_rows:,} rows of {len(names):,} columns", 8 * facts.num_rows * len(names))
        groups = (facts.row_group(group) for group in range(facts.num_row_groups))
        check("more values", sum(group.total_byte_size for group in groups))
        # What other programs keep with a table may be anything, and is not asked.
        read = file.read(columns=_chosen(names, where, only)).replace_schema_metadata(None)
    sizes = [_text_bytes(column) for column in read.columns]
    check(f"{sum(sizes):,} bytes of text", sum(sizes))
    for name, size in zip(read.column_names, sizes, strict=True):
        if size > MOST_TEXT:
            raise UserError(f"{where}: column '{shortened(name)}': {size:,} bytes of text are too many.")
    return read, names.count("")


def _is_text(type_: Any) -> bool:
    from pyarrow import types

    kinds = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    return any(is_kind(type_) for is_kind in kinds)


def _text_bytes(column: Any) -> int:
    """How many bytes the texts of a column take once each row has its own; 0 of other columns."""
    from pyarrow import compute, types

    if not types.is_dictionary(column.type) or not _is_text(column.type.value_type):
        return 0
    lengths = ((chunk.indices, compute.binary_length(chunk.dictionary)) for chunk in column.chunks)
    return sum(compute.sum(compute.take(each, indices)).as_py() or 0 for indices, each in lengths)


def _read_text(
    path: Path, where: str, form: TextFormat, only: Sequence[str] | None, as_text: Collection[str]
) -> tuple[Any, int]:
    import pyarrow as pa
    from pyarrow import csv as arrow

    if form.separator == form.decimal:
        raise UserError(f"dataset.separator and dataset.decimal are both '{form.decimal}'.")
    written, separator = _head(path, where, form)
    names = [name.strip() for name in written]
    in_file = dict(zip(names, written, strict=True))
    # Not pandas' own reader, which cannot say that there may be line ends in quotes: a large file breaks at them.
    parse = arrow.ParseOptions(delimiter=separator, newlines_in_values=True)
    convert = arrow.ConvertOptions(
        include_columns=[in_file[name] for name in _chosen(names, where, only)],
        column_types={in_file[name]: pa.large_string() for name in as_text if name in in_file},
        null_values=list(NO_VALUE),
        strings_can_be_null=True,
        decimal_point=form.decimal,
    )
    try:
        with pa.OSFile(str(path)) as stream:  # not mapped: a file that shrinks meanwhile would end the process
            # A row has to fit into two blocks.
            reading = arrow.ReadOptions(encoding=form.encoding, block_size=LONGEST_ROW)
            table = arrow.read_csv(stream, reading, parse, convert)
    except pa.ArrowInvalid as error:
        if "straddling" in str(error):
            raise UserError(
                f"{where}: a row is longer than {LONGEST_ROW:,} bytes; is a quotation mark missing?"
            ) from error
        if "Empty CSV file" in str(error):  # a head without a line end
            raise UserError(f"{where}: the file names columns and has no rows.") from error
        if "columns, got" not in str(error):
            raise
        raise _ragged(path, where, form, separator, len(names)) from error
    return table.rename_columns([name.strip() for name in table.column_names]), names.count("")


def _head(path: Path, where: str, form: TextFormat) -> tuple[list[str], str]:
    """The names of the columns as they are written, and the separator."""
    if path.stat().st_size == 0:
        raise UserError(f"{where}: the file is empty.")
    try:
        with path.open(encoding=_codec(form), newline="") as stream:
            text = stream.read(LONGEST_HEAD)
    except UnicodeDecodeError as error:
        raise no_encoding(where, form) from error
    except LookupError as error:
        raise UserError(f"dataset.encoding={form.encoding}: there is no such encoding.") from error
    if "\0" in text:
        raise UserError(f"{where}: this is neither text nor a Parquet file.")
    lines = text.lstrip("\r\n")
    if not lines.strip():
        raise UserError(f"{where}: the file is empty.")
    separator = form.separator
    if separator == "auto":
        first = re.sub(r'"[^"]*"', "", lines.splitlines()[0])
        among = [each for each in SEPARATORS if each != form.decimal]
        separator = max(among, key=first.count)
    return next(csv.reader(io.StringIO(lines, newline=""), delimiter=separator)), separator


def no_encoding(where: str, form: TextFormat) -> UserError:
    """The error for text that is in another encoding."""
    return UserError(
        f"{where}: this is not written in {form.encoding}. Give dataset.encoding, as in dataset.encoding=cp1252."
    )


def _chosen(names: Sequence[str], where: str, only: Sequence[str] | None) -> list[str]:
    """The columns to read, once none is there twice."""
    if len(names) > MOST_COLUMNS:
        raise UserError(f"{where}: {len(names):,} columns; {MOST_COLUMNS:,} are the most that is read.")
    named = [name for name in names if name]
    if len(set(named)) < len(named):
        twice = [name for name, count in Counter(named).items() if count > 1]
        raise UserError(f"{where}: several columns are named {some([shortened(name) for name in twice])}.")
    for name in only or ():
        if name not in named:
            raise no_column(name, named, where)
    return named if only is None else list(only)


def no_column(name: str, names: Sequence[str], where: str) -> UserError:
    """The error for a column that is not there, with the nearest name, and ten of those that are."""
    more = len(names) - NAMED
    known = ", ".join(shortened(each) for each in (names[:NAMED] if more > 0 else sorted(names)))
    known += f" and {more:,} more" if more > 0 else ""
    guess = nearest(name, [each for each in names if len(each) <= SHOWN])
    return UserError(f"Unknown column '{shortened(name)}' in {where}. {guess}Known: {known}.")


def _ragged(path: Path, where: str, form: TextFormat, separator: str, columns: int) -> UserError:
    """The error that names the first row with more or fewer values than there are columns."""
    with path.open(encoding=_codec(form), newline="", errors="replace") as stream:
        rows = (values for values in csv.reader(stream, delimiter=separator) if values)
        for row, values in enumerate(rows):  # the head is row 0
            if len(values) != columns:
                shown = shortened(separator.join(values))
                return UserError(f"{where}: row {row:,} has {len(values):,} values for {columns:,} columns: {shown}")
    return UserError(f"{where}: a row has more or fewer values than the {columns:,} columns.")


def _codec(form: TextFormat) -> str:
    """The encoding, a mark at the beginning left out."""
    return "utf-8-sig" if form.encoding.lower().replace("_", "-") in ("utf-8", "utf8") else form.encoding


def shortened(text: str) -> str:
    """The beginning of a text, on one line, for an error."""
    return visible_line(text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}...")
