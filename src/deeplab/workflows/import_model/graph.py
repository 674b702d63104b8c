"""From the configuration of a model to its layers and who takes what, or the reasons why YAML cannot say it."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from deeplab.errors import UserError, UserErrors
from deeplab.models.groups import INPUT, MOST_LAYERS
from deeplab.models.layers import MERGING
from deeplab.visible import visible_line
from deeplab.workflows.import_model.keras_json import (
    MODELS,
    ends_of,
    input_shape_of,
    is_of_keras,
    is_tensor,
    kind_of,
    label_of,
    mapping,
    name_of,
    places_of,
)

# What Keras writes of `a + b` and the like, and the layer that does the same.
OPERATIONS = {
    **{("keras.src.ops.numpy", kind): kind for kind in MERGING if kind != "Average"},  # that is one over an axis
    ("keras.src.ops.nn", "Relu"): "ReLU",
    ("keras.src.ops.nn", "Softmax"): "Softmax",
}
MOST_PROBLEMS = 20  # lines that are told
MOST_TOLD = 1000  # letters of one problem: a value of a stranger's may be long


@dataclass(frozen=True)
class Node:
    """A layer of the model."""

    kind: str  # as in `Dense`
    name: str  # that Keras has for it, made safe to show
    config: Mapping[str, Any]  # its arguments
    inputs: tuple[int, ...]  # the numbers of the layers whose outputs it takes; INPUT for what the model takes
    part: str | None  # of the network inside the network that it belongs to, or None
    place: str  # of its weights in the file

    @property
    def where(self) -> str:
        """For a message."""
        return f"layer '{self.name}' ({self.kind})"


@dataclass(frozen=True)
class Graph:
    """The layers of a model."""

    input_shape: tuple[int, ...]  # of one row
    nodes: tuple[Node, ...]  # each behind those whose outputs it takes; the last gives what the model gives
    notes: tuple[str, ...]  # what is left out, each for a line


def graph_of(model: Mapping[str, Any], file: str) -> Graph:
    """The layers of a model in order.

    Args:
        model: its configuration.
        file: begins each error.

    Raises:
        UserError: what is not possible, layer by layer.
    """
    reader = _Reader()
    try:
        shape = input_shape_of(model)
        reader.model(model, INPUT, None, "layers")
    except RecursionError:
        raise UserError(f"{file}: its configuration is nested too deeply.") from None
    nodes, problems = tuple(reader.nodes), reader.problems
    if not problems and shape is None:
        problems.append("the model does not say what shape its rows have: give it a keras.Input")
    if not problems and not nodes:
        problems.append("the model has no layers")
    if not problems:
        problems += _joins_amiss(nodes)
    if len(nodes) > MOST_LAYERS:
        problems.append(f"the model has more than the {MOST_LAYERS} layers that a network has at most")
    if problems:
        raise problems_of(file, problems)
    assert shape is not None
    if any(node.inputs != (number - 1,) for number, node in enumerate(nodes)):  # parts are for chains
        nodes = tuple(replace(node, part=None) for node in nodes)
    return Graph(shape, nodes, tuple(visible_line(note[:MOST_TOLD]) for note in reader.notes))


def _joins_amiss(nodes: Sequence[Node]) -> Iterator[str]:
    """Layers that take several inputs and cannot, and those that join a single one."""
    for node in nodes:
        count = len(node.inputs)
        if (count > 1) != (node.kind in MERGING) or (node.kind == "Subtract" and count > 2):
            yield f"{node.where} takes {count} inputs; {', '.join(MERGING)} take two or more, other layers one"


def problems_of(file: str, problems: Sequence[str]) -> UserErrors:
    """The error of a model that is not possible: a line for each problem, as many as a person reads."""
    told = list(dict.fromkeys(visible_line(problem[:MOST_TOLD]) for problem in problems))
    more = len(told) - MOST_PROBLEMS
    told = told[:MOST_PROBLEMS] + ([f"and {more:,} lines more like these"] if more > 0 else [])
    return UserErrors(f"{file}: {problem}." for problem in told)


class _Reader:
    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.problems: list[str] = []
        self.notes: list[str] = []
        self._parts: set[str] = set()
        self._layers = 0  # with those that are networks or inputs

    def model(self, model: Mapping[str, Any], source: int, part: str | None, place: str) -> int:
        """Add the layers of a model that takes what `source` gives; the number of the layer whose output is its own."""
        kind, where = kind_of(model), f"the model '{name_of(model)}'"
        layers = mapping(model.get("config")).get("layers")
        if kind in MODELS and "module" not in model:
            self.problems.append(f"{where} was written by a Keras before 3; load it there and save it with Keras 3")
        elif kind not in MODELS or not is_of_keras(model):
            code = f"of a class of its own ({visible_line(kind)})"
            self.problems.append(f"{where} is {code}, whose code deeplab does not run")
        elif not isinstance(layers, list) or not all(isinstance(each, dict) and kind_of(each) for each in layers):
            self.problems.append(f"{where} has no list of layers that Keras 3 would write")
        elif (total := self._layers + len(layers)) > 2 * MOST_LAYERS:
            self.problems.append(f"the model has more than the {MOST_LAYERS} layers that a network has at most")
        else:
            self._layers = total
            row = [(number, (number - 1,)) for number in range(len(layers))]
            calls = row if kind == "Sequential" else self._calls(model["config"], layers, where) or row
            places, given = tuple(places_of(layers, place)), {-1: source}
            for number, takes in calls:
                inputs = tuple(given[each] for each in takes) or (source,)
                given[number] = self._layer(layers[number], inputs, part, places[number])
            return given[calls[-1][0]] if calls else source
        return source

    def _layer(self, layer: Mapping[str, Any], inputs: tuple[int, ...], part: str | None, place: str) -> int:
        kind, called, config = kind_of(layer), label_of(layer), layer.get("config")
        operation = OPERATIONS.get((str(layer.get("module")), kind))
        if kind == "InputLayer" and is_of_keras(layer):
            return inputs[0]
        if kind == "Lambda":
            self.problems.append(f"{called} holds code of its own, which a network in YAML never runs")
        elif operation is None and str(layer.get("module")).startswith("keras.src.ops."):
            self.problems.append(f"{called} is a function of keras.ops for which there is no layer")
        elif operation is None and not is_of_keras(layer):
            module = visible_line(str(layer.get("module")))
            self.problems.append(f"{called} of {module} is no layer of Keras; its code is not run")
        elif not isinstance(config, dict):
            self.problems.append(f"{called} has no arguments that Keras 3 would write")
        elif kind in MODELS and len(inputs) > 1:
            self.problems.append(f"{called} is a network with {len(inputs)} inputs; one is possible")
        elif kind in MODELS:
            if part is None:
                part = _part_name(name_of(layer), self._parts)
            return self.model(layer, inputs[0], part, f"{place}/layers")
        else:
            self.nodes.append(Node(operation or visible_line(kind), name_of(layer), config, inputs, part, place))
            return len(self.nodes) - 1
        return inputs[0]

    def _calls(
        self, config: Mapping[str, Any], layers: Sequence[Mapping[str, Any]], where: str
    ) -> list[tuple[int, tuple[int, ...]]]:
        """The layers of a functional model, each behind those that it takes, with these; none after a problem."""
        before = len(self.problems)
        ends = {key: ends_of(config.get(key)) for key in ("input_layers", "output_layers")}
        for key, of in (("input_layers", "inputs"), ("output_layers", "outputs")):
            if len(ends[key]) != 1:
                self.problems.append(f"{where} has {len(ends[key])} {of}; a network in YAML has one")
        numbers = {name_of(layer): number for number, layer in enumerate(layers)}
        if len(numbers) < len(layers):
            self.problems.append(f"{where} has two layers of one name")
        takes = [self._takes(layer, numbers) for layer in layers]
        last = numbers.get(ends["output_layers"][0]) if len(ends["output_layers"]) == 1 else None
        first = numbers.get(ends["input_layers"][0]) if len(ends["input_layers"]) == 1 else None
        if len(self.problems) > before:
            return []
        order = None if last is None else _towards(last, takes)
        if order is None or first is None or {number for number in order if not takes[number]} != {first}:
            self.problems.append(f"{where} does not lead from its input to its output")
            return []
        for number in sorted(set(range(len(layers))) - set(order)):
            self.problems.append(f"{label_of(layers[number])} leads nowhere: the output does not depend on it")
        return [(number, takes[number]) for number in order]

    def _takes(self, layer: Mapping[str, Any], numbers: Mapping[str, int]) -> tuple[int, ...]:
        """The numbers of the layers whose outputs a layer takes."""
        called, calls = label_of(layer), layer.get("inbound_nodes")
        if not isinstance(calls, list):
            self.problems.append(f"{called} does not say what stands before it")
            return ()
        if len(calls) > 1:
            self.problems.append(f"{called} is used {len(calls)} times; layers that are shared are not possible yet")
        names: list[str] = []
        for call in calls:
            names += self._call(called, mapping(call))
        if unknown := [name for name in names if name not in numbers]:
            self.problems.append(f"{called} takes what '{unknown[0]}' gives, which is not there")
        elif len(set(names)) < len(names) and len(calls) < 2:
            self.problems.append(f"{called} takes what one layer gives twice; a `from` names each once")
        return tuple(numbers[name] for name in names if name in numbers)

    def _call(self, called: str, call: Mapping[str, Any]) -> Iterator[str]:
        """The names of the layers whose outputs a call takes."""
        args = call.get("args")
        if isinstance(args, list) and len(args) == 1 and isinstance(args[0], list):
            args = args[0]
        for value in args if isinstance(args, list) else [args]:
            history = mapping(mapping(value).get("config")).get("keras_history")
            if is_tensor(value) and isinstance(history, list) and history[2:] == [0]:
                yield visible_line(str(history[0]))
            elif value is not None:
                self.problems.append(f"{called} takes something else than what one layer before it gives")
        for key, value in mapping(call.get("kwargs")).items():
            if key == "training" and value is False:
                self.notes.append(f"{called} is called with training=False there, and would be trained")
            elif value is not None:
                self.problems.append(f"{called} is called with {key}={str(value)[:80]}, for which there is no word")


def _towards(last: int, takes: Sequence[tuple[int, ...]]) -> list[int] | None:
    """What a layer depends on, and the layer: each behind those that it takes, and one branch behind the other.

    None where some go in a circle.
    """
    order: list[int] = []
    pending = {last: iter(takes[last])}  # in the order in which they were come to
    done: set[int] = set()
    while pending:
        number, rest = next(reversed(pending.items()))
        before = next((each for each in rest if each not in done), None)
        if before in pending:
            return None
        if before is not None:
            pending[before] = iter(takes[before])
            continue
        del pending[number]
        done.add(number)
        order.append(number)
    return order


def _part_name(name: str, taken: set[str]) -> str:
    """A name for a part: small letters and _, another one than the others have."""
    word = re.sub(r"[^a-z_]", "", re.sub(r"[^a-z0-9]+", "_", name.lower())).strip("_")[:40] or "part"
    letters = ("".join("abcdefghij"[int(digit)] for digit in str(number)) for number in itertools.count(1))
    others = (f"{word}_{each}" for each in letters)
    new = next(each for each in itertools.chain([word], others) if each not in taken and each != "rescaling")
    taken.add(new)
    return new
