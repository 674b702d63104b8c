"""Every kind of layer that a configuration can name, with trained-looking weights, by hand and by Keras."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from deeplab.models.layers import LAYERS, MERGING, needed_rank
from deeplab.numpy_layers import forward
from deeplab.numpy_layers.forward import Layer, UnknownLayerError, carry

KINDS: list[tuple[str, dict[str, Any]]] = [
    ("Activation", {"activation": "softmax"}),
    ("Add", {}),
    ("Average", {}),
    ("AveragePooling1D", {"pool_size": 3, "strides": 2, "padding": "same"}),
    ("AveragePooling1D", {"pool_size": 2}),
    ("CenterCrop", {"height": 4, "width": 5}),
    ("Concatenate", {"axis": 1}),
    ("Concatenate", {}),
    ("Conv1D", {"filters": 5, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "relu"}),
    ("Conv1D", {"filters": 4, "kernel_size": 2, "dilation_rate": 2, "use_bias": False}),
    ("GlobalAveragePooling1D", {"keepdims": True}),
    ("GlobalMaxPooling1D", {}),
    ("GroupNormalization", {"groups": 2}),
    ("GroupNormalization", {"groups": -1, "center": False}),
    ("Maximum", {}),
    ("MaxPooling1D", {"pool_size": 3, "strides": 1, "padding": "same"}),
    ("Minimum", {}),
    ("Multiply", {}),
    ("Permute", {"dims": (3, 1, 2)}),
    ("RandomBrightness", {"factor": 0.5, "value_range": (0, 1)}),
    ("RandomErasing", {"value_range": (0, 1)}),
    ("RepeatVector", {"n": 3}),
    ("Resizing", {"height": 5, "width": 20}),
    ("Resizing", {"height": 13, "width": 4, "interpolation": "nearest"}),
    ("Subtract", {}),
    ("AveragePooling2D", {"pool_size": (2, 3), "strides": 2, "padding": "same"}),
    ("AveragePooling2D", {"pool_size": 2}),
    ("BatchNormalization", {"epsilon": 0.01}),
    ("BatchNormalization", {"axis": 1, "center": False, "scale": False}),
    ("Conv2D", {"filters": 5, "kernel_size": 3, "activation": "relu"}),
    ("Conv2D", {"filters": 4, "kernel_size": (2, 3), "strides": 2, "padding": "same", "groups": 2}),
    ("Conv2D", {"filters": 4, "kernel_size": 2, "dilation_rate": 2, "use_bias": False, "activation": "gelu"}),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "elu"}),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": (2, 4), "strides": (3, 1), "use_bias": False}),
    ("Cropping2D", {"cropping": ((1, 2), (0, 1))}),
    ("Dense", {"units": 6, "activation": "tanh"}),
    ("Dense", {"units": 6, "use_bias": False, "activation": "leaky_relu"}),
    ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2, "activation": "selu"}),
    ("DepthwiseConv2D", {"kernel_size": 2, "strides": 2, "padding": "same", "use_bias": False}),
    ("Dropout", {"rate": 0.5}),
    ("Flatten", {}),
    ("GaussianDropout", {"rate": 0.5}),
    ("GaussianNoise", {"stddev": 1.0}),
    ("GlobalAveragePooling2D", {"keepdims": True}),
    ("GlobalAveragePooling2D", {}),
    ("GlobalMaxPooling2D", {"keepdims": True}),
    ("GlobalMaxPooling2D", {}),
    ("LayerNormalization", {}),
    ("LayerNormalization", {"axis": [1, 2, 3], "center": False}),
    ("LeakyReLU", {"negative_slope": 0.1}),
    ("MaxPooling2D", {"pool_size": 3, "strides": (1, 2), "padding": "same"}),
    ("MaxPooling2D", {"pool_size": 2}),
    ("PReLU", {"shared_axes": [1, 2]}),
    ("PReLU", {}),
    ("RandomContrast", {"factor": 0.5, "value_range": (0, 1)}),
    ("RandomFlip", {}),
    ("RandomRotation", {"factor": 0.5}),
    ("RandomTranslation", {"height_factor": 0.5, "width_factor": 0.5}),
    ("RandomZoom", {"height_factor": 0.5}),
    ("Rescaling", {"scale": 1 / 255, "offset": -0.5}),
    ("Rescaling", {"scale": [2.0, 1.0, 0.5, -1.0], "offset": [0.0, 1.0, 2.0, 3.0]}),
    ("Normalization", {"mean": [0.0, 1.0, -1.0, 0.5], "variance": [1.0, 4.0, 0.25, 0.0]}),
    ("Reshape", {"target_shape": (7, -1)}),
    ("SeparableConv2D", {"filters": 3, "kernel_size": 3, "depth_multiplier": 2, "activation": "swish"}),
    ("SeparableConv2D", {"filters": 3, "kernel_size": 2, "strides": 2, "padding": "same", "use_bias": False}),
    ("SpatialDropout2D", {"rate": 0.5}),
    ("UpSampling2D", {"size": (2, 3)}),
    ("ZeroPadding2D", {"padding": (1, 2)}),
]


def plain(layer: Any) -> Layer:
    weights = {weight.name: np.asarray(weight) for weight in layer.weights}
    return Layer(layer.name, type(layer).__name__, layer.get_config(), weights)


def test_every_layer_that_a_configuration_can_name_is_known_and_tried() -> None:
    made_by_deeplab = {"Normalization"}
    assert set(forward.LAYERS) == {*LAYERS} | made_by_deeplab == {kind for kind, _ in KINDS}


@pytest.mark.parametrize(("kind", "arguments"), KINDS, ids=[f"{kind}-{len(given)}" for kind, given in KINDS])
def test_layers_agree_with_keras(kind: str, arguments: dict[str, Any]) -> None:
    import keras

    rng = np.random.default_rng(0)
    rank = needed_rank(kind)
    rows = rng.normal(size=(2, 7, 9, 4) if rank is None else (2, *(7, 9, 4)[-rank:])).astype(np.float32)
    others = rng.normal(size=(2, *rows.shape)).astype(np.float32) if kind in MERGING else []
    branches = [rows, *others][: 2 if kind == "Subtract" else 3]
    layer = getattr(keras.layers, kind)(**arguments)
    layer.build([each.shape for each in branches] if kind in MERGING else rows.shape)
    for weight in layer.trainable_weights + layer.non_trainable_weights:
        if "seed_generator" not in weight.path:
            weight.assign(rng.normal(size=weight.shape) ** 2)
    expected = np.asarray(layer(branches if kind in MERGING else rows, training=False))
    ours = carry(plain(layer), *(each.astype(np.float64) for each in branches))
    assert ours.shape == expected.shape
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda layers: layers.UpSampling2D(2, interpolation="bilinear", name="up"),
            "Layer up (UpSampling2D) has interpolation bilinear; by hand there is only nearest.",
        ),
        (
            lambda layers: layers.Conv2DTranspose(3, 2, 2, output_padding=1, name="out"),
            "Layer out (Conv2DTranspose) has output_padding (1, 1); by hand there is only None.",
        ),
        (
            lambda layers: layers.Conv3D(3, 2, name="deep"),
            "Layer deep (Conv3D) is not among the layers by hand. Did you mean 'Conv1D'? Known: Activation, Average",
        ),
    ],
)
def test_what_was_never_written_is_named(make: Callable[[Any], Any], message: str) -> None:
    import keras

    with pytest.raises(UnknownLayerError) as error:
        carry(plain(make(keras.layers)), np.zeros((1, 4, 4, 2)))
    assert str(error.value).startswith(message)
