"""Levels as a person writes them: `0:1:0.1`, or `0,0.2,0.5`."""

import math

from deeplab.errors import UserError

_MOST = 1001
_DIGITS = 9  # 0:1:0.1 gives 0.3, not 0.30000000000000004


def read_levels(text: str, option: str = "--levels") -> tuple[float, ...]:
    """Read START:STOP:STEP, both ends included where the steps meet them, or numbers with commas between them.

    Args:
        option: that took it, for the message.
    """
    parts = text.split(":")
    try:
        if len(parts) == 1:
            return tuple(_number(part) for part in text.split(","))
        start, stop, step = map(_number, parts)
        count = math.floor((stop - start) / step + 1e-6) + 1
        if step <= 0 or not 0 < count <= _MOST:
            raise ValueError
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise UserError(
            f"{option} {text}: write START:STOP:STEP with a STEP above 0 and at most {_MOST} levels, as in 0:1:0.1, "
            "or levels with commas between them, as in 0,0.2,0.5."
        ) from error
    return tuple(round(start + number * step, _DIGITS) for number in range(count))


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value
