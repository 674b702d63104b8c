"""Keeps checkpoints while a training goes on, and puts one back before it goes on."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from deeplab.training.checkpoint import Checkpoint
from deeplab.training.history import History

EARLY_STOPPING_STATE = ("wait", "stopped_epoch", "best", "best_epoch")


class Keeper(keras.callbacks.Callback):
    """The last of the callbacks: it sees what early stopping has made of an epoch."""

    def __init__(
        self,
        history: Callable[[], History],
        early_stopping: keras.callbacks.EarlyStopping | None,
        resumed: Checkpoint | None,
        every: int,
        seconds: float,
        write: Callable[[Checkpoint], None],
    ) -> None:
        """Keep checkpoints.

        Args:
            history: tells the epochs that are done.
            early_stopping: whose state is kept too.
            resumed: what to put back before the first step, or None.
            every: epochs from one checkpoint to the next.
            seconds: at least so long from one to the next.
            write: takes a checkpoint.
        """
        super().__init__()
        self._history, self._early_stopping, self._resumed = history, early_stopping, resumed
        self._every, self._seconds, self._write = every, seconds, write
        self._written = time.monotonic()
        self.last = resumed

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Put the resumed state back; Keras' own callbacks have just been reset."""
        if self._resumed is None:
            return
        put_back(self._resumed, self.model)
        if self._early_stopping is not None:
            for name, value in self._resumed.early_stopping.items():
                setattr(self._early_stopping, name, value)
            self._early_stopping.best_weights = list(self._resumed.best_weights) or None

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Write a checkpoint if one is due, and remember the last of the training."""
        due = (epoch + 1) % self._every == 0 and time.monotonic() - self._written >= self._seconds
        ends = epoch + 1 == self.params["epochs"] or self.model.stop_training
        if not due and not ends:
            return
        self.last = self._checkpoint()
        if due:
            self._write(self.last)
            self._written = time.monotonic()

    def _checkpoint(self) -> Checkpoint:
        stopping = self._early_stopping
        state = {} if stopping is None else {name: _plain(getattr(stopping, name)) for name in EARLY_STOPPING_STATE}
        best = [] if stopping is None else stopping.best_weights or []
        return Checkpoint(
            history=self._history(),
            stopped=bool(self.model.stop_training),
            early_stopping=state,
            weights=tuple(self.model.get_weights()),
            optimizer=tuple(np.asarray(variable) for variable in self.model.optimizer.variables),
            best_weights=tuple(np.array(array) for array in best),
        )


def put_back(checkpoint: Checkpoint, trainer: Any) -> None:
    """Give a compiled and built model the weights and the optimiser of a checkpoint.

    Raises:
        ValueError: they are of another network or optimiser.
    """
    trainer.set_weights(checkpoint.weights)
    for variable, value in zip(trainer.optimizer.variables, checkpoint.optimizer, strict=True):
        variable.assign(value)


def _plain(value: Any) -> float | int | None:
    return value if value is None or isinstance(value, int) else float(value)
