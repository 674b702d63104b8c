"""A split that takes the same share of each class."""

import numpy as np
from numpy.typing import NDArray


def stratified_split(
    labels: NDArray[np.int32], test_fraction: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw test rows from each class; at least one row of a class goes to either side.

    Args:
        labels: [n], every class with two rows or more.
        test_fraction: share of the test rows, in (0, 1), rounded class by class.
        rng: draws the rows and the order of both sides.

    Returns:
        The training rows and the test rows, each in an order that has nothing to do with the class.

    Raises:
        ValueError: a class has a single row.
    """
    train, test = [], []
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        if len(rows) < 2:
            raise ValueError(f"class {label} has a single row, which cannot be split")
        count = min(max(round(len(rows) * test_fraction), 1), len(rows) - 1)
        test.append(rows[:count])
        train.append(rows[count:])
    return rng.permutation(np.concatenate(train)), rng.permutation(np.concatenate(test))
