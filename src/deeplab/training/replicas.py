"""A Keras model that trains a network on several devices at once: each takes a share of every batch."""

from typing import Any

import keras
import tensorflow as tf

from deeplab.models.inspect import all_layers
from deeplab.training.random_numbers import drawing_for_rows


class ReplicaModel(keras.Model):
    """Trains a network under an ordinary `fit` as one device would, but for the order in which numbers are added.

    Made, compiled and called inside the scope of a `tf.distribute.MirroredStrategy`. Whole batches come in; a share of
    each goes to every device, its loss weighted by its rows, and gradients are summed before they are clipped. Batch
    normalization takes the statistics of the whole batch, and layers draw for a row what one device would have drawn.
    """

    def __init__(self, network: keras.Model, strategy: Any) -> None:
        """Wrap a network whose weights lie on all devices of a strategy."""
        super().__init__(name=network.name)
        self.network, self._strategy = network, strategy
        self._distribute_strategy = None  # else Keras would divide the batches, and lose rows' weights where it is odd
        for layer in all_layers(network):
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.synchronized = True

    def compile(self, optimizer: Any, **arguments: Any) -> None:
        """As Keras does; the optimiser is given gradients that are summed already."""
        optimizer._all_reduce_sum_gradients = list
        super().compile(optimizer=optimizer, **arguments)

    def measuring(self, x: Any, y: Any, *_: Any) -> "ReplicaModel":
        """Make what measures loss and scores, which Keras leaves to a step, where it could lie on one device alone."""
        predicted = self(x, training=False)
        self.compute_loss(x, y, predicted)
        self.compute_metrics(x, y, predicted)
        return self

    def call(self, x: Any, training: bool = False) -> Any:
        """The network's own output."""
        return self.network(x, training=training)

    def train_step(self, data: Any) -> dict[str, Any]:
        """Train on a batch: (rows, targets) or (rows, targets, weights)."""
        return self._on_all_devices(self._train_on_share, data)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Score a batch."""
        return self._on_all_devices(self._score_share, data)

    def _on_all_devices(self, step: Any, data: Any) -> dict[str, Any]:
        with self._strategy.scope():
            self._strategy.run(step, args=data)
            return dict(self.get_metrics_result())

    def _train_on_share(self, *batch: Any) -> None:
        (x, y, *weights), first, rows = _share(batch)
        count, own = self._strategy.num_replicas_in_sync, tf.shape(x)[0]
        with drawing_for_rows(first, own), tf.GradientTape() as tape:
            predicted = self(x, training=True)
            loss = self.compute_loss(x, y, predicted, *weights, training=True)
            # It is the mean of these rows and the penalty of weights, over the number of devices; the mean counts as
            # many times as there are rows.
            factor = tf.cast(own * count, loss.dtype) / tf.cast(rows, loss.dtype)
            loss = factor * loss + (1 - factor) * sum(self.losses) / count
            scaled = self.optimizer.scale_loss(loss)
        self._loss_tracker.update_state(loss * count / factor, sample_weight=own)
        gradients = tape.gradient(scaled, self.trainable_weights)
        summed = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        self.optimizer.apply(summed, self.trainable_weights)
        self.compute_metrics(x, y, predicted, *weights)

    def _score_share(self, *batch: Any) -> None:
        (x, y), *_ = _share(batch)
        own = tf.shape(x)[0]
        predicted = self(x, training=False)
        loss = self.compute_loss(x, y, predicted, training=False) * self._strategy.num_replicas_in_sync
        # A device may have no row of a small batch, and no row has no mean.
        self._loss_tracker.update_state(tf.where(own > 0, loss, 0.0), sample_weight=own)
        self.compute_metrics(x, y, predicted)


def _share(batch: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any, Any]:
    """What of a batch is this device's, the number of its first row in it, and how many rows it has."""
    context = tf.distribute.get_replica_context()
    rows, number, count = tf.shape(batch[0])[0], context.replica_id_in_sync_group, context.num_replicas_in_sync
    first, end = rows * number // count, rows * (number + 1) // count
    with tf.device("CPU:0"):  # where batches come from: only the share goes to the device
        return tuple(part[first:end] for part in batch), first, rows
