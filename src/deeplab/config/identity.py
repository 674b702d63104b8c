"""What of a configuration can change the result of a training, and what is only about where and under which name."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

# Names, where it is kept, where its data lie, checkpoints.
_OUTSIDE = ("name", "notes", "tags", "tracking")
_OUTSIDE_IN = {"dataset": ("data_dir",), "training": ("checkpoint_every", "checkpoint_seconds")}


def identity(values: Mapping[str, Any]) -> dict[str, Any]:
    """A composed configuration without what cannot change a result."""
    kept = {key: value for key, value in values.items() if key not in _OUTSIDE}
    for group, keys in _OUTSIDE_IN.items():
        kept[group] = {key: value for key, value in kept[group].items() if key not in keys}
    return kept


def sha(value: Any) -> str:
    """SHA-256 of plain values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
