"""Times as a person says them."""

import json
import math
import os
import sys
from typing import Any

from deeplab.visible import visible_line


def duration(seconds: float) -> str:
    """Format a time: `40 s`, `12 min`, `3.5 h`, `4 d`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} d"


def to_json(value: Any) -> str:
    """Write JSON with indents, in ASCII; what is not finite, for which JSON has no word, becomes null."""
    return json.dumps(_finite(value), indent=2)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def print_line(line: str) -> None:
    """Print one line now; where who was reading has gone, as `| head` does, the work goes on without."""
    try:
        print(visible_line(line), flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
