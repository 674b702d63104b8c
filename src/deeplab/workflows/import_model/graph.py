"""From the configuration of a model to its layers in a row, or the reasons why they stand in none."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deeplab.errors import UserError, UserErrors
from deeplab.visible import visible_line

MODULES = ("keras", "keras.layers", "keras.models", "keras.src.models.functional", "keras.src.models.sequential")
MODELS = ("Sequential", "Functional")


@dataclass(frozen=True)
class Link:
    """A layer of the chain."""

    kind: str  # as in `Dense`
    name: str  # that Keras has for it, made safe to show
    config: Mapping[str, Any]  # its arguments
    part: str | None  # of the network inside the network that it belongs to, or None
    place: str  # of its weights in the file

    @property
    def where(self) -> str:
        """For a message."""
        return f"layer '{self.name}' ({self.kind})"


@dataclass(frozen=True)
class Chain:
    """The layers of a model in a row."""

    input_shape: tuple[int, ...]  # of one row
    links: tuple[Link, ...]  # the layers


def chain_of(model: Mapping[str, Any], file: str) -> Chain:
    """The layers of a model in order.

    Args:
        model: its configuration.
        file: begins each error.

    Raises:
        UserError: what is not possible, layer by layer.
    """
    problems: list[str] = []
    try:
        shape = _input_shape(model)
        links = tuple(_links(model, problems, None, "layers"))
    except RecursionError:
        raise UserError(f"{file}: its configuration is nested too deeply.") from None
    if not problems and shape is None:
        problems.append("the model does not say what shape its rows have: give it a keras.Input")
    if not problems and not links:
        problems.append("the model has no layers")
    if problems:
        raise UserErrors(f"{file}: {problem}." for problem in dict.fromkeys(problems))
    assert shape is not None
    return Chain(shape, links)


def _links(model: Mapping[str, Any], problems: list[str], part: str | None, place: str) -> Iterator[Link]:
    kind, where = _kind(model), f"the model '{_name(model)}'"
    if kind not in MODELS or not _is_of_keras(model):
        problems.append(f"{where} is of a class of its own ({visible_line(kind)}), whose code deeplab does not run")
        return
    layers = model["config"].get("layers")
    if not isinstance(layers, list) or not all(isinstance(each, dict) and _kind(each) for each in layers):
        problems.append(f"{where} has no list of layers that Keras 3 would write")
        return
    if kind == "Functional":
        layers = _in_a_row(model["config"], layers, problems, where)
    numbers: Counter[str] = Counter()
    parts: set[str] = set()
    for layer in layers:
        kind = _kind(layer)
        if kind == "InputLayer" and _is_of_keras(layer):
            continue
        called = f"layer '{_name(layer)}' ({visible_line(kind)})"
        stem = _snake_case(kind)
        own = f"{place}/{stem}_{numbers[stem]}" if numbers[stem] else f"{place}/{stem}"
        numbers[stem] += 1
        config = layer.get("config")
        if kind == "Lambda":
            problems.append(f"{called} holds code of its own, which a network in YAML never runs")
        elif not _is_of_keras(layer):
            module = visible_line(str(layer.get("module")))
            problems.append(f"{called} of {module} is no layer of Keras; its code is not run")
        elif not isinstance(config, dict):
            problems.append(f"{called} has no arguments that Keras 3 would write")
        elif kind in MODELS and part is not None:
            problems.append(f"{called} is a network inside a part of the network; one inside another is possible")
        elif kind in MODELS:
            name = _part_name(_name(layer), parts)
            yield from _links(layer, problems, name, f"{own}/layers")
        else:
            yield Link(visible_line(kind), _name(layer), config, part, own)


def _in_a_row(config: Mapping[str, Any], layers: list[Any], problems: list[str], where: str) -> list[Any]:
    """The layers of a functional model in the order of the data, where each has one before it and one behind it."""
    before = len(problems)
    ends = {key: _ends(config.get(key)) for key in ("input_layers", "output_layers")}
    for key, of in (("input_layers", "inputs"), ("output_layers", "outputs")):
        if len(ends[key]) != 1:
            problems.append(f"{where} has {len(ends[key])} {of}; a chain of layers has one")
    by_name = {_name(layer): layer for layer in layers}
    follows: dict[str, list[str]] = {}
    for layer in layers:
        called = f"layer '{_name(layer)}' ({visible_line(_kind(layer))})"
        calls = layer.get("inbound_nodes")
        if not isinstance(calls, list):
            problems.append(f"{called} does not say what stands before it")
            continue
        if len(calls) > 1:
            problems.append(f"{called} is used {len(calls)} times; layers that are shared are not possible yet")
            continue
        sources = [name for call in calls for name in _tensors(call)]
        if len(sources) > 1:
            problems.append(f"{called} joins {len(sources)} branches, which is not possible yet: chains alone are")
        for name in sources:
            follows.setdefault(name, []).append(_name(layer))
    if len(problems) > before:
        return layers
    name = ends["input_layers"][0]
    row: list[Any] = []
    while name in by_name and len(row) <= len(layers):
        row.append(by_name[name])
        behind = follows.get(name, [])
        if len(behind) > 1:
            problems.append(f"behind layer '{name}' the network branches, which is not possible yet: chains alone are")
            return layers
        if not behind:
            break
        name = behind[0]
    if len(row) != len(layers) or name != ends["output_layers"][0]:
        problems.append(f"{where} is no chain of layers from its input to its output")
    return row


def _ends(listed: Any) -> list[str]:
    """Names of the layers that data come in by, or go out: `["a", 0, 0]`, or a list of those."""
    if isinstance(listed, list) and listed and isinstance(listed[0], str):
        listed = [listed]
    listed = listed if isinstance(listed, list) else []
    return [visible_line(str(each[0])) for each in listed if isinstance(each, list) and each]


def _tensors(call: Any) -> list[str]:
    """Names of the layers whose outputs a call takes."""
    if isinstance(call, dict):
        if call.get("class_name") == "__keras_tensor__":
            return _ends(mapping(call.get("config")).get("keras_history"))
        return [name for value in call.values() for name in _tensors(value)]
    return [name for value in call for name in _tensors(value)] if isinstance(call, list) else []


def _input_shape(model: Mapping[str, Any]) -> tuple[int, ...] | None:
    """The shape of one row, of the input layer or of what the model was built on."""
    config = model["config"]
    layers = config.get("layers")
    first = layers[0] if isinstance(layers, list) and layers and isinstance(layers[0], dict) else {}
    inside = mapping(first.get("config"))
    if _kind(first) in MODELS and inside:
        return _input_shape(first)
    for shape in (
        inside.get("batch_shape"),
        config.get("build_input_shape"),
        mapping(model.get("build_config")).get("input_shape"),
    ):
        if isinstance(shape, list) and len(shape) > 1 and all(isinstance(n, int) and n > 0 for n in shape[1:]):
            return tuple(shape[1:])
    return None


def _kind(layer: Mapping[str, Any]) -> str:
    return str(layer.get("class_name") or "")


def _name(layer: Mapping[str, Any]) -> str:
    return visible_line(str(layer.get("name") or mapping(layer.get("config")).get("name") or "?"))


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping, or an empty one where something else stands."""
    return value if isinstance(value, dict) else {}


def _is_of_keras(layer: Mapping[str, Any]) -> bool:
    return layer.get("module") in MODULES and layer.get("registered_name") in (None, _kind(layer))


def _part_name(name: str, taken: set[str]) -> str:
    """A name for a part: small letters and _, another one than the others have."""
    word = re.sub(r"[^a-z_]", "", re.sub(r"[^a-z0-9]+", "_", name.lower())).strip("_") or "part"
    while word in taken or word == "rescaling":
        word += "_b"
    taken.add(word)
    return word


def _snake_case(kind: str) -> str:
    """As Keras names the places of weights: `LeakyReLU` becomes `leaky_re_lu`."""
    name = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", kind))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
