"""The rule of a verdict: an interval of what was measured lies within what is asked for, wholly outside, or neither."""

import math
from collections.abc import Sequence
from fractions import Fraction

from deeplab.evaluation.statistics import CONFIDENCE, statistics
from deeplab.study.config import ReportedValue

REPRODUCED, DIFFERS = "reproduced", "differs"  # of a published figure
HOLDS, FALLS_SHORT = "holds", "falls short"  # of a bound
UNDECIDED, NOT_RUN = "undecided", "not yet run"
GOOD, BAD, OPEN = (REPRODUCED, HOLDS), (DIFFERS, FALLS_SHORT), (UNDECIDED, NOT_RUN)

ENOUGH_ALIKE = 3
# In the decimals that people write, or infinite.
Number = Fraction | float
Interval = tuple[Number, Number]


def outcome(figure: ReportedValue, interval: Interval | None) -> str:
    """Tell what an interval says of a figure; the edges belong to what is asked for, and no number lies in it.

    Args:
        figure: that was published, or asked for.
        interval: of what was measured; None where there are too few runs for one.
    """
    if interval is None:
        return UNDECIDED
    low, high = interval
    least, most = asked_for(figure)
    good, bad = (REPRODUCED, DIFFERS) if figure.reported is not None else (HOLDS, FALLS_SHORT)
    if least <= low and high <= most:
        return good
    return UNDECIDED if low <= most and high >= least else bad


def asked_for(figure: ReportedValue) -> Interval:
    """Return the smallest and the largest value that are as published, or within the bounds."""
    if figure.reported is not None:
        assert figure.tolerance is not None
        return exact(figure.reported) - exact(figure.tolerance), exact(figure.reported) + exact(figure.tolerance)
    return _bounds(figure.at_least, figure.at_most)


def is_within(figure: ReportedValue, value: float) -> bool:
    """Tell whether a single run is as asked for; of a share, whether it is counted."""
    each = _bounds(figure.each_at_least, figure.each_at_most) if figure.over == "share" else asked_for(figure)
    return each[0] <= exact(value) <= each[1]


def mean_interval(values: Sequence[float], is_without_chance: bool) -> Interval | None:
    """Return the 95 % t-interval of a mean (Student, 1908); None of a single value, and of two that are the same.

    Args:
        values: at least one. Where ENOUGH_ALIKE are all the same, that is the interval: two of 10,000 rows may be so by
            chance. Of infinite and other values together nothing is known.
        is_without_chance: whether every run has the same value, so that one run tells it.
    """
    if len(set(values)) == 1:
        told = is_without_chance or len(values) >= ENOUGH_ALIKE
        return (exact(values[0]), exact(values[0])) if told else None
    if any(map(math.isnan, values)):
        return math.nan, math.nan
    if not all(map(math.isfinite, values)):
        return -math.inf, math.inf
    mean = sum(map(exact, values), Fraction(0)) / len(values)
    half = exact(statistics(values).interval or 0.0)
    return mean - half, mean + half


def share_interval(counted: int, count: int) -> Interval | None:
    """Return the exact 95 % interval of a probability (Clopper and Pearson, 1934); None of a single try.

    Args:
        counted: how many of the tries succeeded.
        count: of how many.
    """
    if count < 2:
        return None
    from scipy.stats import beta

    tail = (1 - CONFIDENCE) / 2
    low = float(beta.ppf(tail, counted, count - counted + 1)) if counted else 0.0
    high = float(beta.ppf(1 - tail, counted + 1, count - counted)) if counted < count else 1.0
    return low, high


def difference(value: float, less: float) -> float:
    """Subtract as it is written: 0.3 - 0.1 is 0.2."""
    if math.isfinite(value) and math.isfinite(less):
        return float(exact(value) - exact(less))
    return value - less


def exact(value: float) -> Number:
    """Return the shortest decimal that is this number: 0.1, not the binary fraction next to it."""
    return Fraction(repr(float(value))) if math.isfinite(value) else value


def _bounds(least: float | None, most: float | None) -> Interval:
    return -math.inf if least is None else exact(least), math.inf if most is None else exact(most)
