"""What holds for every input: equality with SciPy, sums, means, and no overflow."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.signal import correlate

from deeplab.numpy_layers.activations import ACTIVATIONS, sigmoid, softmax, softplus
from deeplab.numpy_layers.convolution import convolution, depthwise_convolution
from deeplab.numpy_layers.dense import dropout
from deeplab.numpy_layers.normalization import normalize_maps, rescale
from deeplab.numpy_layers.pooling import average_pooling, max_pooling

many = settings(max_examples=150, deadline=None)
sides = st.integers(1, 9)


@many
@given(sides, sides, st.integers(1, 4), st.integers(1, 4), st.data())
def test_convolution_is_scipys_correlation(height: int, width: int, channels: int, count: int, data: Any) -> None:
    size = (data.draw(st.integers(1, height)), data.draw(st.integers(1, width)))
    strides = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    maps, filters = rng.normal(size=(height, width, channels)), rng.normal(size=(*size, channels, count))
    bias = rng.normal(size=count)
    # A filter is as deep as its input, so that of the depth one value is left.
    theirs = [correlate(maps, filters[..., index], mode="valid")[..., 0] for index in range(count)]
    expected = np.stack(theirs, axis=-1)[:: strides[0], :: strides[1]] + bias
    np.testing.assert_allclose(convolution(maps, filters, bias, strides), expected, rtol=1e-9, atol=1e-9)
    alone = [
        correlate(maps[..., channel], filters[..., channel, index], mode="valid")
        for channel in range(channels)
        for index in range(count)
    ]
    np.testing.assert_allclose(depthwise_convolution(maps, filters), np.stack(alone, -1), rtol=1e-9, atol=1e-9)


@many
@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3, 5]), st.sampled_from([1, 3, 5]))
def test_same_is_scipys_same(height: int, width: int, down: int, across: int) -> None:
    rng = np.random.default_rng(height * width)
    image, kernel = rng.normal(size=(height, width)), rng.normal(size=(down, across))
    padded = np.pad(image, [(down // 2, down // 2), (across // 2, across // 2)])
    expected = correlate(padded, kernel, mode="valid")
    ours = convolution(image, kernel[:, :, None, None], padding="same")
    assert ours.shape == (height, width, 1)
    np.testing.assert_allclose(ours[..., 0], expected, rtol=1e-9, atol=1e-9)


@many
@given(arrays(np.float64, st.tuples(sides, sides, st.integers(1, 3)), elements=st.floats(-1e300, 1e300)))
def test_normalised_maps_have_mean_0_and_deviation_1_or_are_zeros(maps: Any) -> None:
    normal = normalize_maps(maps / 1e3)
    assert normal.shape == maps.shape
    for channel in range(maps.shape[-1]):
        if np.ptp(maps[..., channel] / 1e3) == 0:
            assert not normal[..., channel].any()
        else:
            assert abs(normal[..., channel].mean()) < 1e-9
            assert abs(normal[..., channel].std() - 1) < 1e-9


@pytest.mark.parametrize("value", [0.0, 0.1, -7.3, 1e30])
def test_a_constant_map_gives_zeros(value: float) -> None:
    maps = np.full((7, 9, 2), value, np.float32)
    maps[3, 3, 1] += 1 + value
    normal = normalize_maps(maps)
    assert not normal[..., 0].any()
    assert abs(normal[..., 1].std() - 1) < 1e-5
    assert not normalize_maps(maps[..., 0]).any()


@many
@given(arrays(np.float32, st.tuples(sides, sides), elements=st.floats(allow_nan=False, allow_infinity=False, width=32)))
def test_softmax_sums_to_one_and_never_overflows(x: Any) -> None:
    probabilities = softmax(x)
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, atol=1e-5)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_large_values_overflow_nowhere() -> None:
    x = np.array([-1e4, -800.0, 0.0, 800.0, 1e4])
    assert softmax(np.array([1000.0, 1000.0])).tolist() == [0.5, 0.5]
    assert sigmoid(x).tolist() == [0, 0, 0.5, 1, 1]
    assert softplus(x).tolist() == [0, 0, np.log(2), 800, 1e4]
    for name in set(ACTIVATIONS) - {"exponential"}:
        assert np.isfinite(ACTIVATIONS[name](x)).all(), name
    assert ACTIVATIONS["exponential"](x)[-1] == np.inf


def test_what_is_no_number_stays_none() -> None:
    for name, function in ACTIVATIONS.items():
        assert np.isnan(function(np.array([np.nan]))).all(), name
    assert np.isnan(max_pooling(np.array([[1, np.nan], [0, 0]]), 2)).all()


def test_padding_counts_in_no_mean_and_is_no_maximum() -> None:
    maps = np.full((3, 3), -2.0)
    assert (average_pooling(maps, 2, padding="same") == -2).all()
    assert (max_pooling(maps, 2, padding="same") == -2).all()


@many
@given(st.integers(0, 999), st.floats(0, 0.95))
def test_dropout_keeps_the_expectation_and_follows_its_rng(seed: int, rate: float) -> None:
    x = np.ones((100, 100), np.float32)
    y = dropout(x, rate, np.random.default_rng(seed))
    assert y.dtype == np.float32
    assert np.array_equal(y, dropout(x, rate, np.random.default_rng(seed)))
    assert set(np.unique(y)) <= {np.float32(0), np.float32(1) / np.float32(1 - rate)}
    # Six standard deviations of the mean of 10,000 values.
    assert abs(y.mean() - 1) <= 6 * np.sqrt(rate / (1 - rate)) / 100 + 1e-5


def test_rescaling_takes_bytes() -> None:
    assert rescale(np.array([0, 51, 255], np.uint8), 1 / 255, 0.5).tolist() == [0.5, 0.7, 1.5]


def test_the_package_needs_numpy_and_nothing_else() -> None:
    code = (
        "import importlib, pkgutil, sys, deeplab.numpy_layers as layers\n"
        "for found in pkgutil.iter_modules(layers.__path__):\n"
        "    importlib.import_module(f'{layers.__name__}.{found.name}')\n"
        "ours = sorted(name for name in sys.modules if name.startswith('deeplab.') and 'numpy_layers' not in name)\n"
        "heavy = ('scipy', 'keras', 'tensorflow', 'mlflow', 'matplotlib', 'hydra', 'pydantic')\n"
        "print(ours, [name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['deeplab.errors'] []\n"
