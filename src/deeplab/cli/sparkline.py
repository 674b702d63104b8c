"""A line of numbers as a line of letters."""

import math
from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int) -> str:
    """The numbers as bars of eight heights between their smallest and their largest; a blank for what is not finite.

    Args:
        values: one after the other; of more than `width` evenly spaced ones are shown, the last among them.
        width: letters at most.
    """
    if len(values) > width:
        values = [values[round(number * (len(values) - 1) / (width - 1))] for number in range(width)]
    finite = [value for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    steps = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(BARS[round((value - low) * steps)] if math.isfinite(value) else " " for value in values)
