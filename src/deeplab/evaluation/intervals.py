"""Intervals of a difference between two networks, and what may be said from one."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["better", "worse", "equal", "undecided"]


@dataclass(frozen=True)
class Interval:
    """Where a difference lies with some confidence; above 0 the first of two is better than the second."""

    mean: float  # of the differences that were seen
    low: float  # end of the interval, at most the mean
    high: float  # end of the interval, at least the mean


def verdict(interval: Interval | None, margin: float = 0.0) -> Verdict:
    """Tell what an interval says of the first of two.

    `equal`: the whole interval lies within ± margin. `better`, `worse`: all of it lies on one side of 0. Where both are
    so, `equal` wins: the margin is what a person said does not matter, so a difference that is surely there and surely
    smaller is no reason to prefer one; the interval beside the word still shows on which side it lies. Without a margin
    only scores that are the same at every seed are equal.

    Args:
        interval: of differences whose positive values are in favour of the first, or None where there is none yet.
        margin: the largest difference that does not matter, at least 0, in the unit of the differences.

    Raises:
        ValueError: the margin is negative or no number.

    Examples:
        >>> verdict(Interval(0.02, 0.01, 0.03)), verdict(Interval(-0.02, -0.03, -0.01))
        ('better', 'worse')
        >>> verdict(Interval(0.02, 0.01, 0.03), margin=0.05), verdict(Interval(0.02, -0.01, 0.05)), verdict(None)
        ('equal', 'undecided', 'undecided')
    """
    if not margin >= 0:
        raise ValueError(f"a margin is at least 0, got {margin!r}")
    if interval is None:
        return "undecided"
    if -margin <= interval.low and interval.high <= margin:
        return "equal"
    if interval.low > 0:
        return "better"
    return "worse" if interval.high < 0 else "undecided"
