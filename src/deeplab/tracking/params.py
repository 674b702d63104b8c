"""A configuration as the params of a run."""

import json
from collections.abc import Mapping
from typing import Any

_LISTS = ("model.layers.", "training.stages.")  # each item is a param


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """A nested configuration as dotted keys; a layer and a list of plain values stay in one piece.

    `{"a": {"b": 1}, "c": [2, 3]}` becomes `{"a.b": "1", "c": "[2, 3]"}`.
    """
    flat: dict[str, str] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{name}.")
        elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            flat |= {f"{name}.{index}": json.dumps(item) for index, item in enumerate(value)}
        else:
            flat[name] = value if isinstance(value, str) else json.dumps(value)
    return flat


def has_more(params: Mapping[str, str], asked: Mapping[str, str]) -> bool:
    """Tell whether a run has layers or stages beside those of a flattened configuration.

    Examples:
        >>> has_more({"training.stages.0": "{}"}, {"training.stages": "[]"}), has_more({"seed": "0"}, {})
        (True, False)
    """
    return any(key.startswith(_LISTS) and key not in asked for key in params)
