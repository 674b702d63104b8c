"""Train a network with Keras' own loop, and tell the observers how it goes."""

import math
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import keras

from deeplab.config.schema import TrainingConfig
from deeplab.data.splits import Split
from deeplab.errors import RunError, UserError
from deeplab.models.inspect import evaluation_batch
from deeplab.tasks import TASKS
from deeplab.training.block_model import BlockModel
from deeplab.training.callbacks import Keeper
from deeplab.training.checkpoint import Checkpoint
from deeplab.training.compiled_cache import Workshop
from deeplab.training.engine import Engine, steps_per_block
from deeplab.training.history import Epoch, History
from deeplab.training.input_pipeline import (
    EpochOrder,
    Lookup,
    block_sizes,
    looked_up,
    single_batches,
    validation_batches,
)
from deeplab.training.losses import build_loss, class_weights
from deeplab.training.observer import Observer
from deeplab.training.seeds import seed_layers
from deeplab.training.targets import Targets


def fit(
    network: keras.Model,
    train: Split,
    validation: Split | None,
    targets: Targets,
    config: TrainingConfig,
    optimizer: Any,
    engine: Engine,
    seed: int,
    observers: Sequence[Observer] = (),
    resumed: Checkpoint | None = None,
    write: Callable[[Checkpoint], None] = lambda _: None,
    workshop: Workshop | None = None,
    likeness: Hashable = None,
    fresh_noise: bool = False,
) -> Checkpoint:
    """Train the weights of a network in place.

    Args:
        network: a plain model, not compiled; it stays so.
        train: rows to train on; their order in an epoch depends on (seed, epoch) alone.
        validation: rows to validate on after each epoch, or None.
        targets: what the network is to say of the rows.
        config: epochs, batch size, loss and what stops the training.
        optimizer: a Keras optimiser that has not been used.
        engine: how the steps are run; the rows, their order and the seeds are the same in each.
        seed: of the order of rows and of what layers draw.
        observers: told of every step and epoch, in this order.
        resumed: where to go on from, or None to begin.
        write: takes a checkpoint every `config.checkpoint_every` epochs.
        workshop: keeps compiled blocks from one training of this process to the next, or None.
        likeness: equal for trainings that can share them: they differ in nothing but their seed.
        fresh_noise: the rows to train on get another noise in each epoch.

    Returns:
        The state after the last epoch, the history of all epochs in it.

    Raises:
        RunError: the loss is no longer a number.
    """
    weights = class_weights(config, train.labels, targets.info.num_classes)
    look_up = Lookup(train, targets.of(train), weights, fresh_noise)
    order = EpochOrder(train, seed)
    steps = _steps_per_block(network, train, config.batch_size, engine)
    sizes = block_sizes(len(train), config.batch_size, steps)
    data = order.blocks(config.batch_size, sizes)

    def compiled(trainer: Any) -> Any:
        trainer.compile(
            optimizer=optimizer,
            loss=build_loss(config),
            metrics=targets.metrics(),
            jit_compile=False,  # blocks compile themselves; without blocks XLA gains nothing
        )
        trainer.optimizer.build(trainer.trainable_variables)
        return trainer

    trained = network
    # One iterator goes through all epochs where nothing is read ahead: to make one takes as long as a small epoch.
    is_endless = engine.kind == "compiled" and look_up.in_memory
    if engine.kind == "keras":
        # A second model over the same layers is compiled, so that the network itself stays plain and small to save.
        trainer = compiled(keras.Model(network.inputs, network.outputs, name=network.name))
        data = single_batches(data, look_up)
    else:
        unpack = look_up if look_up.in_memory else lambda *contents: contents

        def in_blocks(net: keras.Model) -> Any:
            return compiled(BlockModel(net, engine.xla, unpack))

        trainer = workshop.trainer(likeness, network, optimizer, in_blocks) if workshop else in_blocks(network)
        trained = trainer.network
        data = data.repeat() if is_endless else looked_up(data, look_up)
    loop = _Loop(trained, config.epochs, sizes, order, look_up, observers, resumed.history.epochs if resumed else ())
    stopping = _early_stopping(config)
    keeper = Keeper(loop.history, stopping, resumed, config.checkpoint_every, config.checkpoint_seconds, write)
    done = len(loop.epochs)
    try:
        trainer.fit(
            data,
            steps_per_epoch=len(sizes) if is_endless else None,
            validation_data=None
            if validation is None
            else validation_batches(validation, targets.of(validation), evaluation_batch(network)),
            initial_epoch=done,
            epochs=done if resumed and resumed.stopped else max(done, config.epochs),
            shuffle=False,  # the order is ours
            callbacks=[loop, *([] if stopping is None else [stopping]), keeper],
            verbose=0,
        )
    finally:
        if trained is not network:
            network.set_weights(trained.get_weights())
    assert keeper.last is not None
    return keeper.last


def check_fits(config: TrainingConfig, train: Split, validation: Split | None, targets: Targets) -> None:
    """Refuse settings that do not fit the rows or the task.

    Raises:
        UserError: a batch larger than the training set, weights for other classes, a wish that needs validation, a loss
            or a score that the task does not have.
    """
    _check_task(config, targets)
    class_weights(config, train.labels, targets.info.num_classes)
    if config.batch_size > len(train):
        raise UserError(
            f"training.batch_size: must be at most the number of training rows ({len(train)}), got {config.batch_size}."
        )
    if validation is None:
        for key in ("early_stopping_patience", "restore_best_weights"):
            if getattr(config, key):
                raise UserError(f"training.{key} looks at validation scores, but validation=none holds nothing out.")


def _check_task(config: TrainingConfig, targets: Targets) -> None:
    task = targets.task
    if config.loss not in TASKS[task].losses:
        allowed = " or ".join(TASKS[task].losses)
        raise UserError(f"training.loss: a network for {task} is trained with {allowed}, got {config.loss}.")
    if task != "classification":
        for key, given in (("class_weights", config.class_weights), ("label_smoothing", config.label_smoothing)):
            if given:
                raise UserError(f"training.{key} is for networks for classification; this one is for {task}.")
    if config.monitor == "accuracy" and (task == "reconstruction" or not targets.info.num_classes):
        raise UserError(f"training.monitor: there is no accuracy of a network for {task} on these rows; give loss.")


def _steps_per_block(network: keras.Model, train: Split, batch_size: int, engine: Engine) -> int:
    if engine.kind == "keras":
        return 1
    return steps_per_block(network.count_params(), train.x[0].nbytes, batch_size, len(train) // batch_size)


def _early_stopping(config: TrainingConfig) -> keras.callbacks.EarlyStopping | None:
    if config.early_stopping_patience is None and not config.restore_best_weights:
        return None
    return keras.callbacks.EarlyStopping(
        monitor=f"val_{config.monitor}",
        mode="min" if config.monitor == "loss" else "max",
        # Without a patience of its own it never stops and only remembers the best epoch.
        patience=config.early_stopping_patience or config.epochs + 1,
        restore_best_weights=config.restore_best_weights,
    )


class _Loop(keras.callbacks.Callback):
    """Sets the seeds of each epoch, measures its times, and turns Keras' logs into epochs of a history."""

    def __init__(
        self,
        network: keras.Model,
        epochs: int,
        block_sizes: Sequence[int],
        order: EpochOrder,
        look_up: Lookup,
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
        for observer in self.observers:
            observer.network_ready(self.network)
            observer.training_began(self.planned, sum(self.block_sizes))

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self.epoch, self.step = epoch, 0
        self.order.begin(epoch)
        self.look_up.begin(epoch)
        seed_layers(self.network, self.order.seed, epoch)
        self.began, self.trained = time.perf_counter(), 0.0

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
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
        self.trained = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        now = time.perf_counter()
        metrics = {_name(key): float(value) for key, value in (logs or {}).items()}
        metrics["time/epoch_seconds"] = now - self.began
        metrics["time/step_ms"] = 1000 * ((self.trained or now) - self.began) / self.step
        metrics["learning_rate"] = float(self.model.optimizer.learning_rate)
        self.epochs.append(Epoch(epoch + 1, metrics))
        for observer in self.observers:
            observer.epoch_ended(self.epochs[-1])


def _name(key: str) -> str:
    """Keras' `val_loss` and `loss` are our `val/loss` and `train/loss`."""
    return f"val/{key.removeprefix('val_')}" if key.startswith("val_") else f"train/{key}"
