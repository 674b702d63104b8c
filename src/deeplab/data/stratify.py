"""Some of the examples of a data set, of each class the share that it has in all of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int32]
Positions = NDArray[np.int64]


def has_classes(labels: NDArray[Any]) -> bool:
    """Whether labels are classes, and not values."""
    return labels.dtype.kind == "i"


def stratified_split(labels: Labels, test_fraction: float, rng: np.random.Generator) -> tuple[Positions, Positions]:
    """Draw test examples from each class; at least one example of a class goes to either side.

    Args:
        labels: [n], every class with two examples or more.
        test_fraction: share of the test examples, in (0, 1), rounded class by class.
        rng: draws the examples and the order of both sides.

    Returns:
        The training examples and the test examples, each in an order that has nothing to do with the class.

    Raises:
        ValueError: a class has a single example.
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


def split_off(labels: NDArray[Any], test_fraction: float, rng: np.random.Generator) -> tuple[Positions, Positions]:
    """Draw test examples as `stratified_split` does; of values, [n] or [n, k], any.

    Raises:
        ValueError: a class, or the whole, has a single example.
    """
    if has_classes(labels):
        return stratified_split(labels, test_fraction, rng)
    if len(labels) < 2:
        raise ValueError("there is a single row, which cannot be split")
    order = rng.permutation(len(labels))
    count = min(max(round(len(labels) * test_fraction), 1), len(labels) - 1)
    return order[count:], order[:count]


def first_of_each(labels: Labels, order: Positions, count: int, keep: int = 0) -> Positions:
    """Exactly `count` positions, of each class its share (largest remainders), at least one, the first in an order.

    Args:
        labels: [n].
        order: all positions from 0 to n - 1, each once; of a class those that come first are taken.
        count: at least the number of classes.
        keep: as many examples of each class are not taken; 0 or 1.

    Returns:
        The positions, rising.

    Raises:
        ValueError: such a choice is not possible.

    Examples:
        >>> first_of_each(np.array([0, 0, 0, 0, 1, 1], np.int32), order=np.array([5, 4, 3, 2, 1, 0]), count=3)
        array([2, 3, 5])
    """
    _, classes, sizes = np.unique(labels[order], return_inverse=True, return_counts=True)
    taken = _shares(sizes, count, sizes - keep)
    by_class = np.argsort(classes, kind="stable")  # the order within each class, class after class
    starts = np.cumsum(sizes) - sizes
    rank = np.empty(len(order), np.int64)
    rank[by_class] = np.arange(len(order)) - np.repeat(starts, sizes)
    return np.sort(order[rank < taken[classes]])


def _shares(sizes: NDArray[np.int64], count: int, most: NDArray[np.int64]) -> NDArray[np.int64]:
    """`count` in whole numbers from 1 to `most`, as nearly in the proportion of the sizes as that goes."""
    if (most < 1).any() or not len(sizes) <= count <= most.sum():
        raise ValueError(f"{count} rows cannot be shared by {len(sizes)} classes of {sizes.tolist()[:10]} rows")
    exact = sizes * (count / sizes.sum())
    shares: Positions = np.clip(np.floor(exact).astype(np.int64), 1, most)
    while (missing := count - int(shares.sum())) != 0:
        step = 1 if missing > 0 else -1
        free = np.flatnonzero(shares < most if step > 0 else shares > 1)
        nearest = free[np.argsort(step * (shares - exact)[free], kind="stable")]
        shares[nearest[: abs(missing)]] += step
    return shares
