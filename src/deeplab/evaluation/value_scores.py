"""Scores of a regression over all rows at once, each as scikit-learn has it: targets and outputs [n, k]."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


def rmse(targets: NDArray[Any], outputs: NDArray[Any]) -> float:
    """Average over the values of a row the root of the mean squared error of each."""
    return float(np.mean(root_errors(targets, outputs)))


def r2(targets: NDArray[Any], outputs: NDArray[Any]) -> float:
    """Average over the values of a row the share of its variance that is explained, 1 at best, below 0 at worst."""
    return float(np.mean(explained(targets, outputs)))


def absolute_errors(targets: NDArray[Any], outputs: NDArray[Any]) -> Float:
    """Average the absolute errors of each value, [k]."""
    errors: Float = np.mean(np.abs(_errors(targets, outputs)), axis=0)
    return errors


def root_errors(targets: NDArray[Any], outputs: NDArray[Any]) -> Float:
    """Take the root of the mean squared error of each value, [k]."""
    errors: Float = np.sqrt(np.mean(_errors(targets, outputs) ** 2, axis=0))
    return errors


def explained(targets: NDArray[Any], outputs: NDArray[Any]) -> Float:
    """Compute 1 - squared errors / squared deviations from the mean of each value, [k].

    Of a value that is the same in all rows 1 where every prediction is right, else 0. Not a number of a single row.
    """
    if len(targets) < 2:
        return np.full(targets.shape[1], math.nan)
    squares = np.sum(_errors(targets, outputs) ** 2, axis=0)
    total = np.sum((targets - np.mean(targets, axis=0, dtype=np.float64)) ** 2, axis=0)
    shares: Float = np.where(total > 0, 1 - squares / np.where(total > 0, total, 1), squares == 0)
    return shares


def _errors(targets: NDArray[Any], outputs: NDArray[Any]) -> Float:
    errors: Float = np.subtract(outputs, targets, dtype=np.float64)
    return errors
