"""The process a network is trained in: device, threads, precision, determinism and the seeds of everything."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from deeplab.config.schema import TrainingConfig
from deeplab.errors import UserError
from deeplab.imports import load
from deeplab.machine import cores
from deeplab.training.seeds import seed_process

# Keras imports these where it finds them, for wrappers and galleries that nothing here uses: a third of its seconds.
_OF_NO_USE = ("sklearn", "matplotlib")


@dataclass(frozen=True)
class Runtime:
    """What was chosen."""

    device: str  # `cpu`, or `gpu:0` and so on
    device_name: str  # the processor's name where TensorFlow tells it
    threads: int  # threads that one operation may use on the CPU
    deterministic: bool  # whether operations give the same result to the bit each time


def prepare_runtime(config: TrainingConfig, seed: int) -> Runtime:
    """Set up TensorFlow for one training; device and threads can be set once in a process.

    Raises:
        UserError: the device is not there, or the process is already set up otherwise.
    """
    load_keras()
    import keras
    import tensorflow as tf

    # A person's own keras.json must not change what a configuration means.
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    device = find_device(config.device)
    device_name = _use_device(device, tf)
    threads = _set_threads(config.threads, tf)
    keras.mixed_precision.set_global_policy(config.precision)
    deterministic = device == "cpu" if config.deterministic is None else config.deterministic
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    seed_process(seed)
    return Runtime(device, device_name, threads, deterministic)


def load_keras() -> None:
    """Import TensorFlow and Keras: without a word of theirs, and without packages that Keras can do without."""
    if "keras" in sys.modules:
        return
    hidden: dict[str, Any] = {name: None for name in _OF_NO_USE if name not in sys.modules}
    sys.modules.update(hidden)  # an import of None fails as that of a package that is not there
    try:
        with quiet_import():
            load("keras")
    finally:
        for name in hidden:
            del sys.modules[name]


@contextmanager
def quiet_import() -> Iterator[None]:
    """Keep what TensorFlow's libraries write while they are loaded off the screen.

    No setting reaches these lines: they are written before the log is set up. An import that fails raises as ever.
    Afterwards TensorFlow's log tells errors only: how often a function is traced is nothing to those who train.
    """
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)


def find_device(wanted: str) -> str:
    """What `training.device` means on this machine: `cpu`, or `gpu:0` and so on.

    Raises:
        UserError: there is no such GPU.
    """
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if wanted == "cpu" or (wanted == "auto" and not gpus):
        return "cpu"
    index = int(wanted.partition(":")[2] or 0)
    if index >= len(gpus):
        there = f"TensorFlow sees {len(gpus)}" if gpus else "TensorFlow sees none"
        raise UserError(
            f"training.device={wanted}: there is no such GPU, {there}. "
            "Use training.device=cpu, or see 'deeplab doctor' for the reason."
        )
    return f"gpu:{index}"


def _use_device(device: str, tf: Any) -> str:
    """Let TensorFlow see this device alone; returns its name where there is one."""
    if device == "cpu":
        _set_once(lambda: tf.config.set_visible_devices([], "GPU"), "training.device")
        return ""
    gpu = tf.config.list_physical_devices("GPU")[int(device.partition(":")[2])]

    def use_gpu() -> None:
        tf.config.set_visible_devices([gpu], "GPU")
        # Others may share the card: take memory as it is needed.
        tf.config.experimental.set_memory_growth(gpu, True)

    _set_once(use_gpu, "training.device")
    return str(tf.config.experimental.get_device_details(gpu).get("device_name", ""))


def _set_threads(wanted: int | None, tf: Any) -> int:
    threading = tf.config.threading
    if wanted is None:
        return threading.get_intra_op_parallelism_threads() or cores()
    if threading.get_intra_op_parallelism_threads() != wanted:
        _set_once(lambda: threading.set_intra_op_parallelism_threads(wanted), "training.threads")
        _set_once(lambda: threading.set_inter_op_parallelism_threads(wanted), "training.threads")
    return wanted


def _set_once(change: Any, key: str) -> None:
    try:
        change()
    except RuntimeError as error:
        raise UserError(f"{key} cannot change in a process that has already computed ({error}).") from error
