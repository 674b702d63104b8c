"""What happens between the steps of a training: seeds, times, the history, and checkpoints."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from deeplab.errors import RunError
from deeplab.training.checkpoint import Checkpoint, CheckpointSink, restore
from deeplab.training.history import Epoch, History
from deeplab.training.input_pipeline import EpochPermutation, ExampleLookup
from deeplab.training.observer import Observer
from deeplab.training.seeds import seed_layers
from deeplab.training.watchers import restore_state, state_of


class CheckpointCallback(keras.callbacks.Callback):
    """The last of the callbacks: it sees what those that watch have made of an epoch."""

    def __init__(
        self,
        history: Callable[[], History],
        watchers: Mapping[str, Any],
        resumed: Checkpoint | None,
        every: int,
        seconds: float,
        sink: CheckpointSink,
    ) -> None:
        """Keep checkpoints.

        Args:
            history: tells the epochs that are done.
            watchers: of validation scores, whose state is kept too.
            resumed: what to put back before the first step, or None.
            every: epochs from one checkpoint to the next.
            seconds: at least so long from one to the next.
            sink: takes them.
        """
        super().__init__()
        self._history, self._watchers, self._resumed = history, watchers, resumed
        self._every, self._seconds, self._sink = every, seconds, sink
        self._written = time.monotonic()
        self.last = resumed

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Put the resumed state back; Keras' own callbacks have just been reset."""
        if self._resumed is None:
            return
        restore(self._resumed, self.model)
        restore_state(self._watchers, self._resumed)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Write a checkpoint if one is due, and remember the last of the training."""
        due = (epoch + 1) % self._every == 0 and time.monotonic() - self._written >= self._seconds
        ends = epoch + 1 == self.params["epochs"] or self.model.stop_training
        keep = self._sink.kept if (epoch + 1) % self._sink.keep_every == 0 else None
        if not due and not ends and keep is None:
            return
        self.last = self._checkpoint()
        if due:
            self._sink.latest(self.last)
            self._written = time.monotonic()
        if keep is not None:
            keep(self.last)

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(
            history=self._history(),
            stopped=bool(self.model.stop_training),
            weights=tuple(self.model.get_weights()),
            optimizer=tuple(np.asarray(variable) for variable in self.model.optimizer.variables),
            **state_of(self._watchers),
        )


class EpochCallback(keras.callbacks.Callback):
    """Sets the seeds of each epoch, measures its times, and turns Keras' logs into epochs of a history."""

    def __init__(
        self,
        network: keras.Model,
        epochs: int,
        block_sizes: Sequence[int],
        order: EpochPermutation,
        look_up: ExampleLookup,
        observers: Sequence[Observer],
        done: Sequence[Epoch],
    ) -> None:
        super().__init__()
        self.network, self.order, self.look_up, self.observers = network, order, look_up, observers
        self.planned, self.block_sizes = epochs, block_sizes
        self.epoch = self.step = 0
        self.epochs = list(done)
        self.began = self.trained = 0.0

    def history(self) -> History:
        """The epochs that are done."""
        return History(tuple(self.epochs))

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Tell the observers that the training begins."""
        for observer in self.observers:
            observer.network_ready(self.network)
            observer.training_began(self.planned, sum(self.block_sizes))

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Set the seeds of the epoch and its order of rows."""
        self.epoch, self.step = epoch, 0
        self.order.begin(epoch)
        self.look_up.begin(epoch)
        seed_layers(self.network, self.order.seed, epoch)
        self.began, self.trained = time.perf_counter(), 0.0

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Tell of a block of steps; end a training whose loss is no number."""
        metrics = dict(logs or {})
        self.step += self.block_sizes[batch]
        if not math.isfinite(metrics["loss"]):
            raise RunError(
                f"The loss became {metrics['loss']} in epoch {self.epoch + 1}, step {self.step}. "
                "A smaller optimizer.learning_rate usually cures it."
            )
        for observer in self.observers:
            observer.step_ended(self.epoch + 1, self.step, metrics)

    def on_test_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Mark the end of the steps."""
        self.trained = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Add the epoch to the history and tell of it."""
        now = time.perf_counter()
        metrics = {_name(key): float(value) for key, value in (logs or {}).items()}
        metrics["time/epoch_seconds"] = now - self.began
        metrics["time/step_ms"] = 1000 * ((self.trained or now) - self.began) / self.step
        metrics["learning_rate"] = float(np.asarray(self.model.optimizer.learning_rate))
        self.epochs.append(Epoch(epoch + 1, metrics))
        for observer in self.observers:
            observer.epoch_ended(self.epochs[-1])


def _name(key: str) -> str:
    """Keras' `val_loss` and `loss` are our `val/loss` and `train/loss`."""
    return f"val/{key.removeprefix('val_')}" if key.startswith("val_") else f"train/{key}"
