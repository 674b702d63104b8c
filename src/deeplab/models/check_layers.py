"""What can be refused about a network without TensorFlow."""

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from deeplab.config.backbone_weights import BACKBONE
from deeplab.errors import UserError
from deeplab.models.arguments import check_argument
from deeplab.models.check_backbone import check_backbone, check_place
from deeplab.models.expand import is_chain, split
from deeplab.models.groups import MOST_LAYERS, LayerSpec, write_out
from deeplab.models.layers import MERGING, layer_target

# A gigabyte in float32, and four while Adam trains them; VGG-19 has 144 million.
MOST_PARAMETERS = 250_000_000
_KEEPS_SIZE = ("Activation", "BatchNormalization", "Dropout", "GaussianDropout", "GaussianNoise", "LeakyReLU", "PReLU")


def check_layers(layers: tuple[dict[str, Any], ...], blocks: Mapping[str, Any] | None = None) -> None:
    """Refuse layers whose kind is unknown, whose arguments are of the wrong kind, or that lead nowhere.

    Imports neither TensorFlow nor Keras: whether the layers have these arguments and fit each other is found
    when the network is built.

    Args:
        layers: the layers of the composed configuration, in order.
        blocks: the blocks that they may use.

    Raises:
        UserError: the first thing that is wrong.
    """
    if len(layers) > MOST_LAYERS:
        raise UserError(f"model.layers has {len(layers):,} layers; at most {MOST_LAYERS} are allowed.")
    written = write_out(layers, blocks or {})
    for layer in written:
        _check_layer(layer)
    _check_parts(written)
    _check_use(written)
    entries = split(written)
    check_place(entries)
    _check_dense_sizes(entries)


def _check_layer(layer: LayerSpec) -> None:
    where, kind = layer.where, layer.settings.get("type")
    if not isinstance(kind, str):
        keys = ", ".join(map(str, layer.settings)) or "nothing"
        raise UserError(f"{where} must name its layer, as in `type: Dense`; it has {keys}.")
    if kind == BACKBONE:
        check_backbone(layer.settings, where)
        return
    layer_target(kind, where)
    for key, value in layer.settings.items():
        if key not in ("type", "part"):
            check_argument(kind, str(key), value, where)
    if kind in ("RandomBrightness", "RandomContrast", "RandomErasing") and "value_range" not in layer.settings:
        # Keras' default is [0, 255], but inside the network images are in [0, 1].
        raise UserError(f"{where} ({kind}) needs value_range: [0, 1] for images, which come in scaled.")
    count = len(layer.inputs)
    if kind in MERGING and (count < 2 or (kind == "Subtract" and count > 2)):
        most = "two" if kind == "Subtract" else "two or more"
        raise UserError(f"{where} ({kind}) joins {most}: write their names, as in `from: [a, b]`.")
    if kind not in MERGING and count > 1:
        raise UserError(f"{where} ({kind}) takes one input, and from names {count}; {', '.join(MERGING)} join several.")


def _check_use(layers: tuple[LayerSpec, ...]) -> None:
    """Refuse a layer that the network's output does not depend on."""
    used = {number for layer in layers for number in layer.inputs}
    for number, layer in enumerate(layers[:-1]):
        if number not in used:
            raise UserError(
                f"{layer.where} ({layer.kind}) leads nowhere: no layer takes what it gives; "
                "give it a name, and name it in a `from`."
            )


def _check_dense_sizes(entries: tuple[LayerSpec, ...]) -> None:
    """Refuse dense layers that are too large for any examples, before TensorFlow is loaded to count the rest."""
    sizes: list[int] = []  # of what each layer gives, at least
    for entry in entries:
        before = entry.inputs[0]
        inputs = sizes[before] if before >= 0 else 1
        units = entry.settings.get("units") if entry.kind == "Dense" else None
        if isinstance(units, int) and inputs * units > MOST_PARAMETERS:
            raise UserError(
                f"{entry.where} Dense has {inputs * units:,} parameters or more; "
                f"at most {MOST_PARAMETERS:,} are allowed in a network."
            )
        sizes.append(inputs if entry.kind in _KEEPS_SIZE else units if isinstance(units, int) else 1)


def _check_parts(layers: Iterable[LayerSpec]) -> None:
    """A part is a network inside the network: its layers stand together, and its name is one that Keras takes."""
    seen: set[str] = set()
    for part, group in groupby(layers, key=lambda layer: layer.settings.get("part")):
        where = f"{next(group).where}.part"
        if part is None:
            continue
        if not isinstance(part, str) or not re.fullmatch(r"[a-z][a-z_]*", part) or part == "rescaling":
            raise UserError(f"{where} must be a word of small letters and _, as in encoder, got {part!r}.")
        if part in seen:
            raise UserError(f"{where}: the layers of the part '{part}' must stand one after the other.")
        if not is_chain(layers):
            raise UserError(f"{where}: parts are for networks without branches, in which no layer skips another.")
        seen.add(part)
