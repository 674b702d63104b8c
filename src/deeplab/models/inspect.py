"""The layers of a network as a table: what each gives and how many weights it has."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deeplab.config.backbone_weights import BACKBONE
from deeplab.models.groups import Group


@dataclass(frozen=True)
class LayerRow:
    """One layer of a network."""

    name: str  # as in `conv2d_1`
    type: str  # as in `Conv2D`
    output_shape: tuple[int, ...]  # of one example, without the batch
    parameters: int  # number of weights, trainable or not
    inputs: tuple[str, ...] = ()  # the layers that it takes the outputs of; none where that is the one before it
    path: tuple[Group, ...] = ()  # the groups of the file that it stands in
    trained: int | None = None  # how many of its weights are not frozen, where some are


def flat_layers(model: Any) -> Iterator[Any]:
    """The layers of a network in order, those of its parts among them; each behind those that it takes something of.

    A backbone is one layer; `all_layers` has its own.
    """
    for layer in model.layers:
        if type(layer).__name__ == "Sequential":
            yield from flat_layers(layer)
        elif type(layer).__name__ != "InputLayer":
            yield layer


def all_layers(model: Any) -> Iterator[Any]:
    """As `flat_layers`, with those of a backbone in its place."""
    for layer in flat_layers(model):
        yield from all_layers(layer) if hasattr(layer, "layers") else [layer]


def graph(model: Any) -> tuple[tuple[Any, tuple[int, ...]], ...]:
    """Each layer of a network as `flat_layers` has them, with the numbers of those whose outputs it takes.

    -1 is the network's input.
    """
    layers = tuple(flat_layers(model))
    if type(model).__name__ == "Sequential":
        return tuple((layer, (number - 1,)) for number, layer in enumerate(layers))
    numbers = {id(layer): number for number, layer in enumerate(layers)}
    connected = []
    for layer in layers:
        given = layer._inbound_nodes[0].input_tensors  # `input` of a backbone is its own
        connected.append((layer, tuple(numbers.get(id(tensor._keras_history.operation), -1) for tensor in given)))
    return tuple(connected)


def layer_table(model: Any, groups: Mapping[str, tuple[Group, ...]] | None = None) -> tuple[LayerRow, ...]:
    """A row for each layer of a built network, in order.

    Args:
        model: the network.
        groups: those that a layer stands in by its name, in the order of the file, which the table takes over.
    """
    groups = groups or {}
    connected = graph(model)
    names = [layer.name for layer, _ in connected]
    order = {name: number for number, name in enumerate(groups)}
    first = next((number for number, name in enumerate(names) if name in order), 0)
    # What stands before and behind the layers of the file stays there.
    places = [order.get(name, -1 if number < first else len(order)) for number, name in enumerate(names)]
    rows: list[LayerRow] = []
    for number in sorted(range(len(names)), key=places.__getitem__):
        layer, inputs = connected[number]
        given = tuple(names[each] if each >= 0 else "input" for each in inputs)
        rows.append(
            LayerRow(
                name=layer.name,
                type=BACKBONE if hasattr(layer, "layers") else type(layer).__name__,
                output_shape=tuple(layer.output.shape[1:]),
                parameters=layer.count_params(),
                inputs=() if given == (rows[-1].name if rows else "input",) else given,
                path=groups.get(layer.name, ()),
                trained=_trained(layer),
            )
        )
    return tuple(rows)


def _trained(layer: Any) -> int | None:
    """How many weights of a layer are trained, where any is frozen."""
    inside = all_layers(layer) if hasattr(layer, "layers") else [layer]
    if all(each.trainable for each in inside if each.weights):
        return None
    return sum(int(math.prod(weight.shape)) for weight in layer.trainable_weights)


def output_layer(model: Any) -> str:
    """The name of the last layer of a built network that has a kernel, or "" where none has."""
    names = [layer.name for layer in flat_layers(model) if any(len(weight.shape) > 1 for weight in layer.weights)]
    return names[-1] if names else ""


def parameter_count(model: Any) -> int:
    """Number of weights of a built network, trainable or not."""
    return int(model.count_params())


def multiplications(model: Any) -> int:
    """About how many products one row takes: each weight at each place (height, width) of its layer's output."""
    return sum(layer.count_params() * math.prod(layer.output.shape[1:-1]) for layer in all_layers(model))


LAYER_BYTES = 32 << 20
FEWEST, MOST = 64, 8192


def evaluation_batch_size(network: Any) -> int:
    """Examples in a batch that is only looked at: as many as keep every layer's output within LAYER_BYTES.

    Args:
        network: a built Keras model.
    """
    largest = max(4 * math.prod(layer.output.shape[1:]) for layer in all_layers(network))
    return int(max(FEWEST, min(MOST, LAYER_BYTES // largest)))
