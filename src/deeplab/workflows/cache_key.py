"""What trainings have in common that can share what is compiled."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from deeplab.code.file import declared
from deeplab.config.identity import CODE
from deeplab.models.expand import expand_layers
from deeplab.training.setup import TrainingSetup


def cache_key(values: Mapping[str, Any], setup: TrainingSetup) -> tuple[str, ...]:
    """What trainings have in common that can share what is compiled and the examples in it.

    Args:
        values: the composed configuration.
        setup: from it.
    """
    rows = hashlib.sha256(setup.train.rows.tobytes()).hexdigest()
    return (shared_configuration(values), *setup.fingerprints.values(), rows, str(setup.engine))


def shared_configuration(values: Mapping[str, Any]) -> str:
    """A configuration without what a compiled graph takes as inputs.

    That is the seed, factors of L2, the learning rate, and, in float32 with deeplab's own generator, rates of dropout.
    """
    kept = {key: value for key, value in values.items() if key not in ("name", "notes", "tags", "tracking", "l2")}
    model, training = values["model"], values["training"]
    entries = expand_layers(model["layers"], model.get("blocks"))
    has_own_layers = CODE in values and any(entry.kind in declared("layer") for entry in entries)
    draws_examples = values["noise"]["kind"] != "none" or values["validation"]["kind"] in ("random", "kfold")
    # Elsewhere the seed draws what the examples are, which a compiled graph holds; what a layer of one's own draws from
    # it, nobody knows.
    if not has_own_layers and not draws_examples:
        del kept["seed"]
    shares_rates = training["randomness"] == "splitmix" and training["precision"] == "float32"
    kept["model"] = {
        "layers": _without_inputs(model["layers"], shares_rates),
        "blocks": _without_inputs(model.get("blocks"), shares_rates),
        "task": model["task"],
    }
    if values["schedule"]["kind"] in ("constant", "plateau"):
        kept["optimizer"] = {key: value for key, value in values["optimizer"].items() if key != "learning_rate"}
    return json.dumps(kept, sort_keys=True)


def _without_inputs(item: Any, shares_rates: bool) -> Any:
    """Layers and groups of layers with words in the place of what a graph takes as an input."""
    if isinstance(item, list):
        return [_without_inputs(each, shares_rates) for each in item]
    if not isinstance(item, dict):
        return item
    if "type" not in item:
        inside = item.get("layers")
        is_residual = isinstance(inside, list) and any(isinstance(each, dict) for each in inside)
        return {
            key: key if is_residual and key == "l2" and value else _without_inputs(value, shares_rates)
            for key, value in item.items()
        }
    return {key: key if value and _is_input(item["type"], key, shares_rates) else value for key, value in item.items()}


def _is_input(kind: str, key: str, shares_rates: bool) -> bool:
    return key == "l2" or (key == "rate" and shares_rates and kind in ("Dropout", "SpatialDropout2D"))
