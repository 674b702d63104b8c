"""How sure an accuracy is, over all rows and class by class."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deeplab.evaluation.scores import Predictions

Z = 1.959963984540054  # the normal distribution has 95 % within


@dataclass(frozen=True)
class Accuracy:
    """A share of right answers."""

    right: int  # answers
    rows: int  # that were asked about
    low: float  # lower end of the 95 % interval, a share
    high: float  # its upper end

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


@dataclass(frozen=True)
class ClassScores:
    """How well one class is known."""

    recall: Accuracy  # right answers among the rows of the class, which is its accuracy
    precision: Accuracy  # right answers among the rows that were called it

    @property
    def f1(self) -> float:
        """Twice the right answers among the rows of the class and those that were called it; nan without any."""
        total = self.recall.rows + self.precision.rows
        return 2 * self.recall.right / total if total else math.nan


def class_scores(predictions: Predictions, class_names: Sequence[str]) -> dict[str, ClassScores]:
    """Score each class, by its name, in their order."""
    labels, called = predictions.labels, predictions.classes
    counts = (
        np.bincount(each, minlength=len(class_names)).tolist() for each in (labels[called == labels], labels, called)
    )
    return {
        name: ClassScores(accuracy(right, rows), accuracy(right, predicted))
        for name, right, rows, predicted in zip(class_names, *counts, strict=True)
    }
