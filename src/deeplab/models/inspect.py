"""The layers of a network as a table: what each gives and how many weights it has."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LayerRow:
    """One layer of a network."""

    name: str  # as in `conv2d_1`
    type: str  # as in `Conv2D`
    output_shape: tuple[int, ...]  # of one example, without the batch
    parameters: int  # number of weights, trainable or not


def flat_layers(model: Any) -> Iterator[Any]:
    """The layers of a `keras.Sequential` in order, those of its parts among them."""
    for layer in model.layers:
        yield from flat_layers(layer) if hasattr(layer, "layers") else [layer]


def layer_table(model: Any) -> tuple[LayerRow, ...]:
    """A row for each layer of a built `keras.Sequential`, in order."""
    return tuple(
        LayerRow(
            name=layer.name,
            type=type(layer).__name__,
            output_shape=tuple(layer.output.shape[1:]),
            parameters=layer.count_params(),
        )
        for layer in flat_layers(model)
    )


def output_layer(model: Any) -> str:
    """The name of the last layer of a built `keras.Sequential` that has a kernel, or "" where none has."""
    names = [layer.name for layer in flat_layers(model) if any(len(weight.shape) > 1 for weight in layer.weights)]
    return names[-1] if names else ""


def parameter_count(model: Any) -> int:
    """Number of weights of a built network, trainable or not."""
    return int(model.count_params())


def multiplications(model: Any) -> int:
    """About how many products one row takes: each weight at each place (height, width) of its layer's output."""
    return sum(row.parameters * math.prod(row.output_shape[:-1]) for row in layer_table(model))


LAYER_BYTES = 32 << 20
FEWEST, MOST = 64, 8192


def evaluation_batch_size(network: Any) -> int:
    """Examples in a batch that is only looked at: as many as keep every layer's output within LAYER_BYTES.

    Args:
        network: a built Keras model.
    """
    largest = max(4 * math.prod(layer.output.shape[1:]) for layer in flat_layers(network))
    return int(max(FEWEST, min(MOST, LAYER_BYTES // largest)))
