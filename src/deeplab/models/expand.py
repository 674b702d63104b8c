"""The layers of a network one by one, whatever stands for several of them in its file.

`units: [4, 2]` is a layer of 4 and then one of 2, otherwise alike; `dropout: 0.5` is a Dropout behind each of them.
Groups are written out by `deeplab.models.groups`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from deeplab.errors import UserError
from deeplab.models.groups import INPUT, MOST_LAYERS, Group, LayerSpec, write_out
from deeplab.models.layers import LAYERS, snake_case

SIZES = ("units", "filters")
DROPOUT = "dropout"


def expand_layers(
    layers: Iterable[Mapping[str, Any]], blocks: Mapping[str, Any] | None = None
) -> tuple[LayerSpec, ...]:
    """The layers of a network one by one.

    Args:
        layers: those of the file, past `check_layers`. What a package's own layer makes of a list is its own affair.
        blocks: of the file.

    Raises:
        UserError: a group is not what it should be, a name stands for nothing, or there are more than MOST_LAYERS.

    Examples:
        >>> layers = expand_layers([{"type": "Dense", "units": [4, 2]}])
        >>> [(layer.settings["units"], layer.where, layer.inputs) for layer in layers]
        [(4, 'model.layers[0]', (-1,)), (2, 'model.layers[0]', (0,))]
    """
    return split(write_out(layers, blocks or {}))


def split(written: Iterable[LayerSpec]) -> tuple[LayerSpec, ...]:
    """Make a layer of each size in a list, and the Dropout behind it.

    Raises:
        UserError: these are more than MOST_LAYERS.
    """
    entries: list[LayerSpec] = []
    last = {INPUT: INPUT}  # the entry that gives what a written layer gives
    for number, layer in enumerate(written):
        inputs = tuple(last[each] for each in layer.inputs)
        fits = None if layer.fits is None else last[layer.fits]
        for settings in _settings(layer.settings):
            entries.append(replace(layer, settings=settings, inputs=inputs, fits=fits))
            inputs = (len(entries) - 1,)
        last[number] = len(entries) - 1
    if len(entries) > MOST_LAYERS:
        raise UserError(f"model.layers stands for {len(entries):,} layers; at most {MOST_LAYERS} are allowed.")
    return tuple(entries)


def is_chain(entries: Iterable[LayerSpec]) -> bool:
    """Whether each layer takes what the one before it gives."""
    return all(entry.inputs == (index - 1,) for index, entry in enumerate(entries))


def layer_names(entries: Iterable[LayerSpec]) -> tuple[str, ...]:
    """The names of layers: the kind and the number among those of a kind, as in `conv2d_1`."""
    numbers: Counter[str] = Counter()
    names = []
    for entry in entries:
        numbers[entry.kind] += 1
        names.append(f"{snake_case(entry.kind)}_{numbers[entry.kind]}")
    return tuple(names)


def groups_of(
    layers: Iterable[Mapping[str, Any]], blocks: Mapping[str, Any] | None = None
) -> dict[str, tuple[Group, ...]]:
    """The groups that each layer stands in by its name, in the order of the file; arguments as of `expand_layers`."""
    entries = expand_layers(layers, blocks)
    return {name: entry.path for name, entry in zip(layer_names(entries), entries, strict=True)}


def _settings(layer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if layer["type"] not in LAYERS:
        yield layer
        return
    rate = layer.get(DROPOUT)
    plain = {key: value for key, value in layer.items() if key != DROPOUT}
    behind = {"type": "Dropout", "rate": rate, **{key: value for key, value in layer.items() if key == "part"}}
    lists = [key for key in SIZES if isinstance(layer.get(key), list | tuple)]
    for sizes in [{key: size} for key in lists[:1] for size in layer[key]] if lists else [{}]:
        yield {**plain, **sizes}
        if rate:
            yield behind
