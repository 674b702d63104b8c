"""What Keras 3 writes of a model in JSON, read where anything else may stand."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deeplab.visible import visible_line

MODULES = ("keras", "keras.layers", "keras.models", "keras.src.models.functional", "keras.src.models.sequential")
MODELS = ("Sequential", "Functional")


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping, or an empty one where something else stands."""
    return value if isinstance(value, dict) else {}


def places_of(layers: Sequence[Mapping[str, Any]], place: str) -> Iterator[str]:
    """Where the weights of layers are in the file; what is no layer, as `a + b`, is not counted."""
    numbers: Counter[str] = Counter()
    for layer in layers:
        stem = _snake_case(kind_of(layer))
        yield f"{place}/{stem}_{numbers[stem]}" if numbers[stem] else f"{place}/{stem}"
        numbers[stem] += is_of_keras(layer)


def ends_of(listed: Any) -> list[str]:
    """Names of the layers that data come in by, or go out: `["a", 0, 0]`, or a list of those."""
    if isinstance(listed, dict):  # by the names that they were given
        listed = list(listed.values())
    if isinstance(listed, list) and listed and isinstance(listed[0], str):
        listed = [listed]
    listed = listed if isinstance(listed, list) else []
    return [visible_line(str(each[0])) for each in listed if isinstance(each, list) and each]


def is_tensor(value: Any) -> bool:
    """Whether this stands for what a layer gives."""
    return isinstance(value, dict) and value.get("class_name") == "__keras_tensor__"


def input_shape_of(model: Mapping[str, Any]) -> tuple[int, ...] | None:
    """The shape of one row, of the input layer or of what the model was built on."""
    config = model["config"]
    layers = config.get("layers")
    first = layers[0] if isinstance(layers, list) and layers and isinstance(layers[0], dict) else {}
    inside = mapping(first.get("config"))
    if kind_of(first) in MODELS and inside:
        return input_shape_of(first)
    for shape in (
        inside.get("batch_shape"),
        config.get("build_input_shape"),
        mapping(model.get("build_config")).get("input_shape"),
    ):
        if isinstance(shape, list) and len(shape) > 1 and all(isinstance(n, int) and n > 0 for n in shape[1:]):
            return tuple(shape[1:])
    return None


def kind_of(layer: Mapping[str, Any]) -> str:
    """The class of a layer, or nothing."""
    return str(layer.get("class_name") or "")


def label_of(layer: Mapping[str, Any]) -> str:
    """A layer for a message."""
    return f"layer '{name_of(layer)}' ({visible_line(kind_of(layer))})"


def name_of(layer: Mapping[str, Any]) -> str:
    """The name of a layer, made safe to show."""
    return visible_line(str(layer.get("name") or mapping(layer.get("config")).get("name") or "?"))


def is_of_keras(layer: Mapping[str, Any]) -> bool:
    """Whether a layer, or a model, is one that Keras has."""
    return layer.get("module") in MODULES and layer.get("registered_name") in (None, kind_of(layer))


def _snake_case(kind: str) -> str:
    """As Keras names the places of weights: `LeakyReLU` becomes `leaky_re_lu`."""
    name = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", kind))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
