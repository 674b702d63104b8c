"""What deeplab finds on a machine: versions, processors, data and store."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from deeplab import __version__
from deeplab.config.schema import ExperimentConfig
from deeplab.data.benchmarks import data_folders
from deeplab.errors import UserError
from deeplab.machine import cores
from deeplab.tracking.find import all_runs
from deeplab.tracking.location import locate_store, redact_password
from deeplab.tracking.store import open_store
from deeplab.training.runtime import load_keras

PACKAGES = ("tensorflow", "keras", "numpy", "mlflow", "hydra-core", "matplotlib")
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

    threads = tf.config.threading.get_intra_op_parallelism_threads() or cores()
    yield "CPU", f"{threads} threads"
    gpus = tf.config.list_physical_devices("GPU")
    for index, gpu in enumerate(gpus):
        yield f"GPU {index}", str(tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name))
    if not gpus:
        yield "GPU", f"none: {_why_no_gpu(tf.test.is_built_with_cuda())}"


def _why_no_gpu(with_cuda: bool) -> str:
    """The first thing that is missing on the way from a card to TensorFlow."""
    if not with_cuda:
        return "this TensorFlow is built without CUDA"
    if shutil.which("nvidia-smi") is None:
        return "no NVIDIA driver is installed (there is no nvidia-smi)"
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"nvidia-smi does not answer ({error})"
    if listed.returncode or not listed.stdout.strip():
        return f"the NVIDIA driver sees no card ({' '.join((listed.stderr or listed.stdout).split())})"
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return "CUDA_VISIBLE_DEVICES hides them"
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
