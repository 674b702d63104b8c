"""Each layer against that of Keras, on shapes, strides, paddings and channels drawn at random."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from deeplab.models.layers import ACTIVATIONS
from deeplab.numpy_layers import activations, convolution, dense, normalization, pooling, shape

few = settings(max_examples=25, deadline=None)
many = settings(max_examples=50, deadline=None)
small = st.integers(1, 3)
pairs = st.tuples(small, small)


def normal(seed: int, *size: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=size).astype(np.float32)


@st.composite
def maps(draw: st.DrawFn) -> np.ndarray:
    """A batch of maps with sides of 3 to 11."""
    sides = st.integers(3, 11)
    return normal(draw(st.integers(0, 999)), draw(small), draw(sides), draw(sides), draw(st.integers(1, 5)))


def keras_layer(kind: str, x: np.ndarray, seed: int, **arguments: Any) -> tuple[np.ndarray, list[np.ndarray]]:
    """What a Keras layer with random weights makes of x, and those weights."""
    import keras

    layer = getattr(keras.layers, kind)(**arguments)
    layer.build(x.shape)
    # Squared, because a variance is not negative.
    layer.set_weights([normal(seed, *weight.shape) ** 2 for weight in layer.weights])
    return np.asarray(layer(x)), layer.get_weights()


def agree(ours: np.ndarray, theirs: np.ndarray) -> None:
    assert ours.shape == theirs.shape
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("padding", ["valid", "same"])
@many
@given(x=maps(), size=pairs, strides=pairs, filters=st.integers(1, 6), use_bias=st.booleans())
def test_convolution(x: Any, size: Any, strides: Any, padding: str, filters: int, use_bias: bool) -> None:
    arguments = {"kernel_size": size, "strides": strides, "padding": padding, "use_bias": use_bias}
    theirs, weights = keras_layer("Conv2D", x, filters, filters=filters, **arguments)
    # There oneDNN, in TensorFlow on a CPU, gives wrong values; without it, and SciPy in its own test, agree with ours.
    assume(not (x.shape[3] == 1 and theirs.shape[2] == 1 and strides[0] == 1 < strides[1]))
    ours = convolution.convolution(x, *weights, strides=strides, padding=padding)
    agree(ours, theirs)
    # One stack of the batch gives the same as the batch.
    agree(convolution.convolution(x[-1], *weights, strides=strides, padding=padding), theirs[-1])


@pytest.mark.parametrize("padding", ["valid", "same"])
@few
@given(x=maps(), size=small, dilation=pairs)
def test_convolution_with_dilation(x: Any, size: int, padding: str, dilation: tuple[int, int]) -> None:
    x = x.repeat(3, axis=1).repeat(3, axis=2)
    theirs, weights = keras_layer(
        "Conv2D", x, size, filters=3, kernel_size=size, padding=padding, dilation_rate=dilation
    )
    agree(convolution.convolution(x, *weights, padding=padding, dilation=dilation), theirs)


@pytest.mark.parametrize("padding", ["valid", "same"])
@few
@given(x=maps(), size=small, groups=small)
def test_convolution_in_groups(x: Any, size: int, padding: str, groups: int) -> None:
    x = x.repeat(groups, axis=3)
    theirs, weights = keras_layer(
        "Conv2D", x, size, filters=2 * groups, kernel_size=size, padding=padding, groups=groups
    )
    agree(convolution.convolution(x, *weights, padding=padding, groups=groups), theirs)


@pytest.mark.parametrize("padding", ["valid", "same"])
@few
@given(x=maps(), size=pairs, stride=small, multiplier=small)
def test_depthwise_convolution(x: Any, size: Any, stride: int, padding: str, multiplier: int) -> None:
    theirs, weights = keras_layer(
        "DepthwiseConv2D",
        *(x, stride),
        kernel_size=size,
        strides=stride,
        padding=padding,
        depth_multiplier=multiplier,
    )
    agree(convolution.depthwise_convolution(x, *weights, strides=stride, padding=padding), theirs)


@pytest.mark.parametrize("padding", ["valid", "same"])
@many
@given(x=maps(), size=pairs, strides=pairs)
def test_transposed_convolution(x: Any, size: Any, strides: Any, padding: str) -> None:
    theirs, weights = keras_layer(
        "Conv2DTranspose", x, 3, filters=4, kernel_size=size, strides=strides, padding=padding
    )
    agree(convolution.transposed_convolution(x, *weights, strides=strides, padding=padding), theirs)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("kind", ["max", "average"])
@many
@given(x=maps(), size=pairs, strides=st.none() | pairs)
def test_pooling(x: Any, size: Any, strides: Any, padding: str, kind: str) -> None:
    layer, function = {
        "max": ("MaxPooling2D", pooling.max_pooling),
        "average": ("AveragePooling2D", pooling.average_pooling),
    }[kind]
    theirs, _ = keras_layer(layer, x, 0, pool_size=size, strides=strides, padding=padding)
    agree(function(x, size, strides, padding), theirs)
    agree(function(x[0, ..., 0], size, strides, padding), theirs[0, ..., 0])


@few
@given(maps())
def test_global_pooling_and_flatten(x: Any) -> None:
    agree(pooling.global_max_pooling(x), keras_layer("GlobalMaxPooling2D", x, 0)[0])
    agree(pooling.global_average_pooling(x), keras_layer("GlobalAveragePooling2D", x, 0)[0])
    agree(shape.flatten(x), keras_layer("Flatten", x, 0)[0])
    agree(shape.flatten(x[0]), keras_layer("Flatten", x, 0)[0][0])


@few
@given(maps(), pairs, st.tuples(pairs, pairs))
def test_borders_and_up_sampling(x: Any, size: Any, borders: Any) -> None:
    agree(shape.up_sampling(x, size), keras_layer("UpSampling2D", x, 0, size=size)[0])
    agree(shape.zero_padding(x, borders), keras_layer("ZeroPadding2D", x, 0, padding=borders)[0])
    agree(shape.zero_padding(x, size), keras_layer("ZeroPadding2D", x, 0, padding=size)[0])
    wide = shape.zero_padding(x, 3)
    agree(shape.cropping(wide, borders), keras_layer("Cropping2D", wide, 0, cropping=borders)[0])


@few
@given(maps(), st.sampled_from([-1, 1, 2]), st.booleans(), st.booleans())
def test_batch_normalization(x: Any, axis: int, scale: bool, center: bool) -> None:
    theirs, weights = keras_layer("BatchNormalization", x, axis + 1, axis=axis, scale=scale, center=center)
    named = dict(zip(["gamma"] * scale + ["beta"] * center + ["mean", "variance"], weights, strict=True))
    agree(normalization.batch_normalization(x, **named, axis=axis), theirs)


@few
@given(maps(), st.sampled_from([[-1], [1, 2], [-2, -1]]))
def test_layer_normalization(x: Any, axes: list[int]) -> None:
    theirs, weights = keras_layer("LayerNormalization", x, 1, axis=axes)
    agree(normalization.layer_normalization(x, *weights, axes=axes), theirs)


@few
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 3), st.booleans())
def test_fully_connected(inputs: int, units: int, leading: int, use_bias: bool) -> None:
    x = normal(inputs, *range(1, leading + 1), 2, inputs)
    theirs, weights = keras_layer("Dense", x, units, units=units, use_bias=use_bias)
    agree(dense.fully_connected(x, *weights), theirs)


def test_every_activation_that_a_configuration_can_name_is_there() -> None:
    assert set(activations.ACTIVATIONS) == ACTIVATIONS


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_activations(name: str) -> None:
    import keras

    x = np.concatenate([np.linspace(-12, 12, 481), [-1e3, -100, -30, 30, 80]]).astype(np.float32).reshape(6, 81)
    theirs = np.asarray(keras.activations.get(name)(x))
    agree(activations.activation(name)(x), theirs)
    doubles = activations.activation(name)(x.astype(np.float64))
    np.testing.assert_allclose(doubles, theirs, rtol=1e-5, atol=1e-5)


@few
@given(st.floats(0, 1, width=32), st.integers(0, 99))
def test_leaky_relu_and_its_kin_with_a_slope(slope: float, seed: int) -> None:
    x = normal(seed, 4, 5)
    agree(activations.leaky_relu(x, slope), keras_layer("LeakyReLU", x, 0, negative_slope=slope)[0])
