"""One entry of `model.layers` becomes one Keras layer, named and seeded."""

import hashlib
import inspect
import math
import re
from collections.abc import Mapping
from typing import Any

import keras

from deeplab.config.backbone_weights import BACKBONE
from deeplab.dataset_info import DatasetInfo
from deeplab.errors import UserError, unknown_name
from deeplab.models.arguments import NOT_CONFIGURABLE, SHAPE_OF_ROWS
from deeplab.models.backbones import Backbone
from deeplab.models.expand import layer_names
from deeplab.models.groups import LayerSpec
from deeplab.models.joins import is_open
from deeplab.models.layers import is_augmentation, layer_class

# The kernels that l2 and l1 act on, whatever a layer calls them.
KERNEL_REGULARIZERS = ("kernel_regularizer", "depthwise_regularizer", "pointwise_regularizer")


def first_sentence(error: Exception) -> str:
    """What Keras says in the first sentence of an error, without its full stop."""
    return re.split(r"[.,] +(?:Received|At dimension)|\.\s|\n|\.$", str(error).strip())[0]


def make_layers(entries: tuple[LayerSpec, ...], info: DatasetInfo, seed: int) -> tuple[Any, ...]:
    """Make the layers of a network, not built yet.

    A layer's name is its kind and its number among those (`conv2d_1`), and its initial weights are a function
    of the seed and that name: two networks that differ in their dropout alone start from the same weights.

    Args:
        entries: the layers of the composed configuration one by one.
        info: the facts of the data set, which `units: num_classes` and the like stand for.
        seed: of the weights and of everything that the layers draw.

    Returns:
        The layers; None for one whose arguments are still open.

    Raises:
        UserError: a layer has no such argument, lacks one that it needs, or refuses the values.
    """
    made: list[Any] = []
    for index, (entry, name) in enumerate(zip(entries, layer_names(entries), strict=True)):
        if is_open(entry):
            made.append(None)
            continue
        if entry.kind == BACKBONE:
            made.append(Backbone(entry.settings, entry.where, name, seed))
            continue
        given = entry.settings.items()
        arguments = {key: _of_rows(key, value, info) for key, value in given if key not in ("type", "part", "frozen")}
        dtype = "float32" if index == len(entries) - 1 or is_augmentation(entry.kind) else None
        made.append(_make(entry, arguments, name=name, seed=seed, dtype=dtype))
        made[-1].trainable = not entry.settings.get("frozen", False)
    return tuple(made)


def _of_rows(key: str, value: Any, info: DatasetInfo) -> Any:
    """What a word in a network file stands for."""
    if key == "target_shape" and value == SHAPE_OF_ROWS:
        return info.input_shape
    if key not in ("units", "filters") or not isinstance(value, str):
        return value
    meant = {
        "num_classes": info.num_classes,
        "num_inputs": math.prod(info.input_shape),
        "num_channels": info.input_shape[-1],
        "num_targets": info.num_targets,
    }
    return meant[value]


def _make(entry: LayerSpec, arguments: dict[str, Any], *, name: str, seed: int, dtype: str | None) -> Any:
    kind, where = entry.kind, entry.where
    cls = layer_class(kind, where)
    parameters = inspect.signature(cls).parameters
    has_kernel = any(key in parameters for key in KERNEL_REGULARIZERS)
    allowed = [key for key in parameters if not _is_closed(key, parameters[key])] + ["l1", "l2"] * has_kernel
    for key in arguments:
        if key not in allowed and key in ("l1", "l2"):
            raise UserError(f"{where}.{key}: {kind} has no kernel that {key} could act on.")
        if key not in allowed:
            raise unknown_name(f"argument of {kind}", key, allowed or ["none"], where)
    for key in allowed:
        if key in parameters and parameters[key].default is inspect.Parameter.empty and key not in arguments:
            raise UserError(f"{where} ({kind}) needs {key}.")
    l1, l2 = arguments.pop("l1", None) or 0.0, arguments.pop("l2", None) or 0.0
    drawn = _drawn(parameters, arguments, name, seed)
    penalties = {
        key: keras.regularizers.L1L2(l1=l1, l2=l2) for key in KERNEL_REGULARIZERS if key in parameters and (l1 or l2)
    }
    try:
        return cls(**{**arguments, **entry.fixed, **drawn, **penalties}, name=name, dtype=dtype)
    except (ValueError, TypeError) as error:
        given = ", ".join(f"{key} {value}" for key, value in arguments.items())
        raise UserError(f"{where} ({kind}, {given}): {first_sentence(error)}.") from error


def _drawn(
    parameters: Mapping[str, inspect.Parameter], arguments: Mapping[str, Any], name: str, seed: int
) -> dict[str, Any]:
    """The arguments through which a layer draws random numbers, each with a seed of its own."""
    drawn: dict[str, Any] = {}
    for key, parameter in parameters.items():
        own_seed = _derived_seed(seed, f"{name}/{key}")
        if key == "seed":
            drawn[key] = own_seed
        elif key.endswith("_initializer"):
            initializer = keras.initializers.get(arguments.get(key, parameter.default))
            if "seed" in inspect.signature(type(initializer)).parameters:
                initializer = type(initializer)(**{**initializer.get_config(), "seed": own_seed})
            drawn[key] = initializer
    return drawn


def _derived_seed(seed: int, purpose: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{purpose}".encode()).digest()[:4], "big") >> 1


def _is_closed(key: str, parameter: inspect.Parameter) -> bool:
    return (
        key in NOT_CONFIGURABLE
        or key.endswith(("_regularizer", "_constraint"))
        or key.startswith(("lora_", "renorm", "quantization_", "synchronized"))
        or parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    )
