"""Tables, a person's own and scikit-learn's: part of the group `dataset`."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic.dataclasses import dataclass

from deeplab.config.schema.fields import STRICT, Fraction, PositiveInt, Text

TABLE_KINDS = ("iris", "wine", "breast_cancer", "diabetes")

Names = tuple[Text, ...]


@dataclass(frozen=True, config=STRICT)
class BuiltInTableConfig:
    """A table of scikit-learn's, which needs no download; the split is always the same."""

    kind: Literal["iris", "wine", "breast_cancer", "diabetes"]
    limit: PositiveInt | None
    stratify: bool
    standardize: bool


@dataclass(frozen=True, config=STRICT)
class CsvConfig:
    """A user's own CSV, TSV or Parquet file, a row for each example."""

    kind: Literal["csv"]
    path: Text
    target: Text | Annotated[Names, Field(min_length=1)]
    features: Annotated[Names, Field(min_length=1)] | None
    drop: Names
    categories: Names
    dates: Names
    date_format: Text | None
    separator: Literal["auto"] | Annotated[str, Field(min_length=1, max_length=1)]
    decimal: Literal[".", ","]
    encoding: Text
    missing: Literal["refuse", "drop", "impute"]
    task: Literal["auto", "classification", "regression", "reconstruction"]
    test_path: Text | None
    test_fraction: Fraction
    split_seed: Annotated[int, Field(ge=0, lt=2**32)]
    group: Text | None
    time: Text | None
    limit: PositiveInt | None
    stratify: bool
    standardize: bool

    @field_validator("time")
    @classmethod
    def _divides_one_way(cls, time: str | None, info: ValidationInfo) -> str | None:
        if time is not None and info.data.get("group") is not None:
            raise ValueError("must be null where dataset.group is given: rows are divided by groups or by time")
        return time

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns to be predicted."""
        return (self.target,) if isinstance(self.target, str) else self.target
