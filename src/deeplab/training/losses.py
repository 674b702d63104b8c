"""The losses a configuration can name, and the weights of the classes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.code.file import declared
from deeplab.config.schema import TrainingConfig
from deeplab.dataset_info import Standardization
from deeplab.errors import UserError

LOSSES = {
    "categorical_crossentropy": "CategoricalCrossentropy",
    "binary_crossentropy": "BinaryCrossentropy",
    "mean_squared_error": "MeanSquaredError",
    "mean_absolute_error": "MeanAbsoluteError",
    "huber": "Huber",
}
_SMOOTHED = ("categorical_crossentropy", "binary_crossentropy")


def build_loss(config: TrainingConfig, targets: Standardization | None = None) -> Any:
    """A Keras loss of targets and what a network says.

    `half_squared_error` is the mean of (target - output)^2 / 2, as the TensorFlow Playground has it; `huber` is Huber's
    with a bend at 1.

    Args:
        config: names it.
        targets: what both are standardised by before; None leaves them as they are.
    """
    loss = _plain_loss(config)
    return loss if targets is None else _standardized(loss, targets)


def _plain_loss(config: TrainingConfig) -> Any:
    import keras

    if config.loss == "half_squared_error":
        return _half_squared_error()
    if config.loss in (own := declared("loss")):
        return _of_function(own[config.loss].value)
    smoothing = {"label_smoothing": config.label_smoothing} if config.loss in _SMOOTHED else {}
    return getattr(keras.losses, LOSSES[config.loss])(**smoothing)


def _of_function(function: Any) -> Any:
    import keras

    class FunctionLoss(keras.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return function(y_true, y_pred)

    return FunctionLoss(name=function.__name__)


def check_own_loss(name: str, shape: tuple[int, ...]) -> None:
    """Refuse a loss of --code that gives anything but a value for each row, found on shapes alone.

    Args:
        name: of the loss.
        shape: of the target of a row, and of what a network says of it.
    """
    import tensorflow as tf

    rows = tf.TensorSpec((None, *shape), tf.float32)
    values = tf.function(declared("loss")[name].value, autograph=False).get_concrete_function(rows, rows).outputs
    if len(values) != 1 or values[0].shape.rank != 1:
        given = ", ".join(str(value.shape) for value in values) or "nothing"
        raise UserError(f"training.loss={name}: must give a value for each row, [n], and gives {given}.")


def _half_squared_error() -> Any:
    import keras

    class HalfSquaredError(keras.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1) / 2

    return HalfSquaredError(name="half_squared_error")


def _standardized(loss: Any, by: Standardization) -> Any:
    import keras

    mean, deviation = np.array(by.mean, np.float32), np.array(by.deviation, np.float32)

    class Standardized(keras.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return loss.call((y_true - mean) / deviation, (y_pred - mean) / deviation)

    return Standardized(name=loss.name)


def class_weights(config: TrainingConfig, labels: NDArray[np.int32], num_classes: int) -> NDArray[np.float32] | None:
    """The weight of each class in the loss, [num_classes], or None where all weigh the same.

    `balanced` gives n / (num_classes * n_c), as scikit-learn does: every class then counts alike.

    Raises:
        UserError: the number of weights is not that of the classes.
    """
    if config.class_weights is None:
        return None
    if config.class_weights == "balanced":
        counts = np.bincount(labels, minlength=num_classes)
        return (len(labels) / (num_classes * np.maximum(counts, 1))).astype(np.float32)
    if len(config.class_weights) != num_classes:
        raise UserError(
            f"training.class_weights: must be balanced or one weight for each of the {num_classes} classes, "
            f"got {len(config.class_weights)}."
        )
    return np.array(config.class_weights, np.float32)
