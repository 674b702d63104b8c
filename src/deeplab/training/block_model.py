"""A Keras model whose training step walks a whole block of batches in one compiled call."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


class BlockModel(keras.Model):
    """Trains a network block by block under an ordinary `fit`.

    What `fit` takes for a batch is a block: one or more tensors [steps, batch, ...]. Validation takes plain batches.
    """

    def __init__(self, network: keras.Model, xla: bool, unpack: Callable[..., tuple[Any, ...]]) -> None:
        """Wrap a network; it shares its weights and stays a plain model.

        Args:
            network: the classifier.
            xla: compile blocks with XLA.
            unpack: makes (rows, one-hot labels) or (rows, one-hot labels, weights) of the tensors of one step, inside
                the compiled call.
        """
        super().__init__(name=network.name)
        self.network = network
        self.unpack = unpack
        self._walk_compiled = tf.function(self._walk, jit_compile=xla, autograph=False)

    def call(self, x: Any, training: bool = False) -> Any:
        """The network's own output."""
        return self.network(x, training=training)

    def train_step(self, data: Any) -> dict[str, Any]:
        """Train on every batch of a block, in order."""
        self._walk_compiled(*(data if isinstance(data, tuple) else (data,)))
        return dict(self.get_metrics_result())

    def _walk(self, *block: Any) -> None:
        def one_batch(step: Any) -> tuple[Any]:
            self._train_on_batch(*self.unpack(*(part[step] for part in block)))
            return (step + 1,)

        tf.while_loop(lambda step: step < tf.shape(block[0])[0], one_batch, (tf.constant(0),))

    def _train_on_batch(self, x: Any, y: Any, weights: Any = None) -> None:
        with tf.GradientTape() as tape:
            predicted = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=predicted, sample_weight=weights, training=True)
            scaled = self.optimizer.scale_loss(loss)
        self._loss_tracker.update_state(loss, sample_weight=tf.shape(x)[0])
        gradients = tape.gradient(scaled, self.trainable_weights)
        self.optimizer.apply(gradients, self.trainable_weights)
        self.compute_metrics(x, y, predicted, sample_weight=weights)
