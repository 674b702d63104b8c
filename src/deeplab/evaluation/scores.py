"""Scores and predictions of a trained network on rows it has not been trained on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Predictions:
    """What a classifier said of every row of a split.

    Attributes:
        probabilities: [n, num_classes], float32.
        labels: the right classes, [n], int32.
    """

    probabilities: NDArray[np.float32]
    labels: NDArray[np.int32]

    @property
    def classes(self) -> NDArray[np.int64]:
        """The most likely class of every row, [n]."""
        return np.argmax(self.probabilities, axis=1)
