"""Rows that belong together, all on one side of a split."""

import numpy as np
from numpy.typing import NDArray

Groups = NDArray[np.int64]
Chosen = NDArray[np.bool_]
DRAWS = 50  # orders of the groups, of which the one is taken that comes nearest to what is asked for


def drawn_groups(groups: Groups, labels: NDArray[np.integer] | None, count: int, rng: np.random.Generator) -> Chosen:
    """Draw whole groups, of each class about its share.

    Args:
        groups: of each row, [n], at least two different ones.
        labels: the class of each row, or None where rows have values.
        count: of the rows to choose; as near to it as the groups allow.
        rng: draws them.

    Returns:
        Which rows are chosen, [n]; at least one group is and one is not.
    """
    _, member = np.unique(groups, return_inverse=True)
    classes = np.zeros(len(groups), np.int64) if labels is None else np.unique(labels, return_inverse=True)[1]
    width = int(classes.max()) + 1
    # How many rows of each class a group has, [groups, classes].
    rows = np.bincount(member * width + classes, minlength=(int(member.max()) + 1) * width).reshape(-1, width)
    whole = rows.sum(axis=0)
    best, least = np.array([], np.int64), np.inf
    for _ in range(DRAWS):
        order = rng.permutation(len(rows))
        chosen = order[: _nearest(rows.sum(axis=1)[order], count)]
        taken = rows[chosen].sum(axis=0)
        # Worst is a class that is on one side alone; then shares that differ.
        lost = (taken == 0).sum() + (taken == whole).sum()
        off = lost + np.abs(taken / whole - count / len(groups)).mean() + abs(taken.sum() - count) / len(groups)
        if off < least:
            best, least = chosen, off
    return np.isin(member, best)


def last_groups(groups: Groups, count: int) -> Chosen:
    """The groups whose last rows come last, so that they have about `count` rows together; see `drawn_groups`."""
    distinct, member = np.unique(groups, return_inverse=True)
    last = np.zeros(len(distinct), np.int64)
    np.maximum.at(last, member, np.arange(len(groups)))
    order = np.argsort(-last)
    sizes = np.bincount(member)[order]
    return np.isin(member, order[: _nearest(sizes, count)])


def _nearest(sizes: NDArray[np.int64], count: int) -> int:
    """How many of the first groups come nearest to so many rows; at least one, and not all."""
    return int(np.argmin(np.abs(np.cumsum(sizes)[:-1] - count))) + 1
