"""The layers, activations and initialisers that a configuration may name.

A network in YAML runs no code: what is not in these tables is refused. `Lambda` and everything else that
takes a function is left out on purpose. An installed package adds layers under the entry point group
`deeplab.layers`, and a file of `--code` declares some, each a Keras layer that defines `compute_output_shape`
and draws only from its `seed` and `*_initializer` arguments.
"""

from importlib import import_module
from typing import Any

from deeplab.code.file import HINT, plugins
from deeplab.errors import UserError, unknown_name

LAYERS = {
    "Activation": "keras.layers:Activation",
    "AveragePooling2D": "keras.layers:AveragePooling2D",
    "BatchNormalization": "keras.layers:BatchNormalization",
    "Conv2D": "keras.layers:Conv2D",
    "Conv2DTranspose": "keras.layers:Conv2DTranspose",
    "Cropping2D": "keras.layers:Cropping2D",
    "Dense": "keras.layers:Dense",
    "DepthwiseConv2D": "keras.layers:DepthwiseConv2D",
    "Dropout": "keras.layers:Dropout",
    "Flatten": "keras.layers:Flatten",
    "GaussianDropout": "keras.layers:GaussianDropout",
    "GaussianNoise": "keras.layers:GaussianNoise",
    "GlobalAveragePooling2D": "keras.layers:GlobalAveragePooling2D",
    "GlobalMaxPooling2D": "keras.layers:GlobalMaxPooling2D",
    "LayerNormalization": "keras.layers:LayerNormalization",
    "LeakyReLU": "keras.layers:LeakyReLU",
    "MaxPooling2D": "keras.layers:MaxPooling2D",
    "PReLU": "keras.layers:PReLU",
    "RandomContrast": "keras.layers:RandomContrast",
    "RandomFlip": "keras.layers:RandomFlip",
    "RandomRotation": "keras.layers:RandomRotation",
    "RandomTranslation": "keras.layers:RandomTranslation",
    "RandomZoom": "keras.layers:RandomZoom",
    "Rescaling": "keras.layers:Rescaling",
    "Reshape": "keras.layers:Reshape",
    "SeparableConv2D": "keras.layers:SeparableConv2D",
    "SpatialDropout2D": "keras.layers:SpatialDropout2D",
    "UpSampling2D": "keras.layers:UpSampling2D",
    "ZeroPadding2D": "keras.layers:ZeroPadding2D",
}

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
        raise UserError(f"{unknown_name('layer', kind, [*LAYERS, *added], where)} {HINT}")
    return added[kind].value


def layer_class(kind: str, where: str) -> Any:
    """Import the class of a layer; the arguments are those of `layer_target`."""
    module, _, name = layer_target(kind, where).partition(":")
    return getattr(import_module(module), name)


def is_augmentation(kind: str) -> bool:
    """Whether the layer changes images at random while training and does nothing otherwise."""
    return kind in LAYERS and kind.startswith("Random")


def needs_maps(kind: str) -> bool:
    """Whether the layer takes maps of shape (height, width, channels) and nothing else."""
    return kind in LAYERS and (kind.endswith(("2D", "2DTranspose")) or is_augmentation(kind))
