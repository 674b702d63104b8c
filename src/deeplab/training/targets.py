"""What a network is to say of each row, and what is measured besides the loss, for each task."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from deeplab.data.splits import Split
from deeplab.dataset_info import DatasetInfo
from deeplab.metrics import computed_for
from deeplab.tasks import TaskName

# From positions in a split to what is to be said of those rows, inside a compiled step.
Target = Callable[[Any], Any]


@dataclass(frozen=True)
class Targets:
    """The targets of a task on a data set."""

    task: TaskName  # of the network
    info: DatasetInfo  # the facts of the data set

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the target of a row, which is that of what a network says of it."""
        if self.task == "reconstruction":
            return self.info.input_shape
        return (self.info.num_classes if self.task == "classification" else self.info.num_targets,)

    def for_split(self, split: Split) -> Target:
        """Targets of the rows of a split: one-hot labels [..., classes], numbers [..., k], or images in [0, 1]."""
        if self.task == "reconstruction":
            return _images(split, self.info.scale)
        if self.task == "regression":
            values = tf.constant(self.info.numbers(split.labels))
            return lambda positions: tf.gather(values, positions)
        labels = tf.constant(split.labels)
        return lambda positions: tf.one_hot(tf.gather(labels, positions), self.info.num_classes)

    def metrics(self, listed: Collection[str] = ()) -> list[Any]:
        """Keras metrics besides the loss, those among them that are listed and are means over rows."""
        computed = [each for each in computed_for(self.task, bool(self.info.num_classes), listed) if each.function]
        own = [keras.metrics.MeanMetricWrapper(metric.values, name=metric.name) for metric in computed]
        if self.task == "reconstruction":
            return [keras.metrics.MeanSquaredError(name="mse"), *own]
        if self.task == "classification":
            return [keras.metrics.CategoricalAccuracy(name="accuracy"), *own]
        return [keras.metrics.MeanMetricWrapper(_same_sign, name="accuracy"), *own] if self.info.num_classes else own


def _images(split: Split, scale: float) -> Target:
    """Images as they were before noise was added."""
    if isinstance(split.x, np.memmap):
        shape, dtype = split.x.shape[1:], split.x.dtype

        def read(positions: Any) -> Any:
            return tf.ensure_shape(
                tf.numpy_function(split.images, [positions], dtype), positions.shape.concatenate(shape)
            )
    else:
        held = tf.constant(split.images(slice(None)))

        def read(positions: Any) -> Any:
            return tf.gather(held, positions)

    return lambda positions: tf.cast(read(positions), tf.float32) * scale


def _same_sign(targets: Any, outputs: Any) -> Any:
    return tf.cast(tf.equal(outputs > 0, targets > 0), tf.float32)
