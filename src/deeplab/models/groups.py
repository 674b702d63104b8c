"""Groups of layers in a network's file, written out: `repeat`, `residual`, blocks with values, and who takes what.

Nothing is evaluated: a group is a mapping, `$name` a word that stands for a value, `from` a list of names. How many
layers there are is counted while they are written out, so that a short file cannot stand for a large network.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from deeplab.config.backbone_weights import BACKBONE
from deeplab.errors import UserError, unknown_name
from deeplab.models.arguments import COUNT, SHARE, is_flat

MOST_LAYERS = 500  # Keras follows a network layer by layer, call inside call, and Python ends that at a thousand
DEEPEST = 20  # groups inside groups
INPUT = -1  # the number of what the network takes, where layers count from 0
INPUT_NAME = "input"
GROUPS = ("block", "repeat", "residual")
SHORTCUTS = ("identity", "pad", "projection")
RESIDUAL_KEYS = ("layers", "shortcut", "normalization", "drop", "l2", "kernel_initializer")
_WORD = re.compile(r"[a-z0-9_]+")
_VALUE = re.compile(r"\$([A-Za-z_]\w*)")


@dataclass(frozen=True)
class Group:
    """What a layer may stand in."""

    number: int  # which no other group of the network has
    label: str  # as in `residual`, `repeat 3` or the name of a block


@dataclass(frozen=True)
class LayerSpec:
    """One layer that is to be made."""

    settings: Mapping[str, Any]  # its kind and arguments
    where: str  # the place that it has in the file, as in `model.layers[0]`; that of a list for all layers of the list
    inputs: tuple[int, ...]  # the numbers of the layers whose outputs it takes; INPUT for the network's input
    path: tuple[Group, ...] = ()  # the groups that it stands in, the outermost first
    # of what a residual adds: the layer whose shape decides about arguments that are left open, or is to be that of
    # the shortcut
    fits: int | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)  # arguments that a file may not give

    @property
    def kind(self) -> str:
        """As in `Conv2D`."""
        return str(self.settings["type"])


@dataclass(frozen=True)
class _Place:
    """Where a list of layers stands."""

    where: str  # as in `model.layers`
    source: int  # what comes in
    names: dict[str, int]  # that `from` may name, with what each gives
    path: tuple[Group, ...] = ()
    values: Mapping[str, Any] | None = None  # of the block; None outside of blocks
    blocks: tuple[str, ...] = ()  # the names of the blocks around it

    def inside(self, where: str, source: int, group: Group, **changed: Any) -> "_Place":
        """The place of a list inside a group in it."""
        if len(self.path) >= DEEPEST:
            raise UserError(f"{where} is nested more than {DEEPEST} deep.")
        named = {"names": dict(self.names), "values": self.values, "blocks": self.blocks, **changed}
        return _Place(where, source, path=(*self.path, group), **named)


def write_out(layers: Iterable[Mapping[str, Any]], blocks: Mapping[str, Any]) -> tuple[LayerSpec, ...]:
    """Write all groups out; a list as `units` stays in one piece.

    Args:
        layers: of the file.
        blocks: of the file, by name.

    Raises:
        UserError: the first thing that is wrong, or there are more than MOST_LAYERS.
    """
    return tuple(_Writer(blocks).written(layers))


class _Writer:
    def __init__(self, blocks: Mapping[str, Any]) -> None:
        for name, block in blocks.items():
            _check_block(name, block)
        self._blocks = blocks
        self._layers: list[LayerSpec] = []
        self._groups = 0

    def written(self, layers: Iterable[Mapping[str, Any]]) -> list[LayerSpec]:
        self._list(layers, _Place("model.layers", INPUT, {}))
        return self._layers

    def _list(self, items: Any, place: _Place) -> int:
        """Write a list out; the number of the layer that gives what the list gives."""
        if place.path and not (isinstance(items, list | tuple) and items):
            raise UserError(f"{place.where} must be a list of layers, got {_shown(items)}.")
        last = place.source
        for index, item in enumerate(items):
            last = self._item(item, f"{place.where}[{index}]", place, last)
        return last

    def _item(self, item: Any, where: str, place: _Place, last: int) -> int:
        if place.path and len(self._layers) >= MOST_LAYERS:
            raise UserError(f"model.layers stands for more than {MOST_LAYERS} layers, which is the most; at {where}.")
        if not isinstance(item, Mapping):
            raise UserError(f"{where} must be a layer, as in `type: Dense`, got {_shown(item)}.")
        kinds = [key for key in GROUPS if key in item and "type" not in item]
        if len(kinds) > 1:
            raise UserError(f"{where} has both {' and '.join(kinds)}; one item is one of them.")
        kind = kinds[0] if kinds else ""
        is_backbone = item.get("type") == BACKBONE  # whose name is that of its network
        name = None if is_backbone else filled(item.get("name"), place.values, f"{where}.name")
        inputs = _inputs(filled(item.get("from"), place.values, f"{where}.from"), where, place, last)
        if kind and len(inputs) > 1:
            raise UserError(f"{where}.from: a {kind} takes one input; join them by a layer such as Add before it.")
        rest = {key: value for key, value in item.items() if key != "from" and (key != "name" or is_backbone)}
        if kind == "block":
            given = self._block(rest, where, place, inputs[0])
        elif kind == "repeat":
            given = self._repeat(rest, where, place, inputs[0])
        elif kind == "residual":
            _check_keys(rest, ("residual",), where)
            given = self._residual(rest["residual"], f"{where}.residual", place, inputs[0])
        else:
            settings = {key: filled(value, place.values, f"{where}.{key}") for key, value in rest.items()}
            given = self._add(settings, where, inputs, place.path)
        if "name" in item and not is_backbone:
            place.names[_new_name(name, where, place)] = given
        return given

    def _add(
        self, settings: Mapping[str, Any], where: str, inputs: tuple[int, ...], path: tuple[Group, ...], **more: Any
    ) -> int:
        self._layers.append(LayerSpec(settings, where, inputs, path, **more))
        return len(self._layers) - 1

    def _group(self, label: str) -> Group:
        self._groups += 1
        return Group(self._groups, label)

    def _repeat(self, item: Mapping[str, Any], where: str, place: _Place, source: int) -> int:
        _check_keys(item, ("repeat", "layers"), where)
        count = filled(item["repeat"], place.values, f"{where}.repeat")
        if not COUNT.accepts(count):
            raise UserError(f"{where}.repeat must be {COUNT.words}, got {_shown(count)}.")
        group = self._group(f"repeat {count}")
        for _ in range(count):
            source = self._list(item.get("layers"), place.inside(f"{where}.layers", source, group))
        return source

    def _block(self, item: Mapping[str, Any], where: str, place: _Place, source: int) -> int:
        name = filled(item["block"], place.values, f"{where}.block")
        if not isinstance(name, str) or name not in self._blocks:
            raise unknown_name("block", str(name)[:80], self._blocks or ["none"], f"{where}.block")
        if name in place.blocks:
            chain = " -> ".join((*place.blocks[place.blocks.index(name) :], name))
            raise UserError(f"{where}: the block '{name}' uses itself ({chain}).")
        block = self._blocks[name]
        values = dict(block.get("values") or {})
        for key, value in item.items():
            if key == "block":
                continue
            if key not in values:
                raise unknown_name(f"value of the block '{name}'", str(key), values or ["none"], where)
            values[key] = filled(value, place.values, f"{where}.{key}")
            _check_value(values[key], f"{where}.{key}")
        inside = place.inside(
            f"{where} {name}.layers",
            source,
            self._group(name),
            names={},
            values=values,
            blocks=(*place.blocks, name),
        )
        return self._list(block["layers"], inside)

    def _residual(self, body: Any, where: str, place: _Place, source: int) -> int:
        if not isinstance(body, Mapping):
            raise UserError(f"{where} must be a mapping with layers, got {_shown(body)}.")
        _check_keys(body, RESIDUAL_KEYS, where)
        options = {k: filled(v, place.values, f"{where}.{k}") for k, v in body.items() if k != "layers"}
        shortcut = options.pop("shortcut", None) or "identity"
        if shortcut not in SHORTCUTS:
            raise unknown_name("shortcut", str(shortcut)[:80], SHORTCUTS, where)
        drop = options.pop("drop", None)
        if drop is not None and not SHARE.accepts(drop):
            raise UserError(f"{where}.drop must be {SHARE.words}, or null, got {_shown(drop)}.")
        if options and "shortcut" not in body:
            raise UserError(f"{where}.{next(iter(options))} is for shortcut: projection; there is no shortcut.")
        inside = place.inside(f"{where}.layers", source, self._group("residual"))
        inner = self._list(body.get("layers"), inside)
        for settings, fits in _shortcut(shortcut, options, where):
            source = self._add(settings, where, (source,), inside.path, fits=inner if fits else None)
        dropped = inner
        if drop:
            # Whole examples lose what the layers add to them: stochastic depth (Huang and others, 2016).
            settings = {"type": "Dropout", "rate": drop}
            dropped = self._add(settings, where, (inner,), inside.path, fits=inner)
        return self._add({"type": "Add"}, where, (dropped, source), inside.path, fits=inner)


def _shortcut(kind: str, options: Mapping[str, Any], where: str) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """The layers of a shortcut, each with whether arguments of it follow from the shapes."""
    if kind == "projection":
        normalization = options.get("normalization", False)
        if not isinstance(normalization, bool):
            raise UserError(f"{where}.normalization must be true or false, got {_shown(normalization)}.")
        more = {key: options[key] for key in ("l2", "kernel_initializer") if key in options}
        yield {"type": "Conv2D", "kernel_size": 1, "use_bias": not normalization, **more}, True
        if normalization:
            yield {"type": "BatchNormalization"}, False
    elif kind == "pad":
        # Option A of He and others (2016): every second row and column, and channels of zeros on both sides.
        yield {"type": "AveragePooling2D", "pool_size": 1}, True
        yield {"type": "Permute", "dims": [1, 3, 2]}, False  # so that the channels can be padded like columns
        yield {"type": "ZeroPadding2D"}, True
        yield {"type": "Permute", "dims": [1, 3, 2]}, False


def filled(value: Any, values: Mapping[str, Any] | None, where: str) -> Any:
    """A value with the values of the block in the place of `$name`.

    Examples:
        >>> filled(["$size", 3, "a$size"], {"size": 5}, "x")
        [5, 3, 'a$size']
    """
    if isinstance(value, list | tuple):
        return [filled(item, values, where) for item in value]
    match = _VALUE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return value
    if values is None:
        raise UserError(f"{where}: '{value[:80]}' stands outside of a block, where there are no values.")
    if match[1] not in values:
        raise unknown_name("value", value[:80], [f"${name}" for name in values] or ["none"], where)
    return values[match[1]]


def _inputs(given: Any, where: str, place: _Place, last: int) -> tuple[int, ...]:
    if given is None:
        return (last,)
    names = list(given) if isinstance(given, list | tuple) else [given]
    if not names or not all(isinstance(name, str) for name in names):
        raise UserError(f"{where}.from must be a name or a list of names, got {_shown(given)}.")
    known = {INPUT_NAME: place.source, **place.names}
    for name in names:
        if name not in known:
            raise unknown_name("name", name[:80], known, f"{where}.from")
    if len(set(names)) < len(names):
        raise UserError(f"{where}.from names one of {', '.join(names)} twice.")
    return tuple(known[name] for name in names)


def _new_name(name: Any, where: str, place: _Place) -> str:
    if not isinstance(name, str) or not _WORD.fullmatch(name) or name == INPUT_NAME or len(name) > 80:
        raise UserError(
            f"{where}.name must be a word of small letters, digits and _, other than {INPUT_NAME}, got {_shown(name)}."
        )
    if name in place.names:
        raise UserError(f"{where}.name: '{name}' is the name of an item before it.")
    return name


def _check_block(name: str, block: Any) -> None:
    where = f"model.blocks.{name}"
    if not isinstance(block, Mapping) or not isinstance(block.get("layers"), list | tuple):
        raise UserError(f"{where} must have layers, a list, and may have values; it is {_shown(block)}.")
    _check_keys(block, ("values", "layers"), where)
    values = block.get("values") or {}
    if not isinstance(values, Mapping):
        raise UserError(f"{where}.values must be a mapping, as in {{filters: 16}}, got {_shown(values)}.")
    for key, value in values.items():
        if not re.fullmatch(r"[A-Za-z_]\w*", str(key)) or key in ("block", "name", "from", "type"):
            raise UserError(
                f"{where}.values: '{key}' cannot be the name of a value; it is a word of letters, digits, _."
            )
        _check_value(value, f"{where}.values.{key}")


def _check_value(value: Any, where: str) -> None:
    if not is_flat(value):
        raise UserError(f"{where} must be a number, a word, true, false, null or a list of those, got {_shown(value)}.")


def _check_keys(item: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in item:
        if key not in known:
            raise unknown_name("key", str(key)[:80], known, where)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
