"""The layers, activations and initialisers that a configuration may name.

A network in YAML runs no code: what is not in these tables is refused. `Lambda` and everything else that
takes a function is left out on purpose. An installed package adds layers under the entry point group
`deeplab.layers`, and a file of `--code` declares some, each a Keras layer that defines `compute_output_shape`
and draws only from its `seed` and `*_initializer` arguments.
"""

import re
from importlib import import_module
from typing import Any

from deeplab.code.file import hint, plugins
from deeplab.config.backbone_weights import BACKBONE
from deeplab.errors import UserError, unknown_name

LAYERS = {
    "Activation": "keras.layers:Activation",
    "Add": "keras.layers:Add",
    "Average": "keras.layers:Average",
    "AveragePooling1D": "keras.layers:AveragePooling1D",
    "AveragePooling2D": "keras.layers:AveragePooling2D",
    "BatchNormalization": "keras.layers:BatchNormalization",
    "CenterCrop": "keras.layers:CenterCrop",
    "Concatenate": "keras.layers:Concatenate",
    "Conv1D": "keras.layers:Conv1D",
    "Conv2D": "keras.layers:Conv2D",
    "Conv2DTranspose": "keras.layers:Conv2DTranspose",
    "Cropping2D": "keras.layers:Cropping2D",
    "Dense": "keras.layers:Dense",
    "DepthwiseConv2D": "keras.layers:DepthwiseConv2D",
    "Dropout": "keras.layers:Dropout",
    "Flatten": "keras.layers:Flatten",
    "GaussianDropout": "keras.layers:GaussianDropout",
    "GaussianNoise": "keras.layers:GaussianNoise",
    "GlobalAveragePooling1D": "keras.layers:GlobalAveragePooling1D",
    "GlobalAveragePooling2D": "keras.layers:GlobalAveragePooling2D",
    "GlobalMaxPooling1D": "keras.layers:GlobalMaxPooling1D",
    "GlobalMaxPooling2D": "keras.layers:GlobalMaxPooling2D",
    "GroupNormalization": "keras.layers:GroupNormalization",
    "LayerNormalization": "keras.layers:LayerNormalization",
    "LeakyReLU": "keras.layers:LeakyReLU",
    "MaxPooling1D": "keras.layers:MaxPooling1D",
    "MaxPooling2D": "keras.layers:MaxPooling2D",
    "Maximum": "keras.layers:Maximum",
    "Minimum": "keras.layers:Minimum",
    "Multiply": "keras.layers:Multiply",
    "PReLU": "keras.layers:PReLU",
    "Permute": "keras.layers:Permute",
    "RandomBrightness": "keras.layers:RandomBrightness",
    "RandomContrast": "keras.layers:RandomContrast",
    "RandomErasing": "keras.layers:RandomErasing",
    "RandomFlip": "keras.layers:RandomFlip",
    "RandomRotation": "keras.layers:RandomRotation",
    "RandomTranslation": "keras.layers:RandomTranslation",
    "RandomZoom": "keras.layers:RandomZoom",
    "RepeatVector": "keras.layers:RepeatVector",
    "Rescaling": "keras.layers:Rescaling",
    "Reshape": "keras.layers:Reshape",
    "Resizing": "keras.layers:Resizing",
    "SeparableConv2D": "keras.layers:SeparableConv2D",
    "SpatialDropout2D": "keras.layers:SpatialDropout2D",
    "Subtract": "keras.layers:Subtract",
    "UpSampling2D": "keras.layers:UpSampling2D",
    "ZeroPadding2D": "keras.layers:ZeroPadding2D",
}

# Layers that take what two or more others give.
MERGING = ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract")

ACTIVATIONS = frozenset(
    [
        "elu",
        "exponential",
        "gelu",
        "hard_sigmoid",
        "leaky_relu",
        "linear",
        "mish",
        "relu",
        "relu6",
        "selu",
        "sigmoid",
        "silu",
        "softmax",
        "softplus",
        "softsign",
        "swish",
        "tanh",
    ]
)

INITIALIZERS = frozenset(
    [
        "glorot_normal",
        "glorot_uniform",
        "he_normal",
        "he_uniform",
        "lecun_normal",
        "lecun_uniform",
        "ones",
        "orthogonal",
        "random_normal",
        "random_uniform",
        "truncated_normal",
        "zeros",
    ]
)


def snake_case(kind: str) -> str:
    """`MaxPooling2D` becomes `max_pooling2d`, `LeakyReLU` `leaky_relu`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", kind).lower()


def layer_target(kind: str, where: str) -> str:
    """Return the `module:name` of a layer; a package cannot replace a layer of Keras.

    Args:
        kind: the layer's name, as in `Conv2D`.
        where: its place in the configuration, for the error.

    Raises:
        UserError: neither the table, nor an installed package, nor the file of --code has the layer.
    """
    if kind in LAYERS:
        return LAYERS[kind]
    added = plugins("deeplab.layers", "layer")
    if kind not in added:
        raise UserError(f"{unknown_name('layer', kind, [*LAYERS, BACKBONE, *added], where)} {hint('layer')}")
    return added[kind].value


def layer_class(kind: str, where: str) -> Any:
    """Import the class of a layer; the arguments are those of `layer_target`."""
    module, _, name = layer_target(kind, where).partition(":")
    return getattr(import_module(module), name)


def is_augmentation(kind: str) -> bool:
    """Whether the layer changes images at random while training and does nothing otherwise."""
    return kind in LAYERS and kind.startswith("Random")


def needed_rank(kind: str) -> int | None:
    """How many dimensions an example must have: 3 for maps, 2 for sequences, 1 for vectors, None where any will do."""
    if kind == BACKBONE:
        return 3
    if kind not in LAYERS:
        return None
    if kind.endswith(("2D", "2DTranspose")) or is_augmentation(kind) or kind in ("CenterCrop", "Resizing"):
        return 3
    return 2 if kind.endswith("1D") else 1 if kind == "RepeatVector" else None
