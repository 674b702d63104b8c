"""Scores of a classifier over all rows at once, each as scikit-learn has it.

Targets are one-hot rows and outputs probabilities, both [n, classes]. Of a network that gives one number both are
[n, 1], and a number above 0 means class 1.
"""

import math
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 15

Float = NDArray[np.float64]


def most_likely(outputs: NDArray[Any]) -> NDArray[np.int64]:
    """Choose the most likely class of every row, [n], of equals the first; of one number class 1 if it is above 0."""
    if outputs.shape[1] == 1:
        return (outputs[:, 0] > 0).astype(np.int64)
    classes: NDArray[np.int64] = outputs.argmax(axis=1)
    return classes


def f1_macro(targets: NDArray[Any], outputs: NDArray[Any]) -> float:
    """Average F1 = 2 right / (rows + predicted) over the classes that are the class of a row or were predicted."""
    right, rows, predicted = _counts(targets, outputs)
    return _mean_share(2 * right, rows + predicted, rows + predicted > 0)


def precision_macro(targets: NDArray[Any], outputs: NDArray[Any]) -> float:
    """Average right / predicted over the classes that `f1_macro` is of; 0 of a class that was never predicted."""
    right, rows, predicted = _counts(targets, outputs)
    return _mean_share(right, predicted, rows + predicted > 0)


def recall_macro(targets: NDArray[Any], outputs: NDArray[Any]) -> float:
    """Average right / rows over the classes that `f1_macro` is of; 0 of a class that was predicted and has no row."""
    right, rows, predicted = _counts(targets, outputs)
    return _mean_share(right, rows, rows + predicted > 0)


def balanced_accuracy(targets: NDArray[Any], outputs: NDArray[Any]) -> float:
    """Average right / rows over the classes that have rows."""
    right, rows, _ = _counts(targets, outputs)
    return _mean_share(right, rows, rows > 0)


def mcc(targets: NDArray[Any], outputs: NDArray[Any]) -> float:
    """Correlate classes and predictions (Matthews, 1975; of several Gorodkin, 2004), 0 where one is constant."""
    right, rows, predicted = _counts(targets, outputs)
    total = rows.sum()
    spread = (total**2 - predicted @ predicted) * (total**2 - rows @ rows)
    return float((total * right.sum() - predicted @ rows) / math.sqrt(spread)) if spread else 0.0


def kappa(targets: NDArray[Any], outputs: NDArray[Any]) -> float:
    """Measure agreement beyond chance (Cohen, 1960); not a number where all rows and predictions are of one class."""
    right, rows, predicted = _counts(targets, outputs)
    by_chance = float(predicted @ rows / rows.sum() ** 2)
    return math.nan if by_chance == 1 else (float(right.sum() / rows.sum()) - by_chance) / (1 - by_chance)


def auc(targets: NDArray[Any], outputs: NDArray[Any]) -> float:
    """Measure the area under the ROC curve: how often a row of a class is given more of it than a row of another.

    Of two classes that of class 1; of several the mean over the classes that have rows, each against all others.
    Not a number where all rows are of one class.
    """
    if outputs.shape[1] <= 2:
        return _area(targets[:, -1] > 0, outputs[:, -1])
    areas = [_area(targets[:, each] > 0, outputs[:, each]) for each in range(outputs.shape[1])]
    known = [area for area in areas if not math.isnan(area)]
    return fmean(known) if known else math.nan


@dataclass(frozen=True)
class Calibration:
    """How sure a network was and how often it was right, in bins of equal width of the highest probability."""

    counts: NDArray[np.int64]  # rows of each bin, [bins]
    confidence: Float  # mean of their highest probability, [bins]; 0 of an empty bin
    accuracy: Float  # share of them whose most likely class is right, [bins]; 0 of an empty bin

    @property
    def error(self) -> float:
        """The mean distance of the two over all rows."""
        return float(self.counts @ np.abs(self.accuracy - self.confidence) / self.counts.sum())


def calibration(correct: NDArray[np.bool_], surest: NDArray[Any]) -> Calibration:
    """Compare sureness and truth in `BINS` bins from 0 to 1, each without its lower and with its upper edge.

    Args:
        correct: whether the most likely class of a row is right, [n].
        surest: its probability, [n].
    """
    surest = surest.astype(np.float64)
    bins = np.digitize(surest, np.linspace(0, 1, BINS + 1)[1:-1], right=True)
    counts = np.bincount(bins, minlength=BINS)
    some = np.maximum(counts, 1)
    sums = (np.bincount(bins, weights, BINS) for weights in (surest, correct))
    return Calibration(counts, *(each / some for each in sums))


def ece(targets: NDArray[Any], outputs: NDArray[Any]) -> float:
    """Measure the expected calibration error (Guo et al., 2017): sum over bins of n_bin / n |accuracy - confidence|."""
    return calibration(most_likely(outputs) == most_likely(targets), outputs.max(axis=1)).error


def _counts(targets: NDArray[Any], outputs: NDArray[Any]) -> tuple[Float, Float, Float]:
    """Count for each class the rows that were predicted rightly, all its rows, and those that were called it."""
    labels, predicted = most_likely(targets), most_likely(outputs)
    count = max(2, targets.shape[1])
    classes = (labels[labels == predicted], labels, predicted)
    right, rows, called = (np.bincount(each, minlength=count).astype(np.float64) for each in classes)
    return right, rows, called


def _mean_share(part: Float, whole: Float, counted: NDArray[np.bool_]) -> float:
    """Average part / whole over the classes that count; nothing of nothing is 0."""
    return float(np.mean((part / np.maximum(whole, 1))[counted]))


def _area(is_positive: NDArray[np.bool_], scores: NDArray[Any]) -> float:
    """Compute the area from ranks (Mann and Whitney, 1947); equals share the mean of theirs."""
    positives = int(is_positive.sum())
    pairs = positives * (len(is_positive) - positives)
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return float(ranks[is_positive].sum() - positives * (positives + 1) / 2) / pairs if pairs else math.nan
