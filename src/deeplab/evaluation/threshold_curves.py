"""What becomes of a classifier of two classes as the score moves from which on it says class 1."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


def roc_curve(labels: NDArray[Any], scores: NDArray[Any]) -> tuple[Float, Float, float]:
    """Compute the false-positive and the true-positive rate at each threshold, and the area under them.

    Args:
        labels: 0 and 1, both of them, [n].
        scores: larger where class 1 is likelier, [n].
    """
    from sklearn import metrics

    false, true, _ = metrics.roc_curve(labels, scores)
    return false, true, float(metrics.auc(false, true))


def precision_recall_curve(labels: NDArray[Any], scores: NDArray[Any]) -> tuple[Float, Float, float, float]:
    """Compute recall and precision at each threshold, the average precision, and the share of class 1.

    The average precision is the area under the steps, sum (recall_i - recall_i-1) precision_i.

    Args:
        labels: 0 and 1, both of them, [n].
        scores: larger where class 1 is likelier, [n].
    """
    from sklearn import metrics

    precision, recall, _ = metrics.precision_recall_curve(labels, scores)
    return recall, precision, float(metrics.average_precision_score(labels, scores)), float(np.mean(labels))
