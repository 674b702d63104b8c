"""A layer of the file that stands for several.

`units: [4, 2]` is a layer of 4 and then one of 2, otherwise alike; `dropout: 0.5` is a Dropout behind each of them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deeplab.models.layers import LAYERS

SIZES = ("units", "filters")
DROPOUT = "dropout"


@dataclass(frozen=True)
class LayerSpec:
    """One layer that is to be made."""

    settings: Mapping[str, Any]  # its kind and arguments, each size a single one
    where: str  # the place that it has in the file, as in `model.layers[0]`; that of a list for all layers of the list

    @property
    def kind(self) -> str:
        """As in `Conv2D`."""
        return str(self.settings["type"])


def expand_layers(layers: Iterable[Mapping[str, Any]]) -> tuple[LayerSpec, ...]:
    """The layers of a network one by one.

    Args:
        layers: those of the file, past `check_layers`. What a package's own layer makes of a list is its own affair.

    Examples:
        >>> layers = expand_layers([{"type": "Dense", "units": [4, 2]}])
        >>> [(layer.settings["units"], layer.where) for layer in layers]
        [(4, 'model.layers[0]'), (2, 'model.layers[0]')]
    """
    return tuple(entry for index, layer in enumerate(layers) for entry in _entries(layer, f"model.layers[{index}]"))


def _entries(layer: Mapping[str, Any], where: str) -> Iterator[LayerSpec]:
    if layer["type"] not in LAYERS:
        yield LayerSpec(layer, where)
        return
    rate = layer.get(DROPOUT)
    plain = {key: value for key, value in layer.items() if key != DROPOUT}
    behind = {"type": "Dropout", "rate": rate, **{key: value for key, value in layer.items() if key == "part"}}
    lists = [key for key in SIZES if isinstance(layer.get(key), list | tuple)]
    for sizes in [{key: size} for key in lists[:1] for size in layer[key]] if lists else [{}]:
        yield LayerSpec({**plain, **sizes}, where)
        if rate:
            yield LayerSpec(behind, where)
