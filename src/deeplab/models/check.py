"""What can be refused about a network without TensorFlow."""

from typing import Any

from deeplab.config.errors import UserError
from deeplab.models.arguments import check_argument
from deeplab.models.layers import layer_target


def check_layers(layers: tuple[dict[str, Any], ...]) -> None:
    """Refuse layers whose kind is unknown or whose arguments are of the wrong kind.

    Imports neither TensorFlow nor Keras: whether the layers have these arguments and fit each other is found
    when the network is built.

    Args:
        layers: the layers of the composed configuration, in order.

    Raises:
        UserError: the first thing that is wrong.
    """
    for index, layer in enumerate(layers):
        where = f"model.layers[{index}]"
        kind = layer.get("type")
        if not isinstance(kind, str):
            keys = ", ".join(map(str, layer)) or "nothing"
            raise UserError(f"{where} must name its layer, as in `type: Dense`; it has {keys}.")
        layer_target(kind, where)
        for key, value in layer.items():
            if key != "type":
                check_argument(kind, str(key), value, where)
        if kind == "RandomContrast" and "value_range" not in layer:
            # Keras' default is [0, 255], but inside the network images are in [0, 1].
            raise UserError(f"{where} (RandomContrast) needs value_range: [0, 1] for images, which come in scaled.")
