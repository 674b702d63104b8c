"""Keras' callbacks that watch a score of the validation rows, and what of them a checkpoint keeps."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from deeplab.config.schema import PlateauConfig, TrainingConfig
from deeplab.metrics import metric_of
from deeplab.training.checkpoint import Checkpoint

# What they remember, by their name in a checkpoint.
STATE = {
    "plateau": ("wait", "best", "cooldown_counter"),
    "early_stopping": ("wait", "stopped_epoch", "best", "best_epoch"),
}


def watchers(config: TrainingConfig, plateau: PlateauConfig | None) -> dict[str, Any]:
    """The callbacks that a configuration asks for, by their name in a checkpoint."""
    watched = {
        "monitor": f"val_{config.monitor}",
        "mode": "max" if metric_of(config.monitor).higher_is_better else "min",
    }
    callbacks: dict[str, Any] = {}
    if plateau is not None:
        callbacks["plateau"] = keras.callbacks.ReduceLROnPlateau(
            **watched,
            factor=plateau.factor,
            patience=plateau.patience,
            min_delta=plateau.min_delta,
            min_lr=plateau.min_learning_rate,
        )
    if config.early_stopping_patience is not None or config.restore_best_weights:
        callbacks["early_stopping"] = keras.callbacks.EarlyStopping(
            **watched,
            # Without a patience of its own it never stops and only remembers the best epoch.
            patience=config.early_stopping_patience or config.epochs + 1,
            restore_best_weights=config.restore_best_weights,
        )
    return callbacks


def state_of(callbacks: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a checkpoint that callbacks go on from."""
    state: dict[str, Any] = {
        kind: {name: _plain(getattr(callback, name)) for name in STATE[kind]} for kind, callback in callbacks.items()
    }
    best = getattr(callbacks.get("early_stopping"), "best_weights", None) or []
    return {**{kind: {} for kind in STATE}, **state, "best_weights": tuple(np.array(array) for array in best)}


def restore_state(callbacks: Mapping[str, Any], checkpoint: Checkpoint) -> None:
    """Let callbacks go on from a checkpoint."""
    for kind, callback in callbacks.items():
        for name, value in getattr(checkpoint, kind).items():
            setattr(callback, name, value)
    if "early_stopping" in callbacks:
        callbacks["early_stopping"].best_weights = list(checkpoint.best_weights) or None


def _plain(value: Any) -> float | int | None:
    return value if value is None or isinstance(value, int) else float(value)
