"""The generator that layers draw from (dropout, noise, augmentation) while they train."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import tensorflow as tf

_STEP = 0x9E3779B97F4A7C15  # of SplitMix64's counter: 2^64 over the golden ratio, odd
# Coefficients of Giles, "Approximating the erfinv function", GPU Computing Gems 2, table 5; the highest power first.
_NEAR = [2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503]
_NEAR += [-0.00417768164, 0.246640727, 1.50140941]
_FAR = [-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613]
_FAR += [0.00943887047, 1.00167406, 2.83297682]
_DIGITS = {tf.float16: 11, tf.bfloat16: 8, tf.float32: 24, tf.float64: 32}


@contextmanager
def drawing(randomness: Literal["splitmix", "keras"]) -> Iterator[None]:
    """Let the graphs that are traced inside draw from one generator, in XLA and without.

    Keras' layers leave the choice of a generator to TensorFlow, which in XLA takes another one that is hundreds of
    times as slow on a CPU. Here three of TensorFlow's functions are exchanged; layers and seeds stay Keras' own.

    Args:
        randomness: `splitmix` for a generator in integer operations, whose bits are the same wherever it is compiled;
            `keras` for what the layers draw by themselves.
    """
    if randomness == "keras":
        yield
        return
    kept = tf.random.stateless_uniform, tf.random.stateless_normal, tf.nn.experimental.stateless_dropout

    def floats_or_kept(shape: Any, seed: Any, minval: Any = 0, maxval: Any = None, dtype: Any = tf.float32) -> Any:
        if tf.as_dtype(dtype).is_floating:
            return uniform(shape, seed, minval, 1 if maxval is None else maxval, tf.as_dtype(dtype))
        return kept[0](shape, seed, minval, maxval, dtype)

    try:
        tf.random.stateless_uniform, tf.random.stateless_normal = floats_or_kept, normal
        tf.nn.experimental.stateless_dropout = dropout
        yield
    finally:
        tf.random.stateless_uniform, tf.random.stateless_normal, tf.nn.experimental.stateless_dropout = kept


class _Rows(threading.local):
    """Which rows of a batch this thread draws for, (number of the first, how many); None: for all."""

    share: tuple[Any, Any] | None = None


_ROWS = _Rows()


@contextmanager
def drawing_for_rows(first: Any, count: Any) -> Iterator[None]:
    """Let what is traced inside draw for some rows of a batch what a draw for the whole batch would give them.

    What is drawn once for a batch, whose shape does not begin with the number of rows, is the same for all.

    Args:
        first: number of the first of them in the batch, a scalar tensor.
        count: how many they are, a scalar tensor.
    """
    _ROWS.share = first, count
    try:
        yield
    finally:
        _ROWS.share = None


def random_bits(count: Any, seed: Any, first: Any = 0) -> Any:
    """Draw 32-bit numbers, [count] of uint32: SplitMix64 (Steele, Lea and Flood 2014) from a place of the seed's own.

    Args:
        count: a whole number or a scalar tensor.
        seed: [2], whole numbers from 0 to 2^31 - 1.
        first: how many numbers of the seed are passed over, a whole number or a scalar tensor.
    """
    words = tf.cast(seed, tf.uint64)
    start = _mix(_mix(words[0] + _uint64(_STEP)) + words[1])
    index = tf.cast(tf.range(first // 2, (first + count + 1) // 2), tf.uint64)
    return tf.reshape(tf.bitcast(_mix(start + index * _uint64(_STEP)), tf.uint32), [-1])[first % 2 :][:count]


def uniform(shape: Any, seed: Any, minval: Any = 0, maxval: Any = 1, dtype: Any = tf.float32) -> Any:
    """Draw from [minval, maxval), a tensor of the shape."""
    values = _unit(random_bits(tf.reduce_prod(shape), seed, _passed_over(shape)), dtype)
    return tf.reshape(values, shape) * (maxval - minval) + minval


def normal(shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = tf.float32) -> Any:
    """Draw from a normal distribution, a tensor of the shape."""
    # By XLA in every engine: twenty operations in one pass over the memory.
    draw = tf.function(_standard_normal, jit_compile=True, autograph=False)
    drawn = draw(tf.reduce_prod(shape), seed, _passed_over(shape))
    return tf.cast(tf.reshape(drawn, shape), dtype) * stddev + mean


class SharedRate(float):
    """A rate of dropout that a graph takes as an input: it can be changed after the graph was traced.

    As a number it is the rate that it began with.
    """

    def __init__(self, rate: float) -> None:
        """Begin with a rate."""
        self._rate = tf.Variable(rate, trainable=False, dtype=tf.float64)
        self._threshold = tf.Variable(_threshold(rate), trainable=False, dtype=tf.int64)

    def assign(self, rate: float) -> None:
        """Take another rate, in (0, 1)."""
        self._rate.assign(rate)
        self._threshold.assign(_threshold(rate))

    def tensors(self, dtype: Any) -> tuple[Any, Any]:
        """Give the least bits of what is kept, uint32, and what that is multiplied by."""
        return tf.cast(self._threshold, tf.uint32), tf.cast(1 / (1 - self._rate), dtype)


def dropout(x: Any, rate: float, seed: Any, noise_shape: Any = None) -> Any:
    """Set a share of the values to zero and scale the others up.

    Args:
        x: of any shape.
        rate: the share, in (0, 1); a `SharedRate` gives the same values to the bit.
        seed: as of `random_bits`.
        noise_shape: of the mask where it is not that of x, to which it is broadcast.
    """
    shape = tf.shape(x) if noise_shape is None else tf.convert_to_tensor(noise_shape)
    bits = tf.reshape(random_bits(tf.reduce_prod(shape), seed, _passed_over(shape)), shape)
    if isinstance(rate, SharedRate):
        least, scale = rate.tensors(x.dtype)
    else:
        least, scale = tf.constant(_threshold(rate), tf.uint32), 1 / (1 - rate)
    return tf.where(bits >= least, x * scale, 0)


def _passed_over(shape: Any) -> Any:
    """How many numbers a draw for the whole batch has before those of the rows that are drawn for."""
    shape = tf.convert_to_tensor(shape)
    if _ROWS.share is None or shape.shape[0] == 0:
        return 0
    first, rows = _ROWS.share
    return tf.where(shape[0] == rows, first * tf.reduce_prod(shape[1:]), 0)


def _threshold(rate: float) -> int:
    return round(rate * 2**32)


def _unit(bits: Any, dtype: Any) -> Any:
    """Numbers of [0, 1) with as many digits as the type holds."""
    digits = _DIGITS[dtype]
    whole = tf.bitwise.right_shift(bits, tf.constant(32 - digits, tf.uint32))
    return tf.cast(whole, dtype) * 2.0**-digits


def _standard_normal(count: Any, seed: Any, first: Any) -> Any:
    """Quantiles of the numbers (2 k + 1) / 2^24 - 1, by the polynomials of Giles (2012) for the inverse of erf."""
    whole = tf.cast(tf.bitwise.right_shift(random_bits(count, seed, first), tf.constant(8, tf.uint32)), tf.float32)
    share = (2 * whole + (1 - 2**24)) * 2.0**-24  # in (-1, 1), exactly
    depth = -tf.math.log((1 - share) * (1 + share))
    near, far = tf.math.polyval(_NEAR, depth - 2.5), tf.math.polyval(_FAR, tf.sqrt(depth) - 3)
    return math.sqrt(2) * share * tf.where(depth < 5, near, far)


def _mix(words: Any) -> Any:
    """Each bit of the result depends on all bits of a word (Stafford's variant 13)."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        words = tf.bitwise.bitwise_xor(words, tf.bitwise.right_shift(words, _uint64(shift))) * _uint64(factor)
    return tf.bitwise.bitwise_xor(words, tf.bitwise.right_shift(words, _uint64(31)))


def _uint64(value: int) -> Any:
    return tf.constant(value, tf.uint64)
