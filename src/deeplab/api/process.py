"""A training in a process that a notebook may have set up: the same run as the command's, or a line why not."""

import logging
import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from deeplab.config.schema import TrainingConfig
from deeplab.errors import UserError
from deeplab.machine import cores

_CURE = "Undo it, or restart the kernel."
# What TensorFlow says of its optimizer where nobody has set anything.
_UNTOUCHED = {("disable_model_pruning", False), ("disable_meta_optimizer", False)}


@contextmanager
def as_in_its_own_process(training: TrainingConfig | None) -> Iterator[None]:
    """Refuse what would make another run of it; put the notebook's settings and random numbers back afterwards.

    What a training sets itself (precision, seeds, image format, determinism) may be as it is.

    Args:
        training: of the run; None where nothing is trained.

    Raises:
        UserError: Keras or TensorFlow is set up in a way that a training cannot change any more.
    """
    import numpy as np

    os.environ["KERAS_BACKEND"] = "tensorflow"
    if "keras" in sys.modules:
        _check_keras()
    if "tensorflow" in sys.modules:
        _check_tensorflow(training)
    settings = _keras_settings()
    log = logging.getLogger("tensorflow")
    level = log.level
    log.setLevel(logging.ERROR)  # how often a function is traced is nothing to those who train
    drawn = random.getstate(), np.random.get_state()  # noqa: NPY002  (the state that a training seeds)
    try:
        yield
    finally:
        log.setLevel(level)
        random.setstate(drawn[0])
        np.random.set_state(drawn[1])  # noqa: NPY002
        _restore(settings)


def _check_keras() -> None:
    import keras

    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise UserError(
            f"Keras computes with {backend} in this process, and deeplab needs TensorFlow: restart the kernel, and "
            "import deeplab before keras."
        )
    if keras.config.max_epochs() is not None or keras.config.max_steps_per_epoch() is not None:
        raise UserError(
            "keras.config.set_max_epochs or set_max_steps_per_epoch cuts every training of this process short. " + _CURE
        )


def _check_tensorflow(training: TrainingConfig | None) -> None:
    import tensorflow as tf

    if tf.config.functions_run_eagerly():
        raise UserError(f"tf.config.run_functions_eagerly(True) makes other graphs of all trainings here. {_CURE}")
    if tf.config.optimizer.get_jit() or tf.config.optimizer.get_experimental_options().items() - _UNTOUCHED:
        raise UserError(f"tf.config.optimizer is set, which makes other graphs of all trainings here. {_CURE}")
    have = tf.config.threading.get_intra_op_parallelism_threads()
    if training is not None and training.threads is None and have not in (0, cores()):
        raise UserError(
            f"TensorFlow is set to {have} of {cores()} threads in this process, and a training takes them all: "
            f"'training.threads={have}', or restart the kernel."
        )


def _keras_settings() -> dict[str, object]:
    """Keras' settings by the names of their setters; what Keras begins with where nobody has loaded it."""
    if "keras" not in sys.modules:
        return {"floatx": "float32", "dtype_policy": "float32"}
    import keras

    names = ("floatx", "epsilon", "image_data_format", "dtype_policy")
    return {name: getattr(keras.config, name)() for name in names}


def _restore(settings: dict[str, object]) -> None:
    if "keras" not in sys.modules:
        return
    import keras

    for name, value in settings.items():
        getattr(keras.config, f"set_{name}")(value)
