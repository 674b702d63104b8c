"""What every data set becomes: examples for training and testing, and the facts about them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.data.fingerprint import fingerprint
from deeplab.data.noise import Noise
from deeplab.data.tables.spec import TableSpec
from deeplab.dataset_info import DatasetInfo


@dataclass(frozen=True)
class Split:
    """Some examples of a data set and their labels."""

    # all examples of the source, [n, ...], uint8 for images and float32 otherwise; may be memory-mapped
    x: NDArray[np.uint8] | NDArray[np.float32]
    # all labels of the source, [n], int32 in [0, num_classes); where they are values and not classes float32, [n] or
    # [n, k]
    y: NDArray[np.int32] | NDArray[np.float32]
    rows: NDArray[np.int64]  # which examples of `x` and `y` belong to this split, in order, int64
    noise: Noise | None = None  # that a network gets the examples with, or None
    # what stands for NaN in each feature of the examples, [features]; None where none is missing
    fill: NDArray[np.float32] | None = None

    @classmethod
    def whole(cls, x: NDArray[np.uint8] | NDArray[np.float32], y: NDArray[np.int32] | NDArray[np.float32]) -> "Split":
        """All examples of `x` and `y`, in their own order."""
        return cls(x, y, np.arange(len(y), dtype=np.int64))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def labels(self) -> Any:
        """The labels of this split's examples, [len(self)]."""
        return self.y[self.rows]

    def images(self, positions: NDArray[np.int64] | slice) -> NDArray[np.uint8] | NDArray[np.float32]:
        """The examples at these positions of the split as the source has them, filled, read into memory."""
        images = self.x[self.rows[positions]]
        return images if self.fill is None else np.where(np.isnan(images), self.fill, images)

    def inputs(self, positions: NDArray[np.int64] | slice) -> NDArray[np.uint8] | NDArray[np.float32]:
        """The examples at these positions as a network gets them: with noise, if the split has any."""
        images = self.images(positions)
        return images if self.noise is None else self.noise.apply(images, self.rows[positions])

    def subset(self, positions: NDArray[np.int64] | slice) -> "Split":
        """The split of the examples at these positions; shares the arrays."""
        return replace(self, rows=self.rows[positions])


@dataclass(frozen=True)
class Splits:
    """A data set ready for use."""

    train: Split  # examples to train on, from which some may be held out
    test: Split  # examples to score on
    info: DatasetInfo  # the facts about them
    validation: Split | None = None  # examples that the data set brings along for validation, or None
    notes: tuple[str, ...] = ()  # what the user should know of how the data were read, each a line
    table: TableSpec | None = None  # the columns that examples are made of, or None
    # by row of the source of `train`, what is never divided between training and validation, int64, or None
    groups: NDArray[np.int64] | None = None
    # whether the groups are times, rising with the rows of `train`: the latest are held out
    in_time_order: bool = False

    def validation_fingerprint(self) -> str:
        """SHA-256 over every example and label that is brought along for validation, before any limit."""
        return "" if self.validation is None else fingerprint(self.validation.x, self.validation.y)
