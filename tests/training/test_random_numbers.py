"""What layers draw: quality against SciPy, and the same bits in XLA and without."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from deeplab.models.layers import LAYERS
from deeplab.training.random_numbers import drawing, dropout, normal, random_bits, uniform

COUNT = 1 << 20
LEAST = 1e-4  # of the p-values below; the seeds are fixed, so each test passes always or never


def compiled(function: Callable[..., Any], xla: bool = True) -> Callable[..., Any]:
    return tf.function(function, jit_compile=xla, autograph=False)


def bits(seed: tuple[int, int], count: int = COUNT) -> np.ndarray:
    return np.asarray(random_bits(count, tf.constant(seed)))


def test_the_bits_are_those_of_splitmix64() -> None:
    def mixed(word: int) -> int:
        word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        word = (word ^ word >> 27) * 0x94D049BB133111EB % 2**64
        return word ^ word >> 31

    golden = 0x9E3779B97F4A7C15
    # SplittableRandom(1234567) of Java, as Rosetta Code lists it.
    assert mixed((1234567 + golden) % 2**64) == 6457827717110365317
    start = mixed((mixed((5 + golden) % 2**64) + 7) % 2**64)
    words = [mixed((start + index * golden) % 2**64) for index in range(3)]
    expected = [half for word in words for half in (word % 2**32, word >> 32)]
    assert bits((5, 7), 6).tolist() == expected
    assert bits((5, 7), 5).tolist() == expected[:5]


def test_bytes_and_pairs_of_bytes_are_uniform() -> None:
    drawn = bits((1, 2)).view(np.uint8).reshape(-1, 4)
    for place in range(4):
        assert stats.chisquare(np.bincount(drawn[:, place], minlength=256)).pvalue > LEAST
    for distance in (1, 2, 500):  # numbers beside each other, and in a column of a dense layer
        pairs = drawn[:-distance, 3].astype(int) * 256 + drawn[distance:, 3]
        assert stats.chisquare(np.bincount(pairs, minlength=65536)).pvalue > LEAST


def test_every_bit_is_set_half_the_time_and_by_itself() -> None:
    each = np.unpackbits(bits((3, 4)).view(np.uint8).reshape(-1, 4), axis=1).astype(np.float32)
    assert np.abs(each.mean(0) - 0.5).max() < 5 * 0.5 / COUNT**0.5
    correlations = np.corrcoef(each.T) - np.eye(32)
    assert np.abs(correlations).max() < 5 / COUNT**0.5


@pytest.mark.parametrize("other", [(8, 10), (9, 9), (9, 8), (8, 9 + 2**30), (2**31 - 2, 9)])
def test_steps_and_layers_draw_independently(other: tuple[int, int]) -> None:
    first, second = bits((8, 9)), bits(other)
    low, high = first & 255, second & 255
    assert stats.chisquare(np.bincount(low.astype(int) * 256 + high, minlength=65536)).pvalue > LEAST
    for shift in (-2, -1, 0, 1, 2):
        both = np.corrcoef(first, np.roll(second, shift))[0, 1]
        assert abs(both) < 5 / COUNT**0.5


def test_the_first_numbers_of_many_steps_and_seeds_are_uniform() -> None:
    steps = np.array([bits((11, step), 4) for step in range(2000)]) / 2**32
    seeds = np.array([bits((seed, 11), 4) for seed in range(2000)]) / 2**32
    for drawn in (*steps.T, *seeds.T):
        assert stats.kstest(drawn, "uniform").pvalue > LEAST
    for drawn in (steps, seeds):
        assert stats.kstest(drawn[1:, 0] - drawn[:-1, 0], stats.triang(0.5, -1, 2).cdf).pvalue > LEAST
        assert abs(stats.spearmanr(drawn[1:, 0], drawn[:-1, 0]).statistic) < 5 / 2000**0.5


def test_uniform_numbers_are_uniform_in_their_range() -> None:
    drawn = np.asarray(uniform((COUNT,), tf.constant([1, 3]), -2.0, 3.0))
    assert stats.kstest(drawn, stats.uniform(-2, 5).cdf).pvalue > LEAST
    for dtype in (tf.float16, tf.bfloat16):
        small = uniform((COUNT,), tf.constant([1, 3]), 0, 1, dtype)
        assert small.dtype == dtype
        values = np.asarray(small).astype(np.float64)
        assert (values.min(), values.max() < 1) == (0, True)
        assert values.mean() == pytest.approx(0.5, abs=0.003)


def test_normal_numbers_are_normal_and_independent() -> None:
    drawn = np.asarray(normal((COUNT // 8, 8), tf.constant([1, 4]), 3.0, 2.0))
    assert stats.kstest(drawn.ravel(), stats.norm(3, 2).cdf).pvalue > LEAST
    assert stats.normaltest(drawn.ravel()).pvalue > LEAST
    assert np.abs(np.corrcoef(drawn.T) - np.eye(8)).max() < 5 / (COUNT // 8) ** 0.5
    assert np.abs(np.corrcoef(np.square(drawn - 3).T) - np.eye(8)).max() < 5 / (COUNT // 8) ** 0.5


def test_normal_numbers_are_the_quantiles_of_the_bits() -> None:
    shares = ((bits((1, 5)) >> 8) + 0.5) / 2**24
    drawn = np.asarray(normal((COUNT,), tf.constant([1, 5])))
    assert np.abs(drawn - stats.norm.ppf(shares)).max() < 5e-6
    assert np.abs(drawn).max() > 4.5


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.97])
def test_dropout_drops_its_share_of_rows_columns_and_steps(rate: float) -> None:
    x = tf.ones((1024, 1024))
    first, second = (np.asarray(dropout(x, rate, tf.constant([2, step]))) for step in (6, 7))
    assert set(np.unique(first)) == {0, np.float32(1 / (1 - rate))}
    kept, again = first > 0, second > 0
    deviation = (rate * (1 - rate)) ** 0.5
    assert abs(kept.mean() - (1 - rate)) < 5 * deviation / 1024
    for axis in (0, 1):
        counts = kept.sum(axis)
        assert counts.std() == pytest.approx(deviation * 32, rel=0.15)
        assert np.abs(counts - 1024 * (1 - rate)).max() < 5.5 * deviation * 32
    for other in (again, np.roll(kept, 1, 0), np.roll(kept, 1, 1)):
        assert abs(np.corrcoef(kept.ravel(), other.ravel())[0, 1]) < 5 / 1024


@pytest.mark.parametrize("xla", [False, True])
def test_a_mask_is_broadcast_and_its_gradient_is_masked(xla: bool) -> None:
    x = tf.constant(np.arange(1, 2 * 3 * 3 * 64 + 1, dtype=np.float32).reshape(2, 3, 3, 64))

    def both(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = dropout(x, 0.5, tf.constant([1, 1]), (2, 1, 1, 64))
        return y, tape.gradient(y, x)

    y, gradient = (np.asarray(part) for part in compiled(both, xla)(x))
    maps = (y != 0).reshape(2, 9, 64)
    assert (maps.all(1) | ~maps.any(1)).all()
    assert 0 < maps.mean() < 1
    assert np.array_equal(gradient, np.where(y != 0, 2.0, 0.0))


RANDOM_LAYERS = {
    "Dropout": {"rate": 0.3},
    "GaussianDropout": {"rate": 0.3},
    "GaussianNoise": {"stddev": 0.3},
    "RandomBrightness": {"factor": 0.5, "value_range": (0, 1)},
    "RandomErasing": {"value_range": (0, 1)},
    "RandomContrast": {"factor": 0.3},
    "RandomFlip": {},
    "RandomRotation": {"factor": 0.1},
    "RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1},
    "RandomZoom": {"height_factor": 0.1},
    "SpatialDropout2D": {"rate": 0.3},
}


def test_every_layer_of_the_table_that_draws_has_a_case() -> None:
    drawing_layers = {kind for kind in LAYERS if "seed" in keras.layers.__dict__[kind].__init__.__code__.co_varnames}
    assert drawing_layers == set(RANDOM_LAYERS)


@pytest.mark.parametrize("kind", RANDOM_LAYERS)
@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_layers_draw_the_same_in_xla_and_without(kind: str, precision: str) -> None:
    if kind == "RandomErasing":
        precision = "float32"  # as deeplab makes all augmentation; it has no other
    layer = getattr(keras.layers, kind)(**RANDOM_LAYERS[kind], seed=3, dtype=keras.DTypePolicy(precision))
    x = tf.constant(np.random.default_rng(0).random((16, 8, 8, 3), np.float32))
    layer.build(x.shape)
    states = [variable for variable in layer.variables if variable.path.endswith("seed_generator_state")]

    def drawn(randomness: Any, xla: bool) -> np.ndarray:
        for state in states:
            state.assign([5, 6])
        with drawing(randomness):
            step = compiled(lambda x: layer(x, training=True), xla)
            return np.array([np.asarray(step(x)), np.asarray(step(x))], np.float32)

    plain = drawn("splitmix", False)
    assert not np.array_equal(plain[0], plain[1])
    assert np.array_equal(plain, drawn("splitmix", False))
    assert not np.array_equal(plain, drawn("keras", False))
    if kind not in ("RandomRotation", "RandomTranslation", "RandomZoom"):  # XLA cannot transform images
        digits = 1e-5 if precision == "float32" else 2e-3
        assert plain == pytest.approx(drawn("splitmix", True), rel=digits, abs=digits)
    assert type(layer).__module__.startswith("keras.")


def test_tensorflow_is_as_before_afterwards() -> None:
    names = [(tf.random, "stateless_uniform"), (tf.random, "stateless_normal")]
    names.append((tf.nn.experimental, "stateless_dropout"))
    before = [getattr(*name) for name in names]
    with pytest.raises(ZeroDivisionError), drawing("splitmix"):
        assert all(getattr(*name) is not kept for name, kept in zip(names, before, strict=True))
        whole = np.asarray(keras.random.randint((1000,), 0, 10, seed=1))
        assert (whole.min(), whole.max()) == (0, 9)
        _ = 1 / 0
    assert [getattr(*name) for name in names] == before
