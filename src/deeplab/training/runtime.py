"""The process a network is trained in: device, threads, precision, determinism and the seeds of everything."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from deeplab.config.schema import TrainingConfig
from deeplab.errors import UserError
from deeplab.imports import load_keras
from deeplab.machine import cores
from deeplab.training.seeds import seed_process


@dataclass(frozen=True)
class Runtime:
    """What was chosen."""

    device: str  # `cpu`, or `gpu:0` and so on, or several as in `gpu:0,1`
    device_name: str  # the processor's name where TensorFlow tells it
    threads: int  # threads that one operation may use on the CPU
    deterministic: bool  # whether operations give the same result to the bit each time
    strategy: Any = None  # of several devices, a `tf.distribute.MirroredStrategy`; None of one

    def scope(self) -> AbstractContextManager[Any]:
        """Where what is made lies on all devices."""
        return nullcontext() if self.strategy is None else self.strategy.scope()


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
    deterministic = device.startswith("cpu") if config.deterministic is None else config.deterministic
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    seed_process(seed)
    return Runtime(device, device_name, threads, deterministic, _strategy(device) if "," in device else None)


@lru_cache(maxsize=1)  # what trainings of a process share lies on its devices
def _strategy(device: str) -> Any:
    import tensorflow as tf

    kind, _, numbers = device.partition(":")
    return tf.distribute.MirroredStrategy([f"{kind.upper()}:{index}" for index, _ in enumerate(numbers.split(","))])


def find_device(wanted: str) -> str:
    """What `training.device` means on this machine: `cpu`, `gpu:0` and so on, or several as in `gpu:0,1`.

    Raises:
        UserError: there is no such GPU.
    """
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if wanted.startswith("cpu") or (wanted == "auto" and not gpus):
        return "cpu" if wanted == "auto" else wanted
    numbers = [int(number) for number in wanted.partition(":")[2].split(",") if number] or [0]
    if max(numbers) >= len(gpus):
        there = f"TensorFlow sees {len(gpus)}" if gpus else "TensorFlow sees none"
        raise UserError(
            f"training.device={wanted}: there is no such GPU, {there}. "
            "Use training.device=cpu, or see 'deeplab doctor' for the reason."
        )
    return f"gpu:{','.join(map(str, numbers))}"


def one_of(device: str) -> str:
    """The first of several devices; what else `training.device` may be, as it is.

    Examples:
        >>> [one_of(device) for device in ("gpu:2,3", "cpu:0,1", "gpu:1", "auto")]
        ['gpu:2', 'cpu', 'gpu:1', 'auto']
    """
    return "cpu" if device.startswith("cpu") else device.partition(",")[0]


def _use_device(device: str, tf: Any) -> str:
    """Let TensorFlow see this device alone, or these; returns the names of GPUs where there are any."""
    kind, _, numbers = device.partition(":")
    count = len(numbers.split(","))
    if kind == "cpu":
        _set_once(lambda: tf.config.set_visible_devices([], "GPU"), "training.device")
        if count > 1:
            _set_once(lambda: _divide_cpu(count, tf), "training.device")
        return ""
    there = tf.config.list_physical_devices("GPU")
    gpus = [there[int(number)] for number in numbers.split(",")]

    def use_gpus() -> None:
        tf.config.set_visible_devices(gpus, "GPU")
        for gpu in gpus:
            # Others may share the card: take memory as it is needed.
            tf.config.experimental.set_memory_growth(gpu, True)

    _set_once(use_gpus, "training.device")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", "") for gpu in gpus]
    return ", ".join(filter(None, dict.fromkeys(map(str, names))))


def _divide_cpu(count: int, tf: Any) -> None:
    """Make several devices of the processor, which compute no faster: to try several devices out."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    if len(tf.config.get_logical_device_configuration(cpu) or ()) != count:
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)


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
