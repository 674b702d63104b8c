"""Scores of an epoch that need what the network says of all validation rows at once."""

from collections.abc import Collection
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from deeplab.data.splits import Split
from deeplab.metrics import computed_for
from deeplab.models.inspect import evaluation_batch_size
from deeplab.training.cache import TrainingCache
from deeplab.training.targets import Targets


class ValidationScores(keras.callbacks.Callback):
    """The first of the callbacks, so that those after it, early stopping among them, find its scores in the logs."""

    def __init__(
        self,
        network: keras.Model,
        validation: Split | None,
        targets: Targets,
        listed: Collection[str],
        cache: TrainingCache | None,
    ) -> None:
        """Prepare to ask the network.

        Args:
            network: whose weights are trained.
            validation: rows to score it on; without any it is not asked.
            targets: what it is to say of them.
            listed: names of the scores that the configuration asks for.
            cache: keeps the compiled network from one training of this process to the next, or None.
        """
        super().__init__()
        metrics = computed_for(targets.task, bool(targets.info.num_classes), listed)
        self._metrics = [each for each in metrics if each.of_all] if validation is not None else []
        if validation is None or not self._metrics:
            return
        self._rows, self._size = validation, evaluation_batch_size(network)
        self._targets = np.asarray(targets.for_split(validation)(np.arange(len(validation))))
        self._step = _outputs(network) if cache is None else cache.made("outputs", _outputs)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Ask the network about every row, and add the scores of what it says."""
        if not self._metrics or logs is None:
            return
        batches = (slice(start, start + self._size) for start in range(0, len(self._rows), self._size))
        outputs = np.concatenate([self._step(self._rows.inputs(batch)).numpy() for batch in batches])
        for metric in self._metrics:
            logs[f"val_{metric.name}"] = metric.value_of_all(self._targets, outputs)


def _outputs(network: keras.Model) -> Any:
    return tf.function(lambda rows: tf.cast(network(rows, training=False), tf.float32), reduce_retracing=True)
