"""What of a configuration can change the result of a training, and what is only about where and under which name."""

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from deeplab.config.schema import DATASET_KINDS, NAMED_DATASETS
from deeplab.errors import UserError
from deeplab.metrics import optional

# The key that deeplab itself adds to what was composed with `--code`: the SHA-256 of the file. Nobody can set it.
CODE = "code"
# Names, where it is kept, where its data lie, checkpoints.
_OUTSIDE = ("name", "notes", "tags", "tracking")
_OUTSIDE_IN = {"dataset": ("data_dir",), "training": ("checkpoint_every", "checkpoint_seconds")}
# In the names of the layers that draw and of a backbone with such, or the rate of dropout behind a layer or of what a
# residual drops, above 0 or a value of a block.
_DRAWS = re.compile(r"Dropout|Noise|Random|EfficientNet|\bdrop(out)?\W+(0?\.?0*[1-9]|(?<=\$)\w)")


@dataclass(frozen=True)
class AddedKey:
    """A key that configurations did not have from the beginning."""

    group: str
    kinds: tuple[str | None, ...]  # of the group that have it; (None,) where it has no kinds
    key: str
    before: Any  # what trainings did that were made without it


ADDED = (
    AddedKey("optimizer", ("rmsprop", "adadelta", "adam", "adamw"), "epsilon", 1e-7),
    AddedKey("dataset", DATASET_KINDS, "stratify", False),
    AddedKey("dataset", ("npz",), "scale", None),
    AddedKey("validation", ("random",), "stratify", False),
    AddedKey("training", (None,), "randomness", "keras"),
    AddedKey("training", (None,), "standardize_targets", False),
    AddedKey("training", (None,), "metrics", []),
    AddedKey("training", (None,), "clip_norm", None),
    AddedKey("training", (None,), "clip_global_norm", None),
    AddedKey("training", (None,), "clip_value", None),
    AddedKey("training", (None,), "accumulate", 1),
    AddedKey("training", (None,), "ema", None),
    AddedKey("training", (None,), "stages", []),
    AddedKey("training", (None,), "score_training_rows", False),
    AddedKey("dataset", (*NAMED_DATASETS, "digits", "npz", "image_folder"), "standardize", False),
    AddedKey("dataset", ("npz", "image_folder"), "labels", "auto"),
    AddedKey("dataset", ("npz",), "target_names", None),
    AddedKey("dataset", ("npz",), "test_fraction", None),
    AddedKey("dataset", ("image_folder",), "background", "white"),
    AddedKey("tracking", (None,), "keep_checkpoints", 0),
    AddedKey("tracking", (None,), "smoothing", 0),
    AddedKey("tracking", (None,), "r_history", False),
    AddedKey("launcher", ("local",), "gpus", "all"),
    AddedKey("sweep", (None,), "vary", ["seed"]),
    AddedKey("sweep", (None,), "deviation", "n-1"),
    AddedKey("sweep", (None,), "min_epochs", 1),
    AddedKey("sweep", (None,), "stop", None),
    AddedKey("sweep", (None,), "objectives", []),
    AddedKey("sweep", (None,), "reduction", 3),
)


def identity(values: Mapping[str, Any]) -> dict[str, Any]:
    """A composed configuration without what cannot change a result.

    A key that was added later is left out where it says what was done before, so that a training stays the same.
    """
    kept = {key: value for key, value in values.items() if key not in _OUTSIDE}
    for group, keys in _OUTSIDE_IN.items():
        kept[group] = {key: value for key, value in kept[group].items() if key not in keys}
    for added in ADDED:
        if _has_kind(kept, added) and kept[added.group].get(added.key) == added.before:
            kept[added.group] = {key: value for key, value in kept[added.group].items() if key != added.key}
    return kept


def added_keys(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The keys that a configuration of these kinds has got since, with what trainings did before, by group."""
    keys: dict[str, dict[str, Any]] = {}
    for added in ADDED:
        if _has_kind(values, added):
            keys.setdefault(added.group, {})[added.key] = added.before
    return keys


def with_added_keys(values: Mapping[str, Any]) -> dict[str, Any]:
    """A stored configuration with the keys that it lacks because they were added since.

    Examples:
        >>> with_added_keys({"validation": {"kind": "random", "fraction": 0.2}})
        {'validation': {'kind': 'random', 'fraction': 0.2, 'stratify': False}}
    """
    filled = dict(values)
    for group, keys in added_keys(values).items():
        filled[group] = {**values[group], **{key: value for key, value in keys.items() if key not in values[group]}}
    return filled


def without_added_keys(values: Mapping[str, Any], kept: Collection[str]) -> dict[str, Any]:
    """A configuration without the added keys that are not among those kept.

    Args:
        values: composed.
        kept: as in `training.ema`, or `training.stages.0` of a list of mappings.

    Examples:
        >>> without_added_keys({"validation": {"kind": "random", "stratify": False}}, ["validation.kind"])
        {'validation': {'kind': 'random'}}
        >>> without_added_keys({"training": {"ema": None, "stages": [{"epochs": 3}]}}, ["training.stages.0"])
        {'training': {'stages': [{'epochs': 3}]}}
    """
    added = {f"{group}.{key}" for group, keys in added_keys(values).items() for key in keys} - {*kept}
    added = {name for name in added if not any(each.startswith(f"{name}.") for each in kept)}
    return {
        group: {key: value for key, value in inside.items() if f"{group}.{key}" not in added}
        if isinstance(inside, Mapping)
        else inside
        for group, inside in values.items()
    }


def settle_randomness(values: dict[str, Any]) -> dict[str, Any]:
    """A composed configuration, not checked yet; a network that draws nothing stays the same run as before.

    Raises:
        UserError: each of several devices would draw the same, since Keras' layers know nothing of the others.
    """
    model, training = values.get("model"), values.get("training")
    if not isinstance(model, dict) or not isinstance(training, dict):
        return values
    draws, randomness = draws_numbers([model.get("layers"), model.get("blocks")]), training.get("randomness")
    if draws and randomness == "keras" and "," in str(training.get("device")):
        raise UserError("training.randomness=keras draws the same on each of several devices; splitmix does not.")
    if draws or randomness != "splitmix":
        return values
    return {**values, "training": {**training, "randomness": "keras"}}


def settle_metrics(values: dict[str, Any]) -> dict[str, Any]:
    """A composed configuration, not checked yet; what it is to choose by, it measures."""
    training, sweep = values.get("training"), values.get("sweep")
    if not isinstance(training, dict) or not isinstance(training.get("metrics"), list):
        return values
    objectives = sweep.get("objectives") if isinstance(sweep, dict) else None
    asked = [
        sweep.get("metric") if isinstance(sweep, dict) else "",
        *(objectives if isinstance(objectives, list) else ()),
    ]
    compared = [str(name).rpartition("/")[2] for name in asked]
    needed = [name for name in (training.get("monitor"), *compared) if name in {each.name for each in optional()}]
    metrics = [*training["metrics"], *(name for name in dict.fromkeys(needed) if name not in training["metrics"])]
    return {**values, "training": {**training, "metrics": metrics}}


def draws_numbers(layers: Any) -> bool:
    """Whether layers, in whatever form, draw random numbers while they train.

    Examples:
        >>> [draws_numbers([{"type": "Dense", "dropout": rate}]) for rate in (None, 0.0, 0.05)]
        [False, False, True]
    """
    return _DRAWS.search(str(layers)) is not None


def _has_kind(values: Mapping[str, Any], added: AddedKey) -> bool:
    group = values.get(added.group)
    return isinstance(group, Mapping) and group.get("kind") in added.kinds


def sha(value: Any) -> str:
    """SHA-256 of plain values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
