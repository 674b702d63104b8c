"""How measured values stand on a page and a screen."""

import math

from deeplab.study.verdicts import Verdict


def value(number: float) -> str:
    """Write a measured value: with four decimals, or as a whole number where it is a large one.

    Examples:
        >>> value(0.97465), value(1199882.0)
        ('0.9747', '1,199,882')
    """
    return f"{number:,.0f}" if abs(number) >= 10_000 and number.is_integer() else f"{number:.4f}"


def measured(verdict: Verdict) -> str | None:
    """Write what is held against a figure, a mean with its standard deviation (n - 1)."""
    if verdict.measured is None or verdict.value is None:
        return None
    deviation = verdict.measured.deviation if verdict.figure.over is None else None
    return value(verdict.value) if not deviation else f"{value(verdict.value)} ± {value(deviation)}"


def interval(verdict: Verdict) -> str | None:
    """Write the 95 % interval of what is held against a figure; None where there is none, or it has no width."""
    if verdict.interval is None or verdict.interval[0] == verdict.interval[1]:
        return None
    return span(*map(float, verdict.interval))


def span(low: float, high: float) -> str:
    """Write an interval."""
    return f"{value(low)} to {value(high)}"


def single_run(verdict: Verdict) -> str | None:
    """Write where a single run lies with 95 %, and whether the published one does; None where that is not known."""
    if verdict.single_run is None or verdict.figure.reported is None:
        return None
    low, high = verdict.single_run
    reported = verdict.figure.reported
    place = "below it" if reported < low else "above it" if reported > high else "in it"
    many = verdict.figure.mean_of
    return f"{f'mean of {many}, ' if many > 1 else ''}{span(low, high)}: {place}"


def drawn_name(verdict: Verdict) -> str:
    """Name a figure in a picture, with who reported it: `cnn: test/accuracy (A)`."""
    place = verdict.label if verdict.figure.point else verdict.entry
    return f"{place}: {verdict.metric} ({verdict.figure.source.partition(',')[0]})"


def numbers(verdict: Verdict) -> str:
    """Write what was measured in a sentence: `0.9747 (0.9701 to 0.9790, n = 3)`."""
    count = f"n = {verdict.measured.count if verdict.measured else 0}"
    inside = ", ".join(part for part in (interval(verdict), count) if part)
    return f"{measured(verdict)} ({inside})"


def half_width(verdict: Verdict) -> float | None:
    """Return half the width of the 95 % interval; None where there is none, or it is infinite."""
    if verdict.interval is None:
        return None
    low, high = map(float, verdict.interval)
    return (high - low) / 2 if math.isfinite(high - low) else None
