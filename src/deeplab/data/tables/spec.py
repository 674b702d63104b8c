"""What columns a network takes and how they become its inputs: enough to read another table as the one it learned."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from deeplab.tables.columns import ColumnKind


@dataclass(frozen=True)
class TableColumn:
    """A column that is an input.

    A number, a boolean or a date, in days since the beginning of 1970, is one feature; a category is one for each of
    its values, 1 where it is the value and 0 elsewhere. An indicator follows, 1 where the value is missing.
    """

    name: str  # in the head of the table
    kind: ColumnKind  # of its values
    categories: tuple[str, ...] = ()  # of a category, in the order of its features
    # is taken from a number before it becomes float32, which holds large numbers that differ little as one
    shift: float = 0.0
    # what stands for a missing value: a number (days of a date, 0 or 1 of a boolean), or a category; None where missing
    # values are refused
    fill: float | str | None = None
    has_indicator: bool = False  # whether a feature of its own says that the value is missing

    @property
    def features(self) -> tuple[str, ...]:
        """A name for each feature."""
        own = tuple(f"{self.name}={value}" for value in self.categories) if self.kind == "category" else (self.name,)
        return (*own, f"{self.name} is missing") if self.has_indicator else own

    def fills(self) -> list[float]:
        """What stands for a missing value in each feature; NaN where nothing does."""
        if self.kind == "category":
            own = [np.nan if self.fill is None else float(value == self.fill) for value in self.categories]
        else:
            own = [np.nan if self.fill is None else float(self.fill) - self.shift]
        return [*own, 0.0] if self.has_indicator else own


@dataclass(frozen=True)
class TableTarget:
    """A column that a network is to give."""

    name: str  # in the head of the table
    kind: Literal["class", "number"]  # whether its values are classes or numbers
    class_names: tuple[str, ...] = ()  # the values of classes as texts, in order; empty of numbers


@dataclass(frozen=True)
class TableSpec:
    """A table without its rows."""

    columns: tuple[TableColumn, ...]  # that are inputs, in the order of their features
    targets: tuple[TableTarget, ...]  # what is to be given of a row: one class, or one number or more
    date_format: str | None = None  # of dates that are written as text, as `strptime` has it; None is ISO 8601

    @property
    def features(self) -> tuple[str, ...]:
        """A name for each feature."""
        return tuple(name for column in self.columns for name in column.features)

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns whose values are read as text, whatever they look like."""
        return tuple(column.name for column in self.columns if column.kind == "category")

    @property
    def is_scaled(self) -> NDArray[np.bool_]:
        """Which features are standardised, [features]: numbers and dates; the others are 0 or 1 and stay so."""
        flags = [
            index == 0 and column.kind in ("number", "date")
            for column in self.columns
            for index, _ in enumerate(column.features)
        ]
        return np.array(flags, np.bool_)

    def fills(self) -> NDArray[np.float32]:
        """What stands for a missing value in each feature, [features]; NaN where missing values are refused."""
        return np.array([fill for column in self.columns for fill in column.fills()], np.float32)

    @classmethod
    def from_json(cls, values: Any) -> "TableSpec":
        """Make it of what `dataclasses.asdict` and JSON made of one.

        Raises:
            KeyError, TypeError: it is something else.
        """
        columns = tuple(TableColumn(**{**each, "categories": tuple(each["categories"])}) for each in values["columns"])
        targets = tuple(
            TableTarget(**{**each, "class_names": tuple(each["class_names"])}) for each in values["targets"]
        )
        return cls(columns, targets, values["date_format"])
