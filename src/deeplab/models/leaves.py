"""The layers of a network one after the other, those inside its parts too."""

from typing import Any

from deeplab.config.errors import UserError


def leaf_layers(network: Any) -> tuple[tuple[str, Any], ...]:
    """Every layer of a `keras.Sequential` with its name, those of a part named `part/layer`.

    Raises:
        UserError: the network is no stack of layers.
    """
    import keras  # takes seconds

    if not isinstance(network, keras.Sequential):
        raise UserError(f"The network {network.name} is a {type(network).__name__}, no stack of layers.")
    leaves: list[tuple[str, Any]] = []
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            leaves += [(f"{layer.name}/{name}", leaf) for name, leaf in leaf_layers(layer)]
        else:
            leaves.append((layer.name, layer))
    return tuple(leaves)
