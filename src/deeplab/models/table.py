"""The layers of a network as a table: what each gives and how many weights it has."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LayerRow:
    """One layer of a network.

    Attributes:
        name: as in `conv2d_1`.
        type: as in `Conv2D`.
        output_shape: of one row, without the batch.
        parameters: number of weights, trainable or not.
    """

    name: str
    type: str
    output_shape: tuple[int, ...]
    parameters: int


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


def parameter_count(model: Any) -> int:
    """Number of weights of a built network, trainable or not."""
    return int(model.count_params())
