"""Running averages of the weights, in the network wherever it is looked at and not trained."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf


class WeightAverages(keras.callbacks.Callback):
    """The first of the callbacks: others find the averages in the network from the end of an epoch's steps on.

    Keras' own `SwapEMAWeights` swaps by additions, which round; here the trained weights come back to the bit.
    """

    def __init__(self) -> None:
        """Begin with the trained weights in the network."""
        super().__init__()
        self._trained: list[Any] | None = None

    def on_test_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Put the averages in for validation."""
        self.put_in()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Put the averages in where nothing was validated."""
        self.put_in()

    def put_in(self) -> None:
        """Keep the trained weights aside and put the averages in their place, once there are any."""
        if self.model is None or not int(self.model.optimizer.iterations):
            return
        if self._trained is None:
            self._trained = [tf.identity(weight) for weight in self.model.trainable_variables]
        self.model.optimizer.finalize_variable_values(self.model.trainable_variables)

    def take_out(self) -> None:
        """Put the trained weights back."""
        if self._trained is None:
            return
        for weight, value in zip(self.model.trainable_variables, self._trained, strict=True):
            weight.assign(value)
        self._trained = None

    def taken_out(self) -> keras.callbacks.Callback:
        """The callback that takes the averages out, behind all those that look at them."""
        return keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: self.take_out())
