"""How sure an accuracy is, over all rows and class by class."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deeplab.evaluation.scores import Predictions

Z = 1.959963984540054  # the normal distribution has 95 % within


@dataclass(frozen=True)
class Accuracy:
    """A share of right answers.

    Attributes:
        right: answers.
        rows: that were asked about.
        low: lower end of the 95 % interval, a share.
        high: its upper end.
    """

    right: int
    rows: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share, not a number where nothing was asked about."""
        return self.right / self.rows if self.rows else math.nan


def accuracy(right: int, rows: int) -> Accuracy:
    """An accuracy with the score interval of Wilson (1927).

    (p + z²/2n ± z √(p(1 - p)/n + z²/4n²)) / (1 + z²/n): unlike p ± z √(p(1 - p)/n) it stays in [0, 1], and it is
    wider than nothing where every answer was right.

    Args:
        right: answers, at most `rows`.
        rows: none give the interval from 0 to 1.
    """
    if rows == 0:
        return Accuracy(0, 0, 0.0, 1.0)
    share, spread = right / rows, Z * Z / rows
    middle = share + spread / 2
    half = math.sqrt(share * (1 - share) * spread + spread * spread / 4)
    low = 0.0 if right == 0 else (middle - half) / (1 + spread)
    high = 1.0 if right == rows else (middle + half) / (1 + spread)
    return Accuracy(right, rows, low, high)


def class_accuracies(predictions: Predictions, class_names: Sequence[str]) -> list[Accuracy]:
    """The accuracy among the rows of each class, in the order of the classes."""
    hits = predictions.classes == predictions.labels
    rows = np.bincount(predictions.labels, minlength=len(class_names))
    right = np.bincount(predictions.labels[hits], minlength=len(class_names))
    return [accuracy(int(r), int(n)) for r, n in zip(right, rows, strict=True)]
