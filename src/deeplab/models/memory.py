"""How many rows can go through a network at once."""

import math
from typing import Any

from deeplab.models.table import flat_layers

LAYER_BYTES = 32 << 20
FEWEST, MOST = 64, 8192


def evaluation_batch(network: Any) -> int:
    """Rows in a batch that is only looked at: as many as keep every layer's output within LAYER_BYTES.

    Args:
        network: a built Keras model.
    """
    largest = max(4 * math.prod(layer.output.shape[1:]) for layer in flat_layers(network))
    return int(max(FEWEST, min(MOST, LAYER_BYTES // largest)))
