"""What a data set is before anything is trained: its parts, values, duplicates and the split that would be made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.config.schema import CsvConfig, ExperimentConfig
from deeplab.data.hold_out import hold_out
from deeplab.data.load import load
from deeplab.data.overlap import row_hashes
from deeplab.data.splits import Split, Splits
from deeplab.data.tables.spec import TableColumn, TableSpec
from deeplab.workflows.data_notes import data_notes, overlaps

BLOCK_ROWS = 4096
CHANNELS = {1: ["brightness"], 3: ["red", "green", "blue"], 4: ["red", "green", "blue", "opacity"]}


@dataclass(frozen=True)
class Column:
    """The values of a feature, of a channel or of a target, over all rows that come for training."""

    name: str  # of it
    smallest: float  # of its values
    median: float  # of them
    mean: float  # of them
    deviation: float  # standard deviation, by n
    largest: float  # of them
    missing: int  # rows without a value
    is_date: bool = False  # whether the values are days since the beginning of 1970

    @property
    def is_constant(self) -> bool:
        """Whether all values are the same."""
        return self.smallest == self.largest

    @classmethod
    def of_bytes(cls, name: str, counts: NDArray[np.int64]) -> "Column":
        """Sum up bytes of which it is known how many there are of each, [256]."""
        values, there = np.arange(256), np.flatnonzero(counts)
        mean = np.average(values, weights=counts)
        deviation = np.sqrt(np.average((values - mean) ** 2, weights=counts))
        total = int(counts.sum())
        median = np.searchsorted(np.cumsum(counts), [(total + 1) // 2, total // 2 + 1]).mean()
        return cls(name, float(there[0]), float(median), float(mean), float(deviation), float(there[-1]), 0)

    @classmethod
    def of(cls, name: str, values: NDArray[np.floating]) -> "Column":
        """Sum up values, [n]; NaN is a missing one."""
        there = values[~np.isnan(values)].astype(np.float64)
        missing = len(values) - len(there)
        if not len(there):
            nan = float("nan")
            return cls(name, nan, nan, nan, nan, nan, missing)
        low, middle, high = there.min(), np.median(there), there.max()
        return cls(name, float(low), float(middle), float(there.mean()), float(there.std()), float(high), missing)


@dataclass(frozen=True)
class Category:
    """A column whose values are names, over all rows that come for training."""

    name: str  # of the column
    counts: Mapping[str, int]  # rows of each value, in the order in which a network gets them
    missing: int  # rows without a value


@dataclass(frozen=True)
class Duplicates:
    """Rows that are equal in every value."""

    in_training: int  # training rows that repeat an earlier one
    in_test: int  # test rows that repeat an earlier one of the test set
    conflicting: int  # rows, each counted once, that occur with different labels or values to predict


@dataclass(frozen=True)
class DataDescription:
    """A data set."""

    splits: Splits  # all of it
    train: Split  # the rows that would be learned from
    validation: Split | None  # those that would be validated on, or None
    # of the rows: features of points, channels of images; of a table numbers, dates in days since the beginning of
    # 1970, and booleans
    columns: tuple[Column, ...]
    categories: tuple[Category, ...]  # of a table, its other columns
    targets: tuple[Column, ...]  # of the values to predict; none where rows have classes
    duplicates: Duplicates  # among the rows
    overlaps: Mapping[str, int]  # how many rows of a part are training rows, too, by part: `test`, `validation`
    notes: tuple[str, ...]  # what a training would say of the data, each a line

    @property
    def parts(self) -> dict[str, Split]:
        """The rows that would be learned from, validated on and tested on, by name."""
        validation = {} if self.validation is None else {"validation": self.validation}
        return {"training": self.train, **validation, "test": self.splits.test}


def describe_data(config: ExperimentConfig, work_folder: Path) -> DataDescription:
    """Read a data set and sum it up.

    Args:
        config: whose groups `dataset` and `validation`, and whose seed, are meant.
        work_folder: where decoded images are kept.

    Raises:
        UserError: the data cannot be used, or not be split like that.
    """
    dataset, refused = config.dataset, list[str]()
    if isinstance(dataset, CsvConfig) and dataset.missing == "refuse":
        dataset = replace(dataset, missing="impute")  # to be described, a table need not be complete
    splits = load(dataset, work_folder)
    if dataset is not config.dataset and np.isnan(splits.train.x).any():
        refused.append("so it is with dataset.missing=impute; a training refuses it without, or dataset.missing=drop")
    train, validation = hold_out(splits, config.validation, config.seed)
    seen = overlaps(splits, train, validation)
    names = splits.info.target_names or ("value",)
    numbers = [] if splits.info.num_classes else list(splits.info.numbers(splits.train.labels).T)
    return DataDescription(
        splits=splits,
        train=train,
        validation=validation,
        columns=_columns(splits) if splits.table is None else tuple(_columns_of_table(splits, splits.table)),
        categories=() if splits.table is None else tuple(_categories(splits, splits.table)),
        targets=tuple(Column.of(name, values) for name, values in zip(names, numbers, strict=False)),
        duplicates=_duplicates(splits),
        overlaps=seen,
        notes=(*splits.notes, *refused, *data_notes(splits, train, validation, seen, config.validation.kind)),
    )


def _columns(splits: Splits) -> tuple[Column, ...]:
    """Sum up each feature of points, each channel of images."""
    count = splits.info.input_shape[-1]
    names = [f"feature {number + 1}" for number in range(count)]
    if splits.info.is_image:
        names = CHANNELS.get(count, [f"channel {number + 1}" for number in range(count)])
    if splits.train.x.dtype != np.uint8:
        values: Any = splits.train.images(slice(None)).reshape(-1, count).T
        return tuple(Column.of(name, each) for name, each in zip(names, values, strict=True))
    counts = np.zeros((count, 256), np.int64)
    for start in range(0, len(splits.train), BLOCK_ROWS):
        block = splits.train.images(slice(start, start + BLOCK_ROWS)).reshape(-1, count)
        counts += [np.bincount(each, minlength=256) for each in block.T]
    return tuple(Column.of_bytes(name, each) for name, each in zip(names, counts, strict=True))


def _columns_of_table(splits: Splits, table: TableSpec) -> Iterator[Column]:
    for column, first in places(table):
        if column.kind != "category":
            values = _feature(splits.train, first).astype(np.float64) + column.shift
            yield replace(Column.of(column.name, values), is_date=column.kind == "date")


def _categories(splits: Splits, table: TableSpec) -> Iterator[Category]:
    for column, first in places(table):
        if column.kind == "category":
            values = [_feature(splits.train, first + number) for number in range(len(column.categories))]
            counts = [int(np.nansum(each)) for each in values]
            yield Category(
                column.name, dict(zip(column.categories, counts, strict=True)), int(np.isnan(values[0]).sum())
            )


def places(table: TableSpec) -> Iterator[tuple[TableColumn, int]]:
    """Yield each column with the number of its first feature."""
    first = 0
    for column in table.columns:
        yield column, first
        first += len(column.features)


def _feature(part: Split, number: int) -> Any:
    return part.x[part.rows, number]


def _duplicates(splits: Splits) -> Duplicates:
    labels: dict[bytes, set[bytes]] = {}
    repeated = {}
    for name, part in (("in_training", splits.train), ("in_test", splits.test)):
        seen: set[bytes] = set()
        for row, label in zip(row_hashes(part), part.labels, strict=True):
            seen.add(row)
            labels.setdefault(row, set()).add(label.tobytes())
        repeated[name] = len(part) - len(seen)
    return Duplicates(**repeated, conflicting=sum(len(each) > 1 for each in labels.values()))
