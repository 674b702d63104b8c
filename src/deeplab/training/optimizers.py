"""The optimisers a configuration can name."""

from dataclasses import asdict
from typing import Any

from deeplab.config.schema import OptimizerConfig, ScheduleConfig
from deeplab.training.schedules import build_schedule

OPTIMIZERS = {"sgd": "SGD", "rmsprop": "RMSprop", "adadelta": "Adadelta", "adam": "Adam", "adamw": "AdamW"}


def build_optimizer(config: OptimizerConfig, schedule: ScheduleConfig, steps_per_epoch: int, epochs: int) -> Any:
    """A Keras optimiser whose learning rate follows the schedule."""
    import keras

    arguments = asdict(config)
    kind = arguments.pop("kind")
    learning_rate = build_schedule(schedule, arguments.pop("learning_rate"), steps_per_epoch, epochs)
    return getattr(keras.optimizers, OPTIMIZERS[kind])(learning_rate=learning_rate, **arguments)
