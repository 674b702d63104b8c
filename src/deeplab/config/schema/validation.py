"""Which examples are held out: the group `validation`."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from deeplab.config.schema.fields import STRICT, Fraction, PositiveInt


@dataclass(frozen=True, config=STRICT)
class TailConfig:
    """The last examples of the training set are held out, as Keras' validation_split does."""

    kind: Literal["tail"]
    fraction: Fraction


@dataclass(frozen=True, config=STRICT)
class RandomConfig:
    """Examples drawn from the training set by the seed are held out; with `stratify` the same share of each class."""

    kind: Literal["random"]
    fraction: Fraction
    stratify: bool


@dataclass(frozen=True, config=STRICT)
class KFoldConfig:
    """One of several folds of the training set is held out; with `stratify` each has the same share of each class."""

    kind: Literal["kfold"]
    folds: Annotated[int, Field(ge=2, le=10_000)]
    fold: PositiveInt | None  # which one, from 1; a sweep trains once for each where it is open
    stratify: bool

    def __post_init__(self) -> None:
        if self.fold is not None and self.fold > self.folds:
            raise ValueError(f"fold must be from 1 to {self.folds}, the number of folds, got {self.fold}")


@dataclass(frozen=True, config=STRICT)
class GivenConfig:
    """The examples that the data set brings along for validation, as x_val and y_val of an `.npz`."""

    kind: Literal["given"]


@dataclass(frozen=True, config=STRICT)
class TestConfig:
    """The test set is the validation set, as some reports did it; the run is tagged so."""

    __test__ = False  # not a test class, whatever pytest thinks of the name

    kind: Literal["test"]


@dataclass(frozen=True, config=STRICT)
class NoValidationConfig:
    """Nothing is held out."""

    kind: Literal["none"]


ValidationConfig = Annotated[
    TailConfig | RandomConfig | KFoldConfig | GivenConfig | TestConfig | NoValidationConfig, Field(discriminator="kind")
]
