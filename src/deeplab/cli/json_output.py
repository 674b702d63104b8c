"""Values as JSON that every program reads."""

import json
import math
from typing import Any


def to_json(value: Any) -> str:
    """JSON with indents, in ASCII; what is not finite, for which JSON has no word, becomes null."""
    return json.dumps(_finite(value), indent=2)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
