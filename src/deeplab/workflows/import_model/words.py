"""From a layer as Keras wrote it to one of a network in YAML, argument by argument."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import keras

from deeplab.errors import UserError, unknown_name
from deeplab.models.arguments import NOT_CONFIGURABLE, check_argument
from deeplab.models.layers import ACTIVATIONS, INITIALIZERS, LAYERS, layer_class
from deeplab.models.make_layers import KERNEL_REGULARIZERS
from deeplab.workflows.import_model.graph import Node
from deeplab.workflows.import_model.keras_json import mapping

# Layers that an Activation stands for, and which, where all their arguments have these values.
_RELU = {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}
AS_ACTIVATION: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "ReLU": {"relu": _RELU, "relu6": {**_RELU, "max_value": 6.0}},
    "Softmax": {"softmax": {"axis": -1}},
}
OF_NO_MATTER = ("name", "dtype", "seed", "trainable")
_INITIALIZER_CLASSES = {type(keras.initializers.get(word)).__name__: word for word in INITIALIZERS}


@dataclass
class Words:
    """What a layer is in YAML."""

    settings: dict[str, Any]  # its kind and arguments
    # arguments of Keras' class that make the same layer, without what only training uses
    plain: dict[str, Any] = field(default_factory=dict)
    # what has no word and changes what the network says or learns, each for a line
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what is left out, each for a line


def class_of(kind: str) -> Any:
    """The class of a layer that `words_of` has accepted."""
    return getattr(keras.layers, kind) if kind in AS_ACTIVATION else layer_class(kind, kind)


def words_of(node: Node) -> Words:
    """Say a layer in the words of a network in YAML."""
    part = {} if node.part is None else {"part": node.part}
    if node.kind in AS_ACTIVATION:
        return _as_activation(node, part)
    words = Words({**part, "type": node.kind})
    if node.kind not in LAYERS:
        words.problems.append(str(unknown_name("layer", node.kind, LAYERS, node.where)).rstrip("."))
        return words
    _common(node, words)
    parameters = inspect.signature(class_of(node.kind)).parameters
    for key, value in node.config.items():
        if key in OF_NO_MATTER:
            continue
        if key not in parameters and not value:
            continue  # what another Keras writes and does not use
        if key not in parameters:
            words.problems.append(f"{node.where}.{key} is not known to this Keras")
        elif key.endswith("_initializer"):
            _initializer(node, key, value, parameters[key].default, words)
        elif key.endswith("_regularizer"):
            _regularizer(node, key, value, words)
        else:
            _argument(node, key, value, parameters[key].default, words)
    return words


def _common(node: Node, words: Words) -> None:
    dtype = node.config.get("dtype")
    name = mapping(dtype.get("config")).get("name") if isinstance(dtype, dict) else dtype
    if name not in (None, "float32"):
        words.notes.append(f"{node.where} computes in {name}: training.precision says that for the whole network")
    if node.config.get("trainable") is False:
        words.notes.append(f"{node.where} is frozen there (trainable=False), and would be trained")


def _argument(node: Node, key: str, value: Any, default: Any, words: Words) -> None:
    value, usual = _simple(key, value), _simple(key, default)
    if key == "activation" and isinstance(value, str) and value in ACTIVATIONS:
        words.plain[key] = value
        if value != "linear" or node.kind == "Activation":
            words.settings[key] = value
        return
    if value in (usual, [usual]) or (key == "data_format" and value == "channels_last"):
        return
    shown = value.get("class_name", "something") if isinstance(value, dict) else value
    if key in NOT_CONFIGURABLE or key.endswith("_constraint"):
        reason = NOT_CONFIGURABLE.get(key, "weights are not constrained")
        words.problems.append(f"{node.where}.{key}={shown} has no word: {reason}")
        return
    try:
        check_argument(node.kind, key, value, node.where)
    except UserError as error:
        words.problems.append(str(error).rstrip("."))
        return
    words.plain[key] = words.settings[key] = value


def _simple(key: str, value: Any) -> Any:
    """A pair of one whole number as that number, as a person writes it."""
    if isinstance(value, list | tuple):
        items = [_simple("", item) for item in value]
        is_pair = len(items) == 2 and isinstance(items[0], int) and items[0] == items[1]
        return items[0] if is_pair and key not in ("target_shape", "axis", "shared_axes") else items
    return value


def _initializer(node: Node, key: str, value: Any, default: Any, words: Words) -> None:
    kind = str(value.get("class_name") if isinstance(value, dict) else value)
    word = _INITIALIZER_CLASSES.get(kind, kind if kind in INITIALIZERS else None)
    given = mapping(mapping(value).get("config"))
    if word is None:
        words.notes.append(f"{node.where}.{key}={kind} has no word: weights that are drawn anew begin otherwise")
        return
    usual = keras.initializers.get(word).get_config()
    other = [name for name, number in given.items() if name in usual and name != "seed" and number != usual[name]]
    if other:
        shown = ", ".join(f"{name}={given[name]}" for name in other)
        words.notes.append(f"{node.where}.{key}: {shown} has no word: weights that are drawn anew begin otherwise")
    elif type(keras.initializers.get(word)) is not type(keras.initializers.get(default)):
        words.settings[key] = word


def _regularizer(node: Node, key: str, value: Any, words: Words) -> None:
    if value is None:
        return
    kind = str(value.get("class_name") if isinstance(value, dict) else value)
    given = mapping(mapping(value).get("config"))
    is_known = kind in ("L1", "L2", "L1L2") and isinstance(value, dict) and value.get("module") == "keras.regularizers"
    numbers = {name: number for name, number in given.items() if number}
    if not is_known or key not in KERNEL_REGULARIZERS or not numbers.keys() <= {"l1", "l2"}:
        words.problems.append(f"{node.where}.{key}={kind} has no word: l1 and l2 of a kernel have")
        return
    others = [node.config.get(other) for other in KERNEL_REGULARIZERS if other in node.config]
    if any(other != value for other in others):
        words.problems.append(f"{node.where}.{key} is another one than that of its other kernel; l1 and l2 act on both")
        return
    words.settings |= numbers


def _as_activation(node: Node, part: Mapping[str, str]) -> Words:
    known = AS_ACTIVATION[node.kind]
    others = {
        name: [key for key in usual if _simple(key, node.config.get(key, usual[key])) not in (usual[key], [usual[key]])]
        for name, usual in known.items()
    }
    name = next((name for name, other in others.items() if not other), next(iter(known)))
    words = Words({**part, "type": "Activation", "activation": name}, dict(known[name]))
    _common(node, words)
    words.problems += [f"{node.where}.{key}={node.config[key]} has no word" for key in others[name]]
    return words
