"""A trained network carried through the layers by hand, from its settings and weights alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deeplab.errors import nearest
from deeplab.numpy_layers.activations import activation, leaky_relu
from deeplab.numpy_layers.arrays import Array, floats
from deeplab.numpy_layers.convolution import convolution, depthwise_convolution, transposed_convolution
from deeplab.numpy_layers.dense import fully_connected
from deeplab.numpy_layers.joins import PLACE_BY_PLACE
from deeplab.numpy_layers.normalization import (
    batch_normalization,
    group_normalization,
    layer_normalization,
    rescale,
    standardize,
)
from deeplab.numpy_layers.pooling import average_pooling, global_average_pooling, global_max_pooling, max_pooling
from deeplab.numpy_layers.shape import center_crop, cropping, reshape, resizing, up_sampling, zero_padding

Settings = Mapping[str, Any]
Weights = Mapping[str, Any]


@dataclass(frozen=True)
class Layer:
    """A layer of a trained network as plain values."""

    name: str  # as in `conv2d_1`
    kind: str  # as in `Conv2D`
    settings: Settings  # what Keras' `get_config` gives
    weights: Weights  # arrays by the names that Keras has for them, as in `kernel`


class UnknownLayerError(ValueError):
    """A layer, or a setting of one, that was never written by hand."""


def carry(layer: Layer, *rows: Any) -> Array:
    """What a trained layer makes of rows [n, ...], or of those of several branches.

    Raises:
        UnknownLayerError: it, or a setting of it, was never written by hand.
    """
    if layer.kind not in LAYERS:
        near = nearest(layer.kind, LAYERS)
        raise UnknownLayerError(
            f"Layer {layer.name} ({layer.kind}) is not among the layers by hand. {near}Known: {', '.join(LAYERS)}."
        )
    for key, values in SETTINGS.get(layer.kind, {}).items():
        if layer.settings.get(key) not in values:
            raise UnknownLayerError(
                f"Layer {layer.name} ({layer.kind}) has {key} {layer.settings.get(key)}; "
                f"by hand there is only {values[0]}."
            )
    given = [floats("rows", each) for each in rows]
    return LAYERS[layer.kind](given if len(given) > 1 else given[0], layer.settings, layer.weights)


def _activated(x: Array, settings: Settings) -> Array:
    return activation(settings["activation"] or "linear")(x)


def _identity(x: Array, _: Settings, __: Weights) -> Array:
    return x


def _convolution(x: Array, settings: Settings, weights: Weights) -> Array:
    y = convolution(
        *(x, weights["kernel"], weights.get("bias"), settings["strides"], settings["padding"]),
        dilation=settings["dilation_rate"],
        groups=settings["groups"],
    )
    return _activated(y, settings)


def _depthwise_convolution(x: Array, settings: Settings, weights: Weights) -> Array:
    y = depthwise_convolution(
        *(x, weights["kernel"], weights.get("bias"), settings["strides"], settings["padding"]),
        dilation=settings["dilation_rate"],
    )
    return _activated(y, settings)


def _separable_convolution(x: Array, settings: Settings, weights: Weights) -> Array:
    each = depthwise_convolution(
        *(x, weights["depthwise_kernel"], None, settings["strides"], settings["padding"]),
        dilation=settings["dilation_rate"],
    )
    return _activated(convolution(each, weights["pointwise_kernel"], weights.get("bias")), settings)


def _transposed_convolution(x: Array, settings: Settings, weights: Weights) -> Array:
    y = transposed_convolution(x, weights["kernel"], weights.get("bias"), settings["strides"], settings["padding"])
    return _activated(y, settings)


def _dense(x: Array, settings: Settings, weights: Weights) -> Array:
    return _activated(fully_connected(x, weights["kernel"], weights.get("bias")), settings)


def _pooling(function: Callable[..., Array]) -> Callable[[Array, Settings, Weights], Array]:
    return lambda x, settings, _: function(x, settings["pool_size"], settings["strides"], settings["padding"])


def _global_pooling(function: Callable[[Any], Array]) -> Callable[[Array, Settings, Weights], Array]:
    def pooled(x: Array, settings: Settings, _: Weights) -> Array:
        y = function(x)
        return y[:, None, None, :] if settings["keepdims"] else y

    return pooled


def _batch_normalization(x: Array, settings: Settings, weights: Weights) -> Array:
    mean, variance = weights["moving_mean"], weights["moving_variance"]
    gamma, beta = weights.get("gamma"), weights.get("beta")
    return batch_normalization(x, mean, variance, gamma, beta, settings["epsilon"], settings["axis"])


def _layer_normalization(x: Array, settings: Settings, weights: Weights) -> Array:
    axes = settings["axis"] if isinstance(settings["axis"], list | tuple) else [settings["axis"]]
    return layer_normalization(x, weights.get("gamma"), weights.get("beta"), settings["epsilon"], axes)


def _group_normalization(x: Array, settings: Settings, weights: Weights) -> Array:
    gamma, beta = weights.get("gamma"), weights.get("beta")
    return group_normalization(x, gamma, beta, settings["groups"], settings["epsilon"])


def _of_sequences(function: Callable[[Array, Settings, Weights], Array]) -> Callable[[Array, Settings, Weights], Array]:
    """What a layer of maps makes of sequences [n, steps, channels], as maps of height 1."""

    def carried(x: Array, settings: Settings, weights: Weights) -> Array:
        sizes = ("kernel_size", "pool_size", "strides", "dilation_rate")
        across = {key: (1, *_numbers(settings[key])) for key in sizes if settings.get(key) is not None}
        kernel = {"kernel": weights["kernel"][None]} if "kernel" in weights else {}
        return function(x[:, None], {**settings, **across}, {**weights, **kernel})[:, 0]

    return carried


def _joining(join: Callable[[Sequence[Array]], Array]) -> Callable[[Any, Settings, Weights], Array]:
    return lambda arrays, _, __: join(arrays)


def _numbers(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _global_sequences(function: Callable[..., Any]) -> Callable[[Array, Settings, Weights], Array]:
    return lambda x, settings, _: np.asarray(function(x, axis=1, keepdims=settings["keepdims"]))


LAYERS: Mapping[str, Callable[[Any, Settings, Weights], Array]] = {
    "Activation": lambda x, settings, _: _activated(x, settings),
    "AveragePooling2D": _pooling(average_pooling),
    "AveragePooling1D": _of_sequences(_pooling(average_pooling)),
    "BatchNormalization": _batch_normalization,
    "CenterCrop": lambda x, settings, _: center_crop(x, settings["height"], settings["width"]),
    "Conv1D": _of_sequences(_convolution),
    "Conv2D": _convolution,
    "Conv2DTranspose": _transposed_convolution,
    "Cropping2D": lambda x, settings, _: cropping(x, settings["cropping"]),
    "Dense": _dense,
    "DepthwiseConv2D": _depthwise_convolution,
    "Flatten": lambda x, _, __: reshape(x, (-1,)),
    "GlobalAveragePooling1D": _global_sequences(np.mean),
    "GlobalAveragePooling2D": _global_pooling(global_average_pooling),
    "GlobalMaxPooling1D": _global_sequences(np.max),
    "GlobalMaxPooling2D": _global_pooling(global_max_pooling),
    "GroupNormalization": _group_normalization,
    "LayerNormalization": _layer_normalization,
    "LeakyReLU": lambda x, settings, _: leaky_relu(x, settings["negative_slope"]),
    "MaxPooling1D": _of_sequences(_pooling(max_pooling)),
    "MaxPooling2D": _pooling(max_pooling),
    "PReLU": lambda x, _, weights: np.asarray(np.maximum(x, 0) + weights["alpha"] * np.minimum(x, 0)),
    "Permute": lambda x, settings, _: x.transpose(0, *settings["dims"]),
    "RepeatVector": lambda x, settings, _: np.repeat(x[:, None], settings["n"], axis=1),
    "Normalization": lambda x, settings, _: standardize(x, settings["mean"], settings["variance"]),
    "Rescaling": lambda x, settings, _: rescale(x, settings["scale"], settings["offset"]),
    "Reshape": lambda x, settings, _: reshape(x, settings["target_shape"]),
    "Resizing": lambda x, settings, _: resizing(x, settings["height"], settings["width"], settings["interpolation"]),
    "SeparableConv2D": _separable_convolution,
    "UpSampling2D": lambda x, settings, _: up_sampling(x, settings["size"]),
    "ZeroPadding2D": lambda x, settings, _: zero_padding(x, settings["padding"]),
    # What joins branches takes a list of their rows.
    **{kind: _joining(join) for kind, join in PLACE_BY_PLACE.items()},
    "Concatenate": lambda x, settings, _: np.concatenate(x, axis=settings["axis"]),
    # What changes rows while training only.
    "Dropout": _identity,
    "GaussianDropout": _identity,
    "GaussianNoise": _identity,
    "RandomBrightness": _identity,
    "RandomContrast": _identity,
    "RandomErasing": _identity,
    "RandomFlip": _identity,
    "RandomRotation": _identity,
    "RandomTranslation": _identity,
    "RandomZoom": _identity,
    "SpatialDropout2D": _identity,
}

# Settings that have one value by hand and more in Keras; what is left out there counts as the first.
SETTINGS: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "GroupNormalization": {"axis": (-1,)},
    "Conv2DTranspose": {"output_padding": (None,), "dilation_rate": ((1, 1), [1, 1], 1)},
    "LayerNormalization": {"rms_scaling": (False, None)},
    "Resizing": dict.fromkeys(("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"), (False,)),
    "UpSampling2D": {"interpolation": ("nearest",)},
}
