"""What can be refused about a network without TensorFlow."""

import re
from itertools import groupby
from typing import Any

from deeplab.errors import UserError
from deeplab.models.arguments import check_argument
from deeplab.models.expand import LayerSpec, expand_layers
from deeplab.models.layers import layer_target

MOST_LAYERS = 500  # Keras follows a network layer by layer, call inside call, and Python ends that at a thousand
# A gigabyte in float32, and four while Adam trains them; VGG-19 has 144 million.
MOST_PARAMETERS = 250_000_000
_KEEPS_SIZE = ("Activation", "BatchNormalization", "Dropout", "GaussianDropout", "GaussianNoise", "LeakyReLU", "PReLU")


def check_layers(layers: tuple[dict[str, Any], ...]) -> None:
    """Refuse layers whose kind is unknown or whose arguments are of the wrong kind.

    Imports neither TensorFlow nor Keras: whether the layers have these arguments and fit each other is found
    when the network is built.

    Args:
        layers: the layers of the composed configuration, in order.

    Raises:
        UserError: the first thing that is wrong.
    """
    if len(layers) > MOST_LAYERS:
        raise UserError(f"model.layers has {len(layers):,} layers; at most {MOST_LAYERS} are allowed.")
    _check_parts(layers)
    for index, layer in enumerate(layers):
        where = f"model.layers[{index}]"
        kind = layer.get("type")
        if not isinstance(kind, str):
            keys = ", ".join(map(str, layer)) or "nothing"
            raise UserError(f"{where} must name its layer, as in `type: Dense`; it has {keys}.")
        layer_target(kind, where)
        for key, value in layer.items():
            if key not in ("type", "part"):
                check_argument(kind, str(key), value, where)
        if kind == "RandomContrast" and "value_range" not in layer:
            # Keras' default is [0, 255], but inside the network images are in [0, 1].
            raise UserError(f"{where} (RandomContrast) needs value_range: [0, 1] for images, which come in scaled.")
    entries = expand_layers(layers)
    if len(entries) > MOST_LAYERS:
        raise UserError(f"model.layers stands for {len(entries):,} layers; at most {MOST_LAYERS} are allowed.")
    _check_dense_sizes(entries)


def _check_dense_sizes(entries: tuple[LayerSpec, ...]) -> None:
    """Refuse dense layers that are too large for any examples, before TensorFlow is loaded to count the rest."""
    inputs = 1  # at least
    for entry in entries:
        units = entry.settings.get("units") if entry.kind == "Dense" else None
        if isinstance(units, int) and inputs * units > MOST_PARAMETERS:
            raise UserError(
                f"{entry.where} Dense has {inputs * units:,} parameters or more; "
                f"at most {MOST_PARAMETERS:,} are allowed in a network."
            )
        if entry.kind not in _KEEPS_SIZE:
            inputs = units if isinstance(units, int) else 1


def _check_parts(layers: tuple[dict[str, Any], ...]) -> None:
    """A part is a network inside the network: its layers stand together, and its name is one that Keras takes."""
    seen: set[str] = set()
    for part, group in groupby(enumerate(layers), key=lambda pair: pair[1].get("part")):
        where = f"model.layers[{next(group)[0]}].part"
        if part is None:
            continue
        if not isinstance(part, str) or not re.fullmatch(r"[a-z][a-z_]*", part) or part == "rescaling":
            raise UserError(f"{where} must be a word of small letters and _, as in encoder, got {part!r}.")
        if part in seen:
            raise UserError(f"{where}: the layers of the part '{part}' must stand one after the other.")
        seen.add(part)
