"""What a network needs to know of the rows it is for."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Of the mean of a column of float32: less is what the mean of equal values was rounded by.
LEAST_DEVIATION = 1e-12


@dataclass(frozen=True)
class Standardization:
    """What brings numbers to mean 0 and deviation 1, each column (or channel) by itself: (x - mean) / deviation."""

    mean: tuple[float, ...]  # of each column
    deviation: tuple[float, ...]  # of each column, by n; 1 where all values are the same, but for rounding

    @classmethod
    def of(cls, mean: NDArray[np.floating], variance: NDArray[np.floating]) -> "Standardization":
        """Make it of the means and variances of the columns, [n] each."""
        deviation = np.sqrt(variance)
        differs = deviation > LEAST_DEVIATION * np.abs(mean)
        return cls(tuple(mean.tolist()), tuple(np.where(differs, deviation, 1.0).tolist()))


@dataclass(frozen=True)
class DatasetInfo:
    """What a network and a report need to know of a data set."""

    name: str  # as in `dataset=mnist`
    input_shape: tuple[int, ...]  # shape of one row; images are (height, width, channels)
    num_classes: int  # number of classes; 0 where rows have values instead
    class_names: tuple[str, ...]  # a name for each class
    fingerprint: str  # SHA-256 over every row and label of the source, before any limit
    # what a row is multiplied by inside the network: 1/255 for uint8 images, 1 for floats, unless the source says
    # otherwise
    scale: float
    # of the values that a row has instead of a class; empty where there is one without a name
    target_names: tuple[str, ...] = ()
    # what rows are standardised by inside the network, after `scale`; None where they are not
    inputs: Standardization | None = None
    # what values are standardised by inside the network and in its loss; None where they are not
    targets: Standardization | None = None
    background: str = ""  # what transparent image files are laid on, where that is not white

    @property
    def is_image(self) -> bool:
        """Whether rows are images of shape (height, width, channels)."""
        return len(self.input_shape) == 3

    def shown(self, images: NDArray[Any]) -> NDArray[Any]:
        """Return images as figures take them: bytes as they are, others multiplied by `scale`."""
        if images.dtype == np.uint8 and self.scale == 1 / 255:
            return images
        return np.asarray(images * np.float32(self.scale), np.float32)

    @property
    def num_targets(self) -> int:
        """How many numbers a regression is to give of a row."""
        return len(self.target_names) or 1

    def numbers(self, labels: Any) -> NDArray[np.float32]:
        """Return what a regression is to give for these labels, [n, k]: their values, or -1 and +1 for two classes."""
        values = np.asarray(labels * 2 - 1 if self.num_classes else labels, np.float32)
        return values.reshape(len(values), self.num_targets)
