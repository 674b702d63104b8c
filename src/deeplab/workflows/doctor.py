"""What deeplab finds on a machine: versions, processors, data and store."""

import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from deeplab import __version__
from deeplab.config.schema import ExperimentConfig
from deeplab.data.benchmarks import data_folders
from deeplab.errors import UserError
from deeplab.imports import load_keras
from deeplab.machine import CARDS, CardsError, cards, cores, visible_cards
from deeplab.tracking.find import all_runs
from deeplab.tracking.location import locate_store, redact_password
from deeplab.tracking.store import open_store

PACKAGES = ("tensorflow", "keras", "numpy", "mlflow", "hydra-core", "matplotlib")
PRODUCT_SIZE = 1000
TF32_ROUNDING = 0.01  # of a product, as a share of the deviation of its numbers
CUDA = "tensorflow[and-cuda]>=2.21,<2.22"


def diagnose(config: ExperimentConfig) -> Iterator[tuple[str, str]]:
    """Pairs of a topic and what was found, in the order to be shown."""
    yield "python", f"{platform.python_version()} on {platform.platform(terse=True)}"
    yield "deeplab", __version__
    for package in PACKAGES:
        yield package, version(package)
    yield from _processors()
    yield from _data(config)
    yield from _store(config)


def _processors() -> Iterator[tuple[str, str]]:
    load_keras()
    import tensorflow as tf

    for gpu in tf.config.list_physical_devices("GPU"):
        with suppress(RuntimeError):  # this process has computed on it before
            tf.config.experimental.set_memory_growth(gpu, True)  # else all of its memory is taken while this runs
    threads = tf.config.threading.get_intra_op_parallelism_threads() or cores()
    yield "CPU", f"{threads} threads; {_product('CPU:0')}"
    with_cuda = tf.test.is_built_with_cuda()
    try:
        for index, card in enumerate(cards()):
            yield f"card {index}", f"{card.name}, {card.memory_mb} MB, {card.free_mb} MB free; driver {card.driver}"
        obstacle = _why_no_gpu(with_cuda)
    except CardsError as error:
        obstacle = str(error) if with_cuda else _why_no_gpu(with_cuda)
    if with_cuda:
        built = tf.sysconfig.get_build_info()
        yield "CUDA", _library(built["cuda_version"], "nvidia-cuda-runtime-cu{cuda}", "libcudart.so.{major}", built)
        yield "cuDNN", _library(built["cudnn_version"], "nvidia-cudnn-cu{cuda}", "libcudnn.so.{major}", built)
    gpus = tf.config.list_physical_devices("GPU")
    for index, gpu in enumerate(gpus):
        name = tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
        yield f"GPU {index}", f"{name}; {_product(f'GPU:{index}')}"
    if not gpus:
        yield "GPU", f"none: {obstacle}"


def _product(device: str) -> str:
    """Try a matrix product on a device of TensorFlow's, and say how it went."""
    import numpy as np
    import tensorflow as tf

    one, other = np.random.default_rng(0).normal(size=(2, PRODUCT_SIZE, PRODUCT_SIZE)).astype(np.float32)
    what = f"a product of {PRODUCT_SIZE:,} x {PRODUCT_SIZE:,}"
    elsewhere = tf.config.get_soft_device_placement()
    tf.config.set_soft_device_placement(False)  # else it is computed where it can be
    try:
        with tf.device(device):
            given = tf.matmul(one, other).numpy()
            began = time.perf_counter()
            tf.matmul(one, other).numpy()
            seconds = time.perf_counter() - began
    except (tf.errors.OpError, RuntimeError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        return f"{what} fails: {reason[:200]}"
    finally:
        tf.config.set_soft_device_placement(elsewhere)
    # A card may shorten the factors to 10 bits (TF32).
    apart = float(np.max(np.abs(given - one @ other))) / PRODUCT_SIZE**0.5
    return (
        f"{what} in {1000 * seconds:.1f} ms" if apart < TF32_ROUNDING else f"{what} is wrong, by {apart:.2g} deviations"
    )


def _library(wanted: str, package: str, file: str, built: Mapping[str, str]) -> str:
    """Which version of a library TensorFlow was built with, and which there is, as a package or of the system."""
    majors = {"cuda": built["cuda_version"].partition(".")[0], "major": wanted.partition(".")[0]}
    try:
        found = f"{version(package.format(**majors))} found ({package.format(**majors)})"
    except PackageNotFoundError:
        import ctypes

        try:
            ctypes.CDLL(file.format(**majors))
            found = f"{file.format(**majors)} of the system found"
        except OSError:
            found = "none found"
    return f"{wanted} wanted, {found}"


def _why_no_gpu(with_cuda: bool) -> str:
    """The first thing that is missing on the way from cards that there are to TensorFlow."""
    if not with_cuda:
        return "this TensorFlow is built without CUDA"
    if not visible_cards():
        return f"{CARDS} hides them"
    try:
        version("nvidia-cudnn-cu12")
    except PackageNotFoundError:
        return f"the CUDA libraries are missing; install them with: pip install '{CUDA}'"
    return "TensorFlow cannot load the CUDA libraries; TF_CPP_MIN_LOG_LEVEL=0 deeplab doctor shows its reasons"


def _data(config: ExperimentConfig) -> Iterator[tuple[str, str]]:
    try:
        folders = data_folders(getattr(config.dataset, "data_dir", None))
    except UserError as error:
        yield "data", str(error)
        return
    for folder in folders:
        yield "data", f"{folder}: {_contents(folder)}"


def _contents(folder: Path) -> str:
    try:
        if not folder.is_dir():
            return "not there"
        archives = sorted(path for path in folder.glob("*.npz") if path.is_file())
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return ", ".join(f"{path.name} ({path.stat().st_size / 1e6:.1f} MB)" for path in archives) or "no .npz files"


def _store(config: ExperimentConfig) -> Iterator[tuple[str, str]]:
    try:
        place = locate_store(config.tracking.uri)
        if place.database is not None and not place.database.exists():
            yield "store", f"{redact_password(place.uri)}: made by the first run"
            return
        store = open_store(config.tracking)
    except UserError as error:
        yield "store", str(error)
        return
    count = len(all_runs(store))
    runs = f"{count:,} run{'' if count == 1 else 's'}"
    yield "store", f"{redact_password(place.uri)}: {runs} in experiment {config.tracking.experiment}"
