"""The optimisers a configuration can name."""

import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from deeplab.code.file import declared
from deeplab.config.schema import (
    ConstantConfig,
    CosineConfig,
    ExponentialConfig,
    InverseTimeConfig,
    MuonConfig,
    OptimizerConfig,
    OwnScheduleConfig,
    PiecewiseConfig,
    PlateauConfig,
    ScheduleConfig,
    TrainingConfig,
)
from deeplab.errors import UserError

OPTIMIZERS = {
    "sgd": "SGD",
    "rmsprop": "RMSprop",
    "adadelta": "Adadelta",
    "adam": "Adam",
    "adamw": "AdamW",
    "nadam": "Nadam",
    "lion": "Lion",
    "adafactor": "Adafactor",
    "muon": "Muon",
}


def build_optimizer(
    config: OptimizerConfig,
    schedule: ScheduleConfig,
    training: TrainingConfig,
    steps_per_epoch: int,
    output_layer: str = "",
) -> Any:
    """A Keras optimiser whose learning rate follows the schedule.

    Args:
        config: the optimiser.
        schedule: of its learning rate.
        training: the epochs, and how gradients are clipped and accumulated and weights averaged.
        steps_per_epoch: batches in an epoch, whether or not each is a step.
        output_layer: name of the layer that Muon leaves to AdamW, or "".

    Raises:
        UserError: a warm-up that is as long as the training.
    """
    import keras

    learning_rate = build_schedule(schedule, config.learning_rate, steps_per_epoch, training.epochs)
    arguments = optimizer_arguments(config, training, output_layer)
    return getattr(keras.optimizers, OPTIMIZERS[config.kind])(learning_rate=learning_rate, **arguments)


def optimizer_arguments(config: OptimizerConfig, training: TrainingConfig, output_layer: str = "") -> dict[str, Any]:
    """The arguments of a Keras optimiser but its learning rate; what is not asked for is left out.

    Args:
        config: the optimiser.
        training: how gradients are clipped and accumulated and weights averaged.
        output_layer: name of the layer that Muon leaves to AdamW, or "".
    """
    arguments = {key: value for key, value in asdict(config).items() if key not in ("kind", "learning_rate")}
    if isinstance(config, MuonConfig) and output_layer:
        arguments["exclude_layers"] = [rf"(^|/){re.escape(output_layer)}/"]
    clipping = {
        "clipnorm": training.clip_norm,
        "global_clipnorm": training.clip_global_norm,
        "clipvalue": training.clip_value,
    }
    arguments |= {key: value for key, value in clipping.items() if value is not None}
    if training.accumulate > 1:
        arguments["gradient_accumulation_steps"] = training.accumulate
    if training.ema is not None:
        arguments |= {"use_ema": True, "ema_momentum": training.ema}
    return arguments


def build_schedule(config: ScheduleConfig, learning_rate: float, steps_per_epoch: int, epochs: int) -> Any:
    """A Keras learning-rate schedule, or the plain number where it is constant.

    Args:
        config: the schedule; what it gives in epochs is turned into steps here.
        learning_rate: that of the optimizer.
        steps_per_epoch: batches in an epoch.
        epochs: length of the whole training.

    Raises:
        UserError: a warm-up that is as long as the training.
    """
    from keras.optimizers import schedules

    if isinstance(config, ConstantConfig | PlateauConfig):
        return learning_rate  # a plateau is seen, and the number changed, after an epoch
    if isinstance(config, OwnScheduleConfig):
        return _of_function(declared("schedule")[config.kind].value, learning_rate, steps_per_epoch, epochs)
    if isinstance(config, InverseTimeConfig):
        return schedules.InverseTimeDecay(learning_rate, config.decay_steps, config.decay_rate)
    if isinstance(config, ExponentialConfig):
        decay_steps = max(1, round(config.decay_epochs * steps_per_epoch))
        return schedules.ExponentialDecay(learning_rate, decay_steps, config.decay_rate)
    if isinstance(config, CosineConfig):
        warmup_steps = round(config.warmup_epochs * steps_per_epoch)
        if warmup_steps >= epochs * steps_per_epoch:
            raise UserError(
                f"schedule.warmup_epochs: must be less than training.epochs ({epochs}), got {config.warmup_epochs}."
            )
        return schedules.CosineDecay(
            0.0 if warmup_steps else learning_rate,
            epochs * steps_per_epoch - warmup_steps,
            alpha=config.final_factor,
            warmup_target=learning_rate if warmup_steps else None,
            warmup_steps=warmup_steps,
        )
    assert isinstance(config, PiecewiseConfig)
    return schedules.PiecewiseConstantDecay(
        [max(1, round(epoch * steps_per_epoch)) for epoch in config.boundary_epochs],
        [learning_rate * factor for factor in config.factors],
    )


def _of_function(function: Callable[[int, float], Any], learning_rate: float, steps_per_epoch: int, epochs: int) -> Any:
    """A schedule that has another learning rate in each epoch, those that a function gives; all are known before."""
    import numpy as np
    from keras import ops
    from keras.optimizers import schedules

    rates = []
    for epoch in range(epochs):
        rate = function(epoch, learning_rate)
        if not isinstance(rate, int | float | np.number) or not 0 <= rate < np.inf:
            raise UserError(
                f"schedule.kind={function.__name__}: must give a learning rate of at least 0, got {rate!r} "
                f"for epoch {epoch}."
            )
        rates.append(float(rate))
    table = np.array(rates, np.float32)

    class EachEpoch(schedules.LearningRateSchedule):  # type: ignore[misc]
        def __call__(self, step: Any) -> Any:
            epoch = ops.minimum(ops.cast(step, "int32") // steps_per_epoch, len(table) - 1)
            return ops.take(ops.convert_to_tensor(table), epoch)

        def get_config(self) -> dict[str, Any]:
            return {}

    return EachEpoch()
