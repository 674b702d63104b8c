"""Scores whose mean over rows is the score, computed in the graph of a step: targets and outputs [n, k] to [n].

TensorFlow is imported inside, since a table names these functions.
"""

from typing import Any

import numpy as np


def top_5_accuracy(targets: Any, outputs: Any) -> Any:
    """Tell whether the class of a row is among the five most likely; of equals the later class counts as likelier."""
    import tensorflow as tf

    classes = tf.range(tf.shape(outputs)[1])
    label = tf.argmax(targets, axis=1, output_type=tf.int32)[:, tf.newaxis]
    own = tf.gather(outputs, label, batch_dims=1)
    ahead = (outputs > own) | ((outputs == own) & (classes > label))
    return tf.cast(tf.reduce_sum(tf.cast(ahead, tf.int32), axis=1) < 5, tf.float32)


def brier(targets: Any, outputs: Any) -> Any:
    """Sum the squared errors of the probabilities over the classes (Brier, 1950), from 0 to 2.

    Of two classes half of that, the squared error of one probability, from 0 to 1: as scikit-learn has both.
    """
    import tensorflow as tf

    total = tf.reduce_sum(tf.math.squared_difference(outputs, tf.cast(targets, outputs.dtype)), axis=1)
    return total / 2 if outputs.shape[1] == 2 else total


def mae(targets: Any, outputs: Any) -> Any:
    """Average the absolute errors of a row's values."""
    import tensorflow as tf

    return tf.reduce_mean(tf.abs(outputs - targets), axis=1)


def mape(targets: Any, outputs: Any) -> Any:
    """Average the absolute errors of a row's values as shares of those values: 0.1 is ten per cent.

    A value of 0 counts as 2.2e-16, as scikit-learn has it, so that its error outweighs all others.
    """
    import tensorflow as tf

    return tf.reduce_mean(tf.abs(outputs - targets) / tf.maximum(tf.abs(targets), np.finfo(np.float64).eps), axis=1)
